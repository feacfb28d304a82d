"""The bare way: what an execution costs without isolation. Standard library only.

Runs in the sandbox image's Python, outside any container, beside the kernel's own modules. It
warms the interpreter as the kernel does, then on request forks it, executes compiled code in the
child, reads the child's output from a pipe and waits for it. `steps` adds, one by one, what the
kernel's cells do besides; `start` starts a new interpreter instead.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import IO

from ultrainteract.sandbox.confine import allow, close_behind, take_user
from ultrainteract.sandbox.execution import execute
from ultrainteract.sandbox.interpreter import enter, warm

WAIT = "\nimport sys; sys.stdout.flush(); sys.stdin.read()"
STEPS = ("session", "domain", "folder", "limits", "seeds", "notebook")


class Bare:
    """A warm interpreter that answers requests."""

    def __init__(self) -> None:
        self.folder = tempfile.mkdtemp(prefix="bare-")
        self.count = 0
        self.forked: list[int] = []
        self.started: list[subprocess.Popen[bytes]] = []

    def answer(self, request: dict[str, object]) -> dict[str, object]:
        """Times in ms, and what was printed; or the processes that are held now."""
        code, count = str(request.get("code")), int(str(request.get("count", 0)))
        match request["op"]:
            case "fork":
                steps = [str(step) for step in request["steps"]]  # type: ignore[attr-defined]
                return timed(count, self._forking(code, steps))
            case "start":
                return timed(count, lambda: new_interpreter(code))
            case "hold forks":
                self.forked = [self._held(code) for _ in range(count)]
            case "hold starts":
                self.started = [held_interpreter(code) for _ in range(count)]
            case _:
                self._drop()
        return {}

    def _forking(self, code: str, steps: Sequence[str]) -> Callable[[], str]:
        program = compile(code, "benchmark", "exec")

        def forked() -> str:
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                os.dup2(writer, 1)
                self._execute(code, program, steps)
                os._exit(0)
            os.close(writer)
            output = b""
            while part := os.read(reader, 65536):
                output += part
            os.close(reader)
            os.waitpid(pid, 0)
            return output.decode()

        return forked

    def _execute(self, code: str, program: object, steps: Sequence[str]) -> None:
        if "session" in steps:
            os.setsid()
        if "domain" in steps:
            close_behind()
        if "folder" in steps:
            enter(f"{self.folder}/{os.getpid()}")
        if "limits" in steps:
            allow(resource.RLIMIT_NPROC, 200)
        if "seeds" in steps:
            random.seed(1)
            sys.modules["numpy"].random.seed(1)
        if "notebook" in steps:
            execute(code, "Cell 1", {"__name__": "__main__"})
        else:
            exec(program, {"__name__": "__main__"})  # type: ignore[arg-type]
        sys.stdout.flush()

    def _held(self, code: str) -> int:
        """A fork that has run the code and stays."""
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            self._execute(code, compile(code, "benchmark", "exec"), ())
            os.close(writer)
            signal.pause()
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        return pid

    def _drop(self) -> None:
        for pid in self.forked:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for process in self.started:
            process.communicate()
        self.forked, self.started = [], []


def timed(count: int, execution: Callable[[], str]) -> dict[str, object]:
    """Milliseconds of each execution, and the different outputs."""
    taken, outputs = [], set()
    for _ in range(count):
        start = time.perf_counter()
        outputs.add(execution())
        taken.append(1000 * (time.perf_counter() - start))
    return {"ms": taken, "outputs": sorted(outputs)}


def new_interpreter(code: str) -> str:
    """What `python -c` prints."""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, close_fds=False, check=True
    )
    return done.stdout.decode()


def held_interpreter(code: str) -> subprocess.Popen[bytes]:
    """A new interpreter that has run the code and stays."""
    command = [sys.executable, "-c", code + WAIT]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    printed: IO[bytes] | None = process.stdout
    if printed:
        printed.readline()
    return process


def main() -> None:
    """Answer JSON lines until standard input closes. With a user id, give up what a cell does."""
    options = json.loads(sys.argv[2])
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    warm()
    bare = Bare()
    if options["uid"]:
        os.chmod(bare.folder, 0o777)  # noqa: PTH101
        take_user({"uid": options["uid"], "memory": 2**30, "processes": 200})
    print(json.dumps({"ready": True}), file=replies, flush=True)
    for line in sys.stdin:
        print(json.dumps(bare.answer(json.loads(line))), file=replies, flush=True)
