"""Files of a dataset repository on the Hugging Face hub, at one commit.

A complete copy in the local hub cache serves without network; otherwise one quick request asks
whether the hub answers before anything is downloaded. HF_ENDPOINT, HF_HUB_OFFLINE, HF_HOME and
HF_TOKEN mean what they mean to huggingface_hub.
"""

from dataclasses import dataclass
from fnmatch import fnmatchcase as fnmatch
from pathlib import Path

from ultrainteract.errors import SeedError
from ultrainteract.seeds.registry import Hub

ANSWER_SECONDS = 5.0
_BUSY = (408, 429)
_SERVER_ERROR = 500


class Unreachable(Exception):
    """The hub does not answer and the cache holds no complete copy; the message says why."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files of one commit, by name; `revision` is its full hash."""

    files: tuple[Path, ...]
    revision: str


def fetch(hub: Hub, revision: str = "") -> Snapshot:
    """The files of `hub` at `revision` (else its own, else the newest of `main`).

    Raises `Unreachable`, or `SeedError` where the hub answers that there is nothing to be had.
    """
    revision = revision or hub.revision
    if revision and (kept := _cached(hub, revision)):
        return kept
    try:
        return _snapshot(hub, _download(hub, revision))
    except Unreachable:
        if not revision and (kept := _cached(hub, "main")):
            return kept
        raise


def _download(hub: Hub, revision: str) -> Path:
    # Here, not above: the hub's client takes long to load, and most commands ask no hub.
    from huggingface_hub import HfApi, constants, errors, snapshot_download  # noqa: PLC0415

    # The HTTP library of this version of the hub's client, under its lasting name.
    from huggingface_hub.utils import httpx  # type: ignore[attr-defined]  # noqa: PLC0415

    lost = (errors.LocalEntryNotFoundError, errors.XetDownloadError, httpx.HTTPError)
    where = f"dataset {hub.id!r} at revision {revision or 'main'!r}"
    try:
        HfApi().dataset_info(hub.id, revision=revision or None, timeout=ANSWER_SECONDS)
        folder = snapshot_download(
            hub.id, repo_type="dataset", revision=revision or None, allow_patterns=list(hub.files)
        )
    except errors.HfHubHTTPError as error:
        status = error.response.status_code
        if status >= _SERVER_ERROR or status in _BUSY:
            raise Unreachable(f"{type(error).__name__}: {error}") from error
        remedy = "pass --source FILE, or set HF_TOKEN if it is gated"
        raise SeedError(f"the hub refuses {where}: {error}; {remedy}") from error
    except (*lost, ConnectionError, TimeoutError) as error:
        raise Unreachable(f"{type(error).__name__}: {error}") from error
    except OSError as error:
        # No space, no permission: the hub is not to blame, so no sample takes its place.
        remedy = "set HF_HOME to a folder with space"
        raise SeedError(
            f"cannot keep {where} in {constants.HF_HUB_CACHE}: {error}; {remedy}"
        ) from error
    return Path(folder)


def _cached(hub: Hub, revision: str) -> Snapshot | None:
    from huggingface_hub import errors, get_cached_repo_tree, snapshot_download  # noqa: PLC0415

    # Other programs leave partial copies: only a cached listing of the commit proves all is there.
    try:
        get_cached_repo_tree(hub.id, repo_type="dataset", revision=revision)
        folder = snapshot_download(
            hub.id,
            repo_type="dataset",
            revision=revision,
            allow_patterns=list(hub.files),
            local_files_only=True,
        )
    except (errors.CachedRepoTreeNotFoundError, errors.LocalEntryNotFoundError):
        return None
    return _snapshot(hub, Path(folder))


def _snapshot(hub: Hub, folder: Path) -> Snapshot:
    files = [
        file
        for file in sorted(folder.rglob("*"))
        if any(fnmatch(file.relative_to(folder).as_posix(), pattern) for pattern in hub.files)
    ]
    if not files:
        raise SeedError(
            f"dataset {hub.id!r} at commit {folder.name} has no file like "
            f"{' or '.join(hub.files)}; pass --source FILE"
        )
    return Snapshot(tuple(files), folder.name)
