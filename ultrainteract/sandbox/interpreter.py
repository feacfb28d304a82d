"""The interpreter that forks: what a cell is, inside the container. Standard library only.

A preloaded interpreter waits on a control socket. Each command makes it fork; the child becomes
a cell, runs the code that came with the command, reports how it ended, and waits in turn. The
parent's state stays as it was. Foreign code runs in here, so everything this module says is a
claim: `kernel` decides. Siblings of a cell that patched itself share its patches.
"""

import builtins
import contextlib
import ctypes
import gc
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import types
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from ultrainteract.sandbox.confine import FILES, allow, allow_memory, close_behind, take_user
from ultrainteract.sandbox.enclosure import stay_within
from ultrainteract.sandbox.execution import execute, flush, fresh_streams, standing
from ultrainteract.sandbox.fork import fork
from ultrainteract.sandbox.removal import remove
from ultrainteract.sandbox.script import run_script

HEADER = struct.Struct("!I")
CALL = 65536
# Descriptors that a program cannot take.
SPARE = 16
SHARED = "/dev/shm"  # noqa: S108
# How the name of a cell's folder begins.
CELL = ".cell-"
MADV_COLLAPSE = 25
HUGE = 2**21
PRELOAD = """
import sympy, numpy
x, n = sympy.symbols("x n")
sympy.solve(x**2 - 3*x + 2, x); sympy.simplify((x**2 - 1)/(x - 1)); sympy.factor(x**3 - 1)
sympy.integrate(x*sympy.exp(x), x); sympy.summation(n, (n, 1, x)); sympy.nsimplify(0.5)
sympy.Rational(1, 3) + sympy.sqrt(8) + sympy.binomial(5, 2); str(sympy.latex(x/2))
numpy.linalg.solve(numpy.eye(2), numpy.ones(2)); numpy.random.default_rng(0).random()
"""


def frame(message: Mapping[str, object], token: bytes = b"") -> bytes:
    """One message as it travels: a report's token, length, JSON."""
    body = json.dumps(message).encode()
    return token + HEADER.pack(len(body)) + body


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


class Interpreter:
    """One process: the preloaded one, or a cell. `serve` never returns."""

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.module = types.ModuleType("__main__")
        self.module.__dict__["__builtins__"] = builtins
        self._nothing = os.open(os.devnull, os.O_RDONLY)
        self._calling = threading.Lock()
        self._token = b""
        self._streams: list[TextIO] = []

    def preload(self) -> None:
        """Import and warm what programs use most, then make forks of it cheap."""
        warm()
        self._streams = fresh_streams()
        sys.modules["__main__"] = self.module
        self.control.sendall(frame({"status": "ready"}))

    def serve(self) -> None:
        """Fork on command, until the kernel is gone. A failed fork shows as a closed channel."""
        while True:
            # A program may have taken all descriptors there were for it: two more for its forks.
            allow(resource.RLIMIT_NOFILE, None)
            command, fds = receive(self.control)
            allow(resource.RLIMIT_NPROC, None)
            if fork() == 1:
                self._become(command, *fds)
                continue
            for fd in fds:
                os.close(fd)

    def _become(self, command: dict[str, object], control: int, *streams: int) -> None:
        """`streams` are standard output, and where the command has them standard error, input."""
        self.control.close()
        self.control = socket.socket(fileno=control)
        os.setsid()
        output, errors = streams[0], streams[1] if command["apart"] else streams[0]
        for number, fd in enumerate((streams[-1] if command["input"] else self._nothing, output)):
            os.dup2(fd, number)
        os.dup2(errors, 2)
        for fd in streams:
            os.close(fd)
        if command["uid"]:
            take_user(command)
        self.control.sendall(b"+")
        if "remove" in command:
            for name in command["remove"]:  # type: ignore[attr-defined]
                remove(str(name))
            os._exit(0)
        for name in command.get("tools", ()):  # type: ignore[attr-defined]
            self.module.__dict__[name] = self._tool(name)
        if "code" in command:
            self._run(command)

    def _run(self, task: dict[str, object]) -> None:
        close_behind()
        enter(str(task["folder"]))
        if task["alone"]:
            stay_within([str(task["folder"]), SHARED])
        allow(resource.RLIMIT_NPROC, int(str(task["processes"])))
        allow(resource.RLIMIT_NOFILE, FILES - SPARE)
        self._token = bytes.fromhex(str(task["token"]))
        if task["memory"]:
            allow_memory(int(str(task["memory"])))
        script, number = bool(task["script"]), task["number"]
        if script or not standing(self._streams):
            self._streams = fresh_streams(buffered=script)
        seed = int(str(task["seed"]))
        random.seed(seed)
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed(seed % 2**32)
        pid, cell, namespace = os.getpid(), f"Cell {number}", self.module.__dict__
        try:
            status = (
                run_script(str(task["code"]), namespace, ends=not task["stays"])
                if script
                else execute(str(task["code"]), cell, namespace)
            )
        finally:
            settle()
            for stream in self._streams:
                flush(stream)
            # A process that the program forked ends with the program, as it would in a script.
            if os.getpid() != pid:
                os._exit(0)
        # A program may have written to it, and not wanted to wait.
        self.control.setblocking(True)  # noqa: FBT003
        self.control.sendall(frame({"status": status}, self._token))

    def _tool(self, name: str) -> Callable[..., object]:
        def call(*args: object, **kwargs: object) -> object:
            message = frame({"tool": name, "args": args, "kwargs": kwargs}, self._token)
            if len(message) > CALL:
                raise ValueError(f"the arguments of {name} are longer than {CALL} bytes")
            with self._calling:
                self.control.sendall(message)
                answer, _ = receive(self.control)
            if "error" in answer:
                kind = getattr(builtins, str(answer["kind"]))
                raise kind(answer["error"])
            return answer["value"]

        call.__name__ = call.__qualname__ = name
        return call


def warm() -> None:
    """Preload; keep it all out of the collector's way and in huge pages, which forks share."""
    exec(PRELOAD, {"__name__": "preload"})  # noqa: S102
    gc.collect()
    gc.freeze()
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text().splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw-p \S+ \S+ 0\s*(\[heap\])?$", line)
        if found:
            first, last = -(-int(found[1], 16) // HUGE) * HUGE, int(found[2], 16) // HUGE * HUGE
            if last > first:
                madvise(ctypes.c_void_p(first), ctypes.c_size_t(last - first), MADV_COLLAPSE)


def enter(folder: str) -> None:
    """A working folder of this cell's own, with what the parent's held."""
    before = os.environ.get("TMPDIR", "")
    # The parent may have locked it, another of its user id removed it; its cells lie in it.
    with contextlib.suppress(OSError):
        os.chmod(os.path.dirname(folder), 0o700)  # noqa: PTH101, PTH120
    os.makedirs(folder, 0o700)  # noqa: PTH103
    with contextlib.suppress(OSError):
        if before and os.listdir(before):  # noqa: PTH208
            cells = shutil.ignore_patterns(f"{CELL}*")
            shutil.copytree(before, folder, symlinks=True, dirs_exist_ok=True, ignore=cells)
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
