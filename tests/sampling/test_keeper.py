"""The keeper: nothing it keeps outlives its owner, and it ends as its command did."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ultrainteract.sampling import keeper

# A server with a child in its group, a grandchild in a session of its own, and a shell's orphan.
FAMILY = (
    "sleep 300 & setsid sh -c 'sleep 301; true' & sh -c 'sleep 302 & true';"
    "echo started; exec sleep 303"
)
STUBBORN = "trap '' TERM; echo started; while :; do sleep 304; done"
FORKING_OWNER = """
import os, subprocess, sys, time
kept = [sys.executable, "-I", sys.argv[1], "5", str(os.getpid()), "sh", "-c", sys.argv[2]]
keeper = subprocess.Popen(kept, stdin=subprocess.PIPE, start_new_session=True)
if os.fork() == 0:
    time.sleep(30)
time.sleep(300)
"""
WAIT_SECONDS = 120


def start(command: list[str], grace: float = WAIT_SECONDS) -> subprocess.Popen[bytes]:
    """A keeper owned by this test."""
    line = [sys.executable, "-I", keeper.__file__, str(grace), str(os.getpid()), *command]
    return subprocess.Popen(
        line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )


def descendants(pid: int) -> set[int]:
    """All living processes below `pid`."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found: set[int] = set()
    while more := {child for child, parent in parents.items() if parent in {pid, *found}} - found:
        found |= more
    return found


def gone(pids: set[int]) -> bool:
    """Whether none of them is left, given a moment: the kernel clears up after the exit."""
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        if not any(Path(f"/proc/{pid}").exists() for pid in pids):
            return True
        time.sleep(0.05)
    return False


def family(process: subprocess.Popen[bytes]) -> set[int]:
    """The keeper's descendants, once the command has said that it is up."""
    assert process.stdout
    assert process.stdout.readline() == b"started\n"
    return descendants(process.pid)


def forking(owner: subprocess.Popen[bytes]) -> tuple[set[int], int]:
    """The descendants of the script above, and which of them it forked, once it has."""
    pids = family(owner)
    until = time.monotonic() + WAIT_SECONDS
    while not (forked := [pid for pid in pids if b"os.fork" in cmdline(pid)]):
        assert time.monotonic() < until
        time.sleep(0.05)
        pids = descendants(owner.pid)
    return pids, forked[0]


def cmdline(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()


def kept_by(guard: int) -> int:
    """The keeper behind a guard: its one child."""
    return int(Path(f"/proc/{guard}/task/{guard}/children").read_text())


def end(process: subprocess.Popen[bytes]) -> int:
    """Wait for the keeper and close its pipes; its exit status."""
    status = process.wait(timeout=WAIT_SECONDS)
    assert process.stdin
    assert process.stdout
    process.stdin.close()
    process.stdout.close()
    return status


@pytest.mark.parametrize(
    ("command", "status"),
    [(["true"], 0), (["sh", "-c", "exit 7"], 7), (["sh", "-c", "kill -9 $$"], 137)],
)
def test_it_ends_as_its_command_did(command: list[str], status: int) -> None:
    assert end(start(command)) == status


def test_sigterm_ends_every_descendant_those_of_other_sessions_too() -> None:
    process = start(["sh", "-c", FAMILY])
    pids = family(process)
    assert len(pids) >= 4
    process.terminate()
    end(process)
    assert gone(pids)


def test_the_end_of_the_pipe_ends_every_descendant() -> None:
    process = start(["sh", "-c", FAMILY])
    pids = family(process)
    assert process.stdin
    process.stdin.close()
    end(process)
    assert gone(pids)


def test_a_command_that_ignores_sigterm_is_killed_after_the_grace() -> None:
    process = start(["sh", "-c", STUBBORN], grace=0.3)
    pids = family(process)
    process.terminate()
    assert end(process) == 128 + signal.SIGKILL
    assert gone(pids)


def test_a_command_gets_its_grace_to_end_by_itself() -> None:
    process = start(["sh", "-c", "trap 'exit 5' TERM; echo started; while :; do sleep 0.1; done"])
    family(process)
    process.terminate()
    assert end(process) == 5


def test_what_the_command_left_behind_ends_with_it(tmp_path: Path) -> None:
    os.mkfifo(goes := tmp_path / "goes")
    process = start(["sh", "-c", 'setsid sleep 305 & echo started; read _ < "$0"', str(goes)])
    pids = family(process)
    assert pids
    goes.write_text("now\n")
    assert end(process) == 0
    assert gone(pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_signal_for_the_terminal_is_not_for_the_server(number: signal.Signals) -> None:
    process = start(["sh", "-c", FAMILY])
    pids = family(process)
    process.send_signal(number)
    process.send_signal(signal.SIGTERM)
    assert end(process) == 128 + signal.SIGTERM
    assert gone(pids)


def test_nothing_survives_a_sigkill_of_the_owner_even_where_a_fork_holds_the_pipe() -> None:
    # The owner forks a child that keeps the pipe open: only the pidfd tells the keeper.
    owner = subprocess.Popen(
        [sys.executable, "-c", FORKING_OWNER, keeper.__file__, FAMILY], stdout=subprocess.PIPE
    )
    pids, forked = forking(owner)
    owner.kill()
    owner.wait()
    assert owner.stdout
    assert gone(pids - {forked})
    os.kill(forked, signal.SIGKILL)
    owner.stdout.close()


@pytest.mark.parametrize("killed", ["guard", "keeper"])
def test_nothing_survives_a_sigkill_of_the_guard_or_of_the_keeper(killed: str) -> None:
    process = start(["sh", "-c", FAMILY])
    pids = family(process)
    os.kill(process.pid if killed == "guard" else kept_by(process.pid), signal.SIGKILL)
    assert end(process) in {-signal.SIGKILL, 128 + signal.SIGKILL}
    assert gone(pids)


def test_nothing_survives_an_owner_that_is_killed_with_its_children() -> None:
    # As Ray does: a worker that goes kills those, and no others.
    owner = subprocess.Popen(
        [sys.executable, "-c", FORKING_OWNER, keeper.__file__, FAMILY], stdout=subprocess.PIPE
    )
    pids, _ = forking(owner)
    children = {
        int(pid) for pid in Path(f"/proc/{owner.pid}/task/{owner.pid}/children").read_text().split()
    }
    owner.kill()
    for pid in children:
        os.kill(pid, signal.SIGKILL)
    owner.wait()
    assert owner.stdout
    assert gone(pids)
    owner.stdout.close()
