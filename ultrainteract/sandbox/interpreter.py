"""The interpreter that forks: what a cell is, inside the container. Standard library only.

A preloaded interpreter waits on a control socket. Each command makes it fork; the child becomes
a cell, runs the code that the kernel sends on the child's own socket, reports how it ended, and
waits in turn. The parent's state stays as it was. Foreign code runs in here, so everything this
module says is a claim: `kernel` decides. Siblings of a cell that patched itself share its patches.
"""

import builtins
import contextlib
import ctypes
import gc
import json
import os
import random
import resource
import shutil
import signal
import socket
import struct
import sys
import tempfile
import types
from collections.abc import Mapping
from pathlib import Path

from ultrainteract.sandbox.execution import execute, flush, fresh_streams

HEADER = struct.Struct("!I")
PRELOAD = """
import sympy, numpy
x, n = sympy.symbols("x n")
sympy.solve(x**2 - 3*x + 2, x); sympy.simplify((x**2 - 1)/(x - 1)); sympy.factor(x**3 - 1)
sympy.integrate(x*sympy.exp(x), x); sympy.summation(n, (n, 1, x)); sympy.nsimplify(0.5)
sympy.Rational(1, 3) + sympy.sqrt(8) + sympy.binomial(5, 2); str(sympy.latex(x/2))
numpy.linalg.solve(numpy.eye(2), numpy.ones(2)); numpy.random.default_rng(0).random()
"""


def frame(message: Mapping[str, object]) -> bytes:
    """One message as it travels: length, then JSON."""
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def receive(control: socket.socket) -> tuple[dict[str, object], list[int]]:
    """The next message with its descriptors; raises EOFError when the kernel is gone."""
    data, fds, _, _ = socket.recv_fds(control, HEADER.size, 4)
    for fd in fds:
        os.set_inheritable(fd, False)  # noqa: FBT003
    missing = HEADER.unpack(data)[0] if data else 0
    body = bytearray()
    while len(body) < missing:
        part = control.recv(missing - len(body))
        if not part:
            break
        body += part
    if not data or len(body) < missing:
        raise EOFError
    return json.loads(body), fds


def fork() -> int:
    """Forks a process that is a child of pid 1; 1 in the child, 0 in the parent, -1 on failure.

    The kernel is pid 1: being its child, a cell's wait status reaches nobody else.
    """
    try:
        middle = os.fork()
    except OSError:
        return -1
    if middle == 0:
        try:
            last = os.fork()
        except OSError:
            os._exit(1)
        if last:
            os._exit(0)
        return 1
    # A program that ignores SIGCHLD leaves no status to read.
    with contextlib.suppress(ChildProcessError):
        return -1 if os.waitpid(middle, 0)[1] else 0
    return 0


class Interpreter:
    """One process: the preloaded one, or a cell. `serve` never returns."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.module = types.ModuleType("__main__")
        self.module.__dict__["__builtins__"] = builtins

    def preload(self) -> None:
        """Import and warm what programs use most, then keep it out of the collector's way."""
        exec(PRELOAD, {"__name__": "preload"})  # noqa: S102
        sys.modules["__main__"] = self.module
        gc.collect()
        gc.freeze()
        self.control.sendall(frame({"status": "ready"}))

    def serve(self) -> None:
        """Fork on command, until the kernel is gone."""
        while True:
            command, fds = receive(self.control)
            allow_processes(None)
            made = fork()
            if made == 1:
                self._become(command, *fds)
                continue
            for fd in fds:
                os.close(fd)
            self.control.sendall(b"1" if made == 0 else b"0")

    def _become(self, command: dict[str, object], control: int, output: int) -> None:
        self.control.close()
        self.control = socket.socket(fileno=control)
        os.setsid()
        with open(os.devnull, "rb") as nothing:  # noqa: PTH123
            os.dup2(nothing.fileno(), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
        if command["uid"]:
            confine(command)
        self.control.sendall(b"+")
        task, _ = receive(self.control)
        if "remove" in task:
            for name in task["remove"]:  # type: ignore[attr-defined]
                shutil.rmtree(str(name), ignore_errors=True)
            os._exit(0)
        if "code" in task:
            self._run(task)

    def _run(self, task: dict[str, object]) -> None:
        enter(str(task["folder"]))
        allow_processes(int(str(task["processes"])))
        streams = fresh_streams()
        seed = int(str(task["seed"]))
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed % 2**32)
        code, cell, pid = str(task["code"]), f"Cell {task['number']}", os.getpid()
        try:
            status = execute(code, cell, self.module.__dict__)
        finally:
            settle()
            for stream in streams:
                flush(stream)
            # A process that the program forked ends with the program, as it would in a script.
            if os.getpid() != pid:
                os._exit(0)
        self.control.sendall(frame({"status": status}))


def confine(command: dict[str, object]) -> None:
    """Take the notebook's user id for good, with its limits; nobody may trace this process."""
    memory, uid = int(str(command["memory"])), int(str(command["uid"]))
    base = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for limit, value in (
        (resource.RLIMIT_AS, base + memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
        (resource.RLIMIT_NPROC, int(str(command["processes"]))),
    ):
        resource.setrlimit(limit, (value, value))
    # The kernel must get its turn beside a hundred busy processes.
    os.nice(19)
    # First to go when memory runs out; gVisor has no such file.
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    # 4 is PR_SET_DUMPABLE; forks inherit it.
    ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)


def allow_processes(number: int | None) -> None:
    """At most `number` processes and threads of this user; None for as many as ever allowed.

    This limit fails a fork before it copies anything, the container's fails it after.
    """
    most = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    resource.setrlimit(resource.RLIMIT_NPROC, (most if number is None else number, most))


def enter(folder: str) -> None:
    """A working folder of this cell's own, with what the parent's held."""
    before = os.environ.get("TMPDIR", "")
    Path(folder).mkdir(mode=0o700)
    if before and os.listdir(before):  # noqa: PTH208
        with contextlib.suppress(OSError):
            shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True)
    os.chdir(folder)
    os.environ["TMPDIR"] = os.environ["HOME"] = folder
    tempfile.tempdir = None


def settle() -> None:
    """Undo what a program may have left that would reach the wait for the next command."""
    sys.settrace(None)
    sys.setprofile(None)
    sys.setrecursionlimit(max(1000, sys.getrecursionlimit()))
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)
