"""The hub, spoken by a small server in its own terms: commits, files, refusals, silence.

Each load runs in its own process, as huggingface_hub reads its settings at import.
"""

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PIN = "740312add88f781978c0658806c59bc2815b9866"
NEWEST = "0123456789abcdef0123456789abcdef01234567"
LOAD = """
import json, sys
from ultrainteract.errors import UserError
from ultrainteract.seeds import Provenance, hub, load
hub.ANSWER_SECONDS = 120
name, source, recorded = json.loads(sys.argv[1])
try:
    loaded = load(name, source=source, recorded=Provenance(**recorded) if recorded else None)
    made = loaded.provenance
    fields = {key: getattr(made, key) for key in Provenance.__slots__}
    print(json.dumps([fields, [one.reference.answer for one in loaded.problems]]))
except UserError as error:
    print(json.dumps([type(error).__name__, str(error)]))
"""


class Handler(BaseHTTPRequestHandler):
    """Serves `server.folder` as every dataset at its newest commit, or `server.status` alone."""

    server: "Server"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if self.server.status:
            self._send(b"", self.server.status)
        elif path.startswith("/api/datasets/") and "/tree/" in path:
            entries = [
                {"type": "file", "path": name, "size": len(content), "oid": f"{size:040x}"}
                for size, (name, content) in enumerate(self._files().items())
            ]
            self._send(json.dumps(entries).encode())
        elif path.startswith("/api/datasets/"):
            sha = path.rpartition("/revision/")[2] if "/revision/" in path else "main"
            sha = NEWEST if sha == "main" else sha
            self._send(json.dumps({"id": "any/thing", "sha": sha, "siblings": []}).encode())
        elif "/resolve/" not in path:
            self._send(b"", 404)
        else:
            commit, name = path.partition("/resolve/")[2].split("/", 1)
            content = self._files()[name]
            tag = hashlib.sha256(content).hexdigest()
            self._send(content, headers={"ETag": f'"{tag}"', "X-Repo-Commit": commit})

    def do_HEAD(self) -> None:
        self.do_GET()

    def _files(self) -> dict[str, bytes]:
        folder = self.server.folder
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    def _send(
        self, content: bytes, status: int = 200, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Says nothing: `asked` keeps what was asked."""


class Server(ThreadingHTTPServer):
    """A hub with the files of one folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder, self.status = folder, 0
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Server]:
    files = tmp_path / "repository"
    math = [{"problem": f"{n}?", "solution": rf"\boxed{{{n}}}"} for n in range(4)]
    for name, rows in {
        "algebra/train-00000-of-00001": math[:2],
        "geometry/train-00000-of-00001": math[2:],
        "geometry/test-00000-of-00001": [{"problem": "t?", "solution": r"\boxed{99}"}],
        "main/train-00000-of-00001": [{"question": "q?", "answer": "#### 5"}],
        "socratic/train-00000-of-00001": [{"question": "s?", "answer": "#### 6"}],
    }.items():
        (files / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), files / f"{name}.parquet")
    with Server(files) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def load(
    home: Path,
    endpoint: str,
    name: str,
    source: str = "",
    recorded: dict[str, str] | None = None,
    **environment: str,
) -> list[object]:
    """What the seed gives in a fresh process: [provenance, answers], or [error, message]."""
    # Other tests of this process may have put the hub out of reach.
    hub = {"HF_HOME": str(home), "HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": "0"}
    # A machine with other work is no hub that cannot be reached.
    hub |= {"HF_HUB_ETAG_TIMEOUT": "120", "HF_HUB_DOWNLOAD_TIMEOUT": "120"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD, json.dumps([name, source, recorded])],
        env={**os.environ, **hub, **environment},
        capture_output=True,
        text=True,
        timeout=280,
        check=True,
    )
    result: list[object] = json.loads(done.stdout)
    return result


def source_of(result: list[object]) -> dict[str, str]:
    assert isinstance(result[0], dict), result
    return result[0]


def test_pinned_dataset_is_asked_at_its_pin_and_only_for_its_files(
    hub: Server, tmp_path: Path
) -> None:
    result = load(tmp_path / "home", hub.url, "gsm8k")
    made = source_of(result)
    assert result[1] == ["5"]
    assert (made["kind"], made["id"], made["revision"]) == ("hub", "openai/gsm8k", PIN)
    assert (made["licence"], made["notice"]) == ("mit", "")
    asked = [path for path in hub.asked if "openai/gsm8k" in path]
    assert asked[0] == f"/api/datasets/openai/gsm8k/revision/{PIN}"
    assert {path for path in asked if "/resolve/" in path} == {
        f"/datasets/openai/gsm8k/resolve/{PIN}/main/train-00000-of-00001.parquet"
    }


def test_unpinned_dataset_reports_the_commit_it_was_resolved_to(
    hub: Server, tmp_path: Path
) -> None:
    result = load(tmp_path / "home", hub.url, "math")
    assert source_of(result)["revision"] == NEWEST
    assert result[1] == ["0", "1", "2", "3"]


def test_recorded_commit_is_read_again_without_network(hub: Server, tmp_path: Path) -> None:
    first = load(tmp_path / "home", hub.url, "math")
    hub.status = 500
    asked = len(hub.asked)
    again = load(tmp_path / "home", hub.url, "math", recorded=source_of(first))
    offline = load(tmp_path / "home", hub.url, "math", HF_HUB_OFFLINE="1")
    assert first == again == offline
    assert len(hub.asked) == asked


def test_cache_with_a_part_of_the_files_counts_as_none(hub: Server, tmp_path: Path) -> None:
    load(tmp_path / "home", hub.url, "math")
    (cached,) = (tmp_path / "home").rglob("geometry/train-*.parquet")
    cached.unlink()
    result = load(tmp_path / "home", hub.url, "math", HF_HUB_OFFLINE="1")
    assert source_of(result)["kind"] == "sample"


@pytest.mark.parametrize("offline", ["0", "1"])
def test_unreachable_hub_gives_the_sample_with_a_notice(tmp_path: Path, offline: str) -> None:
    result = load(tmp_path, "http://127.0.0.1:9", "gsm8k", HF_HUB_OFFLINE=offline)
    made = source_of(result)
    assert made["kind"] == "sample"
    assert isinstance(result[1], list)
    assert len(result[1]) >= 40
    assert "NOT the dataset. The hub could not be reached for openai/gsm8k" in made["notice"]
    assert "--source FILE" in made["notice"]


def test_failing_hub_counts_as_unreachable(hub: Server, tmp_path: Path) -> None:
    hub.status = 503
    assert "NOT the dataset" in source_of(load(tmp_path / "home", hub.url, "math"))["notice"]


def test_unreachable_hub_is_an_error_when_it_is_asked_for(tmp_path: Path) -> None:
    error, message = load(tmp_path, "http://127.0.0.1:9", "math", source="hub")
    assert error == "SeedError"
    assert "cannot reach the hub for EleutherAI/hendrycks_math at main" in str(message)


def test_recorded_commit_is_never_replaced_by_the_sample(hub: Server, tmp_path: Path) -> None:
    first = source_of(load(tmp_path / "home", hub.url, "math"))
    error, message = load(tmp_path / "other", "http://127.0.0.1:9", "math", recorded=first)
    assert error == "SeedError"
    assert NEWEST in str(message)


def test_refusing_hub_is_told_with_a_remedy(hub: Server, tmp_path: Path) -> None:
    hub.status = 404
    error, message = load(tmp_path / "home", hub.url, "math")
    assert error == "SeedError"
    assert "the hub refuses dataset 'EleutherAI/hendrycks_math'" in str(message)
    assert "--source FILE" in str(message)


def test_repository_of_another_layout_is_told(hub: Server, tmp_path: Path) -> None:
    for path in hub.folder.rglob("train-*.parquet"):
        path.rename(path.with_name("part.parquet"))
    error, message = load(tmp_path / "home", hub.url, "math")
    assert error == "SeedError"
    assert r"has no file like */train-*.parquet" in str(message)


def test_cache_that_cannot_be_written_is_no_reason_for_the_sample(
    hub: Server, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/hub").write_text("a file where the cache should be")
    error, message = load(tmp_path / "home", hub.url, "gsm8k")
    assert error == "SeedError"
    assert f"cannot keep dataset 'openai/gsm8k' at revision '{PIN}' in " in str(message)
    assert "set HF_HOME" in str(message)
