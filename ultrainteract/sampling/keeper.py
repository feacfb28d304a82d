"""Keeps one server's process tree, and ends all of it when its owner is gone.

Run as a script in a session of its own, standard library only:
`python keeper.py GRACE_SECONDS OWNER_PID command ...`. The owner holds the other end of standard
input and never writes. SIGTERM, the end of that pipe or the owner's death stop the command: first
SIGTERM, after the grace SIGKILL, then whatever descends from it. Exits as the command did.
A Ray worker that dies kills its children, so the keeper is no child of its owner: a guard stands
between them. Whichever of the two is killed, the other clears up.
"""

import ctypes
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
_GUARDED = (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option})")


def _die_with_keeper() -> None:
    _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _children() -> Iterator[int]:
    """Pids of the processes whose parent this one is, by adoption too."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:  # it ended between listing and reading
                continue
            # The command name may hold spaces and brackets; the fields follow its last bracket.
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                yield int(entry.name)


class Keeper:
    """One command, started at once."""

    def __init__(self, command: list[str]) -> None:
        self.status: int | None = None
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            process_group=0,
            preexec_fn=_die_with_keeper,  # noqa: PLW1509 (the keeper has one thread)
        )

    def reap(self) -> None:
        """Collect everything that has ended; note how the command itself did."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.process.pid:
                self.status = self.process.returncode = os.waitstatus_to_exitcode(status)

    def signal_group(self, number: signal.Signals) -> None:
        """Signal the command's process group, where one is left."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)

    def clear(self) -> None:
        """Kill all that is left; note how the command itself ended."""
        ended = clear()
        if self.process.pid in ended:
            self.status = self.process.returncode = ended[self.process.pid]


def clear() -> dict[int, int]:
    """Kill all that descends from this process; exit statuses by pid. A killed process hands its
    children to this one (subreaper), so killing children until there are none reaches everyone."""
    ended: dict[int, int] = {}
    while children := list(_children()):
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        for pid in children:
            with suppress(ChildProcessError):
                ended[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return ended


def keep(grace: float, owners: tuple[int, ...], command: list[str]) -> int:
    """Run `command` until it ends or is to end; the exit status, negative for a signal."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    wakeup, signals = socket.socketpair()
    for end in (wakeup, signals):
        end.setblocking(False)  # noqa: FBT003
    signal.set_wakeup_fd(signals.fileno(), warn_on_full_buffer=False)
    # Handlers that do nothing, not SIG_IGN: the command would inherit that.
    for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)

    selector = selectors.DefaultSelector()
    selector.register(wakeup, selectors.EVENT_READ)
    # The pipe may live on in a child that the owner forked; the pidfd sees the owner alone.
    doors = [0, *map(os.pidfd_open, owners)]
    for door in doors:
        selector.register(door, selectors.EVENT_READ)

    keeper = Keeper(command)
    deadline: float | None = None
    while keeper.status is None:
        wait = None if deadline is None else max(0.0, deadline - time.monotonic())
        events = selector.select(wait)
        ends = any(key.fileobj in doors for key, _ in events)
        if any(key.fileobj is wakeup for key, _ in events):
            ends = ends or signal.SIGTERM in wakeup.recv(4096)
        keeper.reap()
        if ends and deadline is None:
            deadline = time.monotonic() + grace
            for door in doors:
                selector.unregister(door)
            keeper.signal_group(signal.SIGTERM)
        elif deadline is not None and time.monotonic() >= deadline:
            keeper.signal_group(signal.SIGKILL)
            break
    keeper.clear()
    return keeper.status or 0


def guard(keeper: int) -> int:
    """Hand SIGTERM on until the keeper ends; its exit status. What it left behind is killed."""
    while True:
        number = signal.sigwait(_GUARDED)
        if number == signal.SIGTERM:
            os.kill(keeper, signal.SIGTERM)
        elif number == signal.SIGCHLD:
            pid, status = os.waitpid(keeper, os.WNOHANG)
            if pid:
                clear()
                return os.waitstatus_to_exitcode(status)


def main(arguments: list[str]) -> int:
    """The script's entry; 128 + number where a signal ended the command, as a shell says it."""
    grace, owner, *command = arguments
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _GUARDED)
    front = os.getpid()
    if keeper := os.fork():
        status = guard(keeper)
    else:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        status = keep(float(grace), (int(owner), front), command)
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
