"""A hub as far as a push asks it: repositories, preupload, LFS, commits; misbehaves on demand."""

import base64
import contextlib
import hashlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_" + "a1B2" * 9


@dataclass
class Repository:
    """One dataset repository: files by name, and how many commits made it."""

    private: bool
    files: dict[str, bytes] = field(default_factory=dict)
    commits: int = 1

    @property
    def head(self) -> str:
        """The newest commit."""
        return hashlib.sha1(f"{self.commits}".encode()).hexdigest()


@dataclass
class Trouble:
    """What goes wrong with requests whose path holds `path`, so many times. Status 0 cuts the
    connection."""

    path: str
    status: int
    times: int = 1
    after: bool = False
    """Once it is done, only its answer is lost."""
    halfway: bool = False
    """While its body arrives."""


@dataclass
class Hub:
    """The state of it all; `seen` are method and path of each request."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    seen: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    def trouble(self, path: str) -> Trouble | None:
        """What is to go wrong now."""
        for one in self.troubles:
            if one.path in path and one.times:
                one.times -= 1
                return one
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def _serve(self) -> None:
        size, hub = int(self.headers.get("Content-Length") or 0), self.hub
        hub.seen.append((self.command, self.path))
        trouble = hub.trouble(self.path)
        body = self.rfile.read(size // 2 if trouble and trouble.halfway else size)
        hub.bodies.append(body)
        if trouble and not trouble.after:
            self.close_connection = trouble.halfway
            return self._fail(trouble.status)
        if self.headers.get("Authorization") not in (None, f"Bearer {TOKEN}") or (
            self.command != "GET" and "/store/" not in self.path and not self._authorised()
        ):
            return self._fail(401)
        status, answer = self._answer(self.path.partition("?")[0], body)
        if trouble:
            return self._fail(trouble.status)
        self._send(status, answer)
        return None

    do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815

    def _authorised(self) -> bool:
        return self.headers.get("Authorization") == f"Bearer {TOKEN}"

    def _fail(self, status: int) -> None:
        if not status:
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, {"error": f"made to fail with {status}"})

    def _send(self, status: int, answer: object) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if status == 404:
            self.send_header("X-Error-Code", "RepoNotFound")
        if status == 401:
            self.send_header("X-Error-Message", "Invalid credentials in Authorization header")
        if status == 429:
            self.send_header("Retry-After", "1")
        self.end_headers()
        self.wfile.write(data)

    def _answer(self, path: str, body: bytes) -> tuple[int, object]:  # noqa: PLR0911
        hub = self.hub
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            if name in hub.repositories:
                return 409, {"error": "exists", "url": f"{hub.url}/datasets/{name}"}
            made = Repository(asked["visibility"] == "private", {".gitattributes": b""})
            hub.repositories[name] = made
            return 200, {"url": f"{hub.url}/datasets/{name}"}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path.endswith("/objects/batch"):
            return 200, {
                "transfer": "basic",
                "objects": [self._lfs(one) for one in json.loads(body)["objects"]],
            }
        if path.startswith("/store/"):
            hub.objects[path.rpartition("/")[2]] = body
            return 200, {}
        if path.startswith("/api/datasets/"):
            owner, name, *rest = path.removeprefix("/api/datasets/").split("/")
            return self._repository(f"{owner}/{name}", rest, body)
        return 404, {"error": "no such path"}

    def _lfs(self, asked: dict[str, object]) -> dict[str, object]:
        oid = str(asked["oid"])
        if oid in self.hub.objects:
            return asked
        return {**asked, "actions": {"upload": {"href": f"{self.hub.url}/store/{oid}"}}}

    def _repository(self, name: str, rest: list[str], body: bytes) -> tuple[int, object]:
        found = self.hub.repositories.get(name)
        if found is None or (found.private and not self._authorised()):
            return 404, {"error": "Repository not found"}
        if rest[:1] == ["preupload"]:
            return 200, {"files": [self._mode(found, one) for one in json.loads(body)["files"]]}
        if rest[:1] == ["commit"]:
            return self._commit(name, found, [json.loads(line) for line in body.splitlines()])
        files = [{"rfilename": one} for one in found.files]
        return 200, {"id": name, "private": found.private, "sha": found.head, "siblings": files}

    def _mode(self, found: Repository, asked: dict[str, str]) -> dict[str, object]:
        held = found.files.get(asked["path"])
        large = asked["path"].endswith(".parquet")
        oid = None
        if held is not None:
            blob = b"blob %d\0" % len(held) + held
            oid = hashlib.sha256(held).hexdigest() if large else hashlib.sha1(blob).hexdigest()
        mode = "lfs" if large else "regular"
        return {"path": asked["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid}

    def _commit(
        self, name: str, found: Repository, lines: list[dict[str, dict[str, str]]]
    ) -> tuple[int, object]:
        head = next(one["value"] for one in lines if one["key"] == "header")  # type: ignore[comparison-overlap]
        if head.get("parentCommit") not in (None, found.head):
            return 412, {"error": "the branch has moved on"}
        for one in lines:
            kind, value = str(one["key"]), one["value"]
            if kind == "file":
                found.files[value["path"]] = base64.b64decode(value["content"])
            elif kind == "lfsFile":
                found.files[value["path"]] = self.hub.objects[value["oid"]]
            elif kind == "deletedFile":
                del found.files[value["path"]]
        found.commits += 1
        url = f"{self.hub.url}/datasets/{name}/commit/{found.head}"
        return 200, {"commitUrl": url, "commitOid": found.head}


@contextlib.contextmanager
def hub_at(port: int = 0) -> Iterator[Hub]:
    """A hub that serves on this machine."""
    hub = Hub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
