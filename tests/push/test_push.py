"""What a push shows is what it sends, once, and only to where it may."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from huggingface_hub import HfApi, constants
from typer.testing import CliRunner

from tests.layers.conftest import Erring, grow_run, instructions
from tests.push.conftest import publish_again
from tests.push.hub import Hub, Repository, Trouble
from ultrainteract.cli.main import application
from ultrainteract.errors import PushError
from ultrainteract.journal import End, Journal
from ultrainteract.push import hub as client
from ultrainteract.types import StopReason

# Of the hub's client, for the HTTP library that it uses.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
NAME = "someone/trees"


def push(run: Path, *words: str) -> str:
    """What the command says. Raises what it raises."""
    done = CliRunner().invoke(application({"push"}), ["push", str(run), NAME, *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def content(run: Path) -> dict[str, bytes]:
    folder = run / "dataset"
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def uploaded(hub: Hub) -> dict[str, bytes]:
    files = hub.repositories[NAME].files
    return {name: data for name, data in files.items() if name != ".gitattributes"}


def test_a_dry_run_shows_every_file_and_the_card_without_token_or_network(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.delenv("HF_TOKEN", raising=False)
    shown = push(run, "--dry-run")
    for name, data in content(run).items():
        assert f"{len(data):>14,}  {hashlib.sha256(data).hexdigest()}  {name}" in shown
    assert f"{NAME} (dataset), private" in shown
    assert "not known whether it exists" in shown
    assert "license" in shown
    assert "(dataset), public" in push(run, "--dry-run", "--public")


def test_a_dry_run_sends_nothing_and_sees_what_is_there(run: Path, hub: Hub) -> None:
    assert "does not exist" in push(run, "--dry-run")
    hub.repositories[NAME] = Repository(private=True)
    assert "exists, private, 0 files" in push(run, "--dry-run")
    assert {method for method, _ in hub.seen} <= {"GET", "HEAD"}
    assert not any(hub.bodies)


def test_a_push_is_the_dataset_in_one_commit_private_and_the_same_again_is_none(
    run: Path, hub: Hub
) -> None:
    said = push(run)
    assert uploaded(hub) == content(run)
    assert hub.repositories[NAME].private
    assert f"{hub.url}/datasets/{NAME}/commit/" in said
    assert hub.repositories[NAME].commits == 2
    push(run)
    assert hub.repositories[NAME].commits == 2


def test_public_is_asked_for_and_never_changed_by_a_push(run: Path, hub: Hub) -> None:
    push(run, "--public")
    assert not hub.repositories[NAME].private
    with pytest.raises(PushError, match="exists and is public"):
        push(run)


def test_what_is_no_more_in_the_dataset_goes_from_the_hub(run: Path, hub: Hub) -> None:
    push(run)
    hub.repositories[NAME].files["data/old.parquet"] = b"old"
    push(run)
    assert uploaded(hub) == content(run)


@pytest.mark.parametrize("path", ["create", "preupload", "objects/batch", "/store/", "commit"])
@pytest.mark.parametrize("status", [0, 500, 503])
def test_trouble_that_passes_is_not_noticed(
    path: str, status: int, run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.troubles = [Trouble(path, status)]
    push(run)
    assert uploaded(hub) == content(run)
    assert hub.repositories[NAME].commits == 2


@pytest.mark.parametrize("status", [0, 503])
def test_a_file_that_was_cut_off_is_sent_again_whole(
    status: int, run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    # More than the buffers of a connection hold.
    noise = random.Random(0).randbytes(2**24)
    pq.write_table(pa.table({"noise": [noise]}), run / "dataset/large.parquet")
    hub.troubles = [Trouble("/store/", status, times=2, halfway=True)]
    push(run)
    assert uploaded(hub) == content(run)
    assert hub.repositories[NAME].commits == 2


def test_a_commit_whose_answer_is_lost_is_made_once(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.troubles = [Trouble("commit", 0, after=True)]
    push(run)
    assert uploaded(hub) == content(run)
    assert hub.repositories[NAME].commits == 2


def test_an_upload_that_was_interrupted_goes_on_where_it_stopped(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_ATTEMPTS", 1)
    hub.troubles = [Trouble("/commit/", 0)]
    with pytest.raises(PushError, match="same command goes on"):
        push(run)
    sent = sum(method == "PUT" for method, _ in hub.seen)
    assert sent
    push(run)
    assert sum(method == "PUT" for method, _ in hub.seen) == sent, "content was sent again"
    assert uploaded(hub) == content(run)


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("create", 401, "does not know the token"),
        ("create", 403, f"may not write to {NAME}"),
        ("commit", 403, f"may not write to {NAME}"),
        ("/store/", 401, "does not know the token"),
        ("/store/", 403, f"may not write to {NAME}"),
        ("preupload", 404, "is gone, or the token may not see it"),
        ("commit", 404, "is gone, or the token may not see it"),
        ("commit", 409, "taken, or was changed meanwhile"),
        ("commit", 429, "rate limit.* in 1 s"),
        ("commit", 418, r"refuses \(HTTP 418"),
    ],
)
def test_what_the_hub_refuses_is_said_in_words(
    path: str, status: int, said: str, run: Path, hub: Hub
) -> None:
    hub.troubles = [Trouble(path, status, times=9)]
    with pytest.raises(PushError, match=said) as refused:
        push(run)
    assert "hf_" not in str(refused.value)


@pytest.mark.parametrize("error", [RuntimeError, PermissionError])
def test_what_the_store_of_chunks_raises_is_said_in_words(
    error: type[Exception], run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kinds of its binary client's errors, to which no server of the tests speaks."""

    def fails(*_: object, **__: object) -> None:
        raise error("its token is stale")

    monkeypatch.setattr(HfApi, "create_commit", fails)
    with pytest.raises(PushError, match=f"{error.__name__}: its token is stale.*goes on"):
        push(run)


def test_without_a_token_a_network_or_a_known_token_it_is_said(
    run: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "wrong9" * 6)
    with pytest.raises(PushError, match="does not know the token"):
        push(run)
    monkeypatch.setattr(client, "_ATTEMPTS", 1)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PushError, match="the hub does not answer"):
        push(run)
    monkeypatch.setattr(client, "get_token", lambda: None)
    with pytest.raises(PushError, match="no token"):
        push(run)


def test_a_name_that_is_taken_or_is_none_is_refused(run: Path, hub: Hub) -> None:
    hub.repositories[NAME] = Repository(private=True, files={"train.csv": b"theirs"})
    with pytest.raises(PushError, match="is taken"):
        push(run)
    assert hub.repositories[NAME].files == {"train.csv": b"theirs"}
    for name in ("trees", "a/b/c", "some one/trees", "x/.."):
        done = CliRunner().invoke(application({"push"}), ["push", str(run), name])
        assert isinstance(done.exception, PushError), name


def unpublished(run: Path) -> None:
    (run / "dataset/run.yaml").unlink()


def reopened(run: Path) -> None:
    journal = Journal(run)
    journal.reopen([next(iter(journal.ended()))])
    journal.close()


def otherwise_ended(run: Path) -> None:
    journal = Journal(run)
    journal.record([], {next(iter(journal.ended())): End(StopReason.NO_TESTS, 0)})
    journal.close()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (unpublished, "there is no dataset"),
        (reopened, "1 of 4 trees have not ended"),
        (otherwise_ended, "older than the journal"),
    ],
)
def test_what_is_absent_unfinished_or_outdated_is_refused(
    change: Callable[[Path], None], said: str, run: Path, hub: Hub
) -> None:
    change(run)
    with pytest.raises(PushError, match=said):
        push(run)
    assert not hub.seen


def test_an_unfinished_run_goes_where_it_is_wanted_and_its_dataset_is_of_now(
    run: Path, hub: Hub
) -> None:
    reopened(run)
    with pytest.raises(PushError, match="older than the journal"):
        push(run, "--unfinished")
    publish_again(run)
    push(run, "--unfinished")
    assert uploaded(hub) == content(run)


def test_growing_more_makes_it_outdated(run: Path, tmp_path: Path, hub: Hub) -> None:
    more = grow_run(tmp_path / "more", instructions(5), Erring)
    (more / "journal.sqlite").replace(run / "journal.sqlite")
    with pytest.raises(PushError, match="older"):
        push(run)
