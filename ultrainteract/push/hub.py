"""The hub's side: what is there, and one commit that makes it the dataset.

Every step may be repeated: content that arrived is not sent again, and a commit that changes
nothing is none. So an upload that was interrupted goes on with the same command.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, get_token
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

# The HTTP library of this version of the hub's client, under its lasting name.
from huggingface_hub.utils import httpx, validate_repo_id  # type: ignore[attr-defined]
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from ultrainteract.errors import PushError
from ultrainteract.push.parcel import CARD, MARK, Parcel

_LOST = (httpx.HTTPError, ConnectionError, TimeoutError)
_ATTEMPTS = 4
_LOOK_SECONDS = 5.0
_UNAUTHORISED, _BROKEN = 401, 500
# What the hub itself puts into a new repository.
_OF_THE_HUB = {".gitattributes", CARD}


@dataclass(frozen=True, slots=True)
class There:
    """A repository that exists: its newest commit, its files."""

    private: bool
    commit: str
    files: frozenset[str]


def refuse_name(repository: str) -> None:
    """Raises `PushError` for what is no `owner/name`."""
    with _named(repository):
        validate_repo_id(repository)
    if repository.count("/") != 1:
        raise PushError(f"{repository!r} is no repository: OWNER/NAME is wanted")


def look(repository: str) -> str:
    """What is known of the repository without sending anything, in words."""
    try:
        there = _there(HfApi(), repository, _LOOK_SECONDS)
    except (HfHubHTTPError, *_LOST):
        return "not known whether it exists: the hub did not answer"
    if there is None:
        return "does not exist, or is not yours to see"
    return f"exists, {'private' if there.private else 'public'}, {len(there.files)} files"


def upload(parcel: Parcel, repository: str, message: str, *, private: bool) -> str:
    """Make the repository where there is none, and the parcel its content, in one commit.

    Returns the commit's address. Raises `PushError`.
    """
    if not get_token():
        raise PushError(
            "there is no token for the hub: set HF_TOKEN, or log in with `hf auth login`; the "
            "token needs the right to write"
        )
    api = HfApi(library_name="ultrainteract")
    with _named(repository):
        for attempt in Retrying(
            retry=retry_if_exception(_passes),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_exponential(max=8),
            reraise=True,
        ):
            with attempt:
                return _upload(api, parcel, repository, message, private=private)
    raise AssertionError("an attempt returns or raises")


def _upload(api: HfApi, parcel: Parcel, repository: str, message: str, *, private: bool) -> str:
    there = _there(api, repository)
    if there is None:
        api.create_repo(repository, repo_type="dataset", private=private, exist_ok=True)
        there = _there(api, repository)
    if there is None:
        raise PushError(f"{repository} was made, and the hub does not show it: try again later")
    _refuse_other(there, repository, private=private)
    names = {one.name for one in parcel.items}
    gone = sorted(there.files - names - _OF_THE_HUB)
    done = api.create_commit(
        repository,
        [
            *(CommitOperationAdd(one.name, one.path) for one in parcel.items),
            *(CommitOperationDelete(name, is_folder=False) for name in gone),
        ],
        repo_type="dataset",
        commit_message=message,
        parent_commit=there.commit,
    )
    return str(done.commit_url)


def _there(api: HfApi, repository: str, seconds: float | None = None) -> There | None:
    try:
        found = api.dataset_info(repository, timeout=seconds)
    except RepositoryNotFoundError as error:
        if error.response.status_code == _UNAUTHORISED and get_token() and seconds is None:
            _refuse_bad_token(api)
        return None
    files = frozenset(one.rfilename for one in found.siblings or ())
    return There(bool(found.private), str(found.sha), files)


def _refuse_bad_token(api: HfApi) -> None:
    """The hub answers 401 alike for what does not exist and to a token that it does not know."""
    api.whoami()


def _refuse_other(there: There, repository: str, *, private: bool) -> None:
    if there.files - _OF_THE_HUB and MARK not in there.files:
        raise PushError(
            f"{repository} is taken: it holds {len(there.files)} files and no {MARK} of an earlier "
            "push. Choose another name"
        )
    if there.private != private:
        now, flag = ("private", "leave out --public") if there.private else ("public", "--public")
        raise PushError(
            f"{repository} exists and is {now}: say so ({flag}), or change it in its settings on "
            "the hub"
        )


def _passes(error: BaseException) -> bool:
    """Whether the same may succeed in a while."""
    if isinstance(error, RuntimeError) and error.__cause__:
        return _passes(error.__cause__)
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code >= _BROKEN
    return isinstance(error, _LOST) and not isinstance(error, OfflineModeIsEnabled)


@contextlib.contextmanager
def _named(repository: str) -> Iterator[None]:
    """What goes wrong with the hub, in words that say what to do."""
    try:
        yield
    except HFValidationError as error:
        raise PushError(f"{repository!r} is no repository's name: {error}") from error
    except OfflineModeIsEnabled as error:
        raise PushError("there is no network: HF_HUB_OFFLINE is set") from error
    except HfHubHTTPError as error:
        raise PushError(_words(error, repository)) from error
    except RuntimeError as error:
        raise PushError(_of_a_file(error, repository)) from error
    except _LOST as error:
        raise PushError(
            f"the hub does not answer ({type(error).__name__}: {error}): look at the network "
            "(HTTPS_PROXY, HF_ENDPOINT). The same command goes on where this one stopped"
        ) from error
    except OSError as error:
        raise PushError(_failed(error)) from error
    except ValueError as error:
        raise PushError(f"the hub does not take the dataset: {error}") from error


def _of_a_file(error: RuntimeError, repository: str) -> str:
    """The hub's client wraps what went wrong with a file; its store of chunks says it plainly."""
    cause = error.__cause__
    if cause is None:
        return _failed(error)
    if isinstance(cause, HfHubHTTPError):
        return f"{error} {_words(cause, repository)}"
    return f"{error} {type(cause).__name__}: {cause}. The same command goes on where this stopped"


def _failed(error: Exception) -> str:
    said = f"{type(error).__name__}: {error}"
    return f"the hub's client failed ({said}). The same command goes on where this one stopped"


def _words(error: HfHubHTTPError, repository: str) -> str:
    status = error.response.status_code
    said = error.server_message or error.response.reason_phrase
    match status:
        case 401:
            return (
                f"the hub does not know the token ({said}): make another, with the right to write"
            )
        case 403:
            return f"the token may not write to {repository} ({said}): whose it is, and its scope?"
        case 404:
            return f"{repository} is gone, or the token may not see it ({said}): look at the hub"
        case 409 | 412:
            return f"{repository} is taken, or was changed meanwhile ({said}): the same again"
        case 429:
            wait = error.response.headers.get("Retry-After", "")
            hint = f"in {wait} s" if wait else "later"
            return f"the hub takes no more for now (rate limit: {said}): the same command {hint}"
    words = "is broken" if status >= _BROKEN else "refuses"
    return (
        f"the hub {words} (HTTP {status}: {said}). The same command goes on where this one stopped"
    )
