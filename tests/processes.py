"""Process families: who came from whom, and who is still there."""

import time
from pathlib import Path


def assert_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 120
    while left := alive(pids):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.05)


def descendants(pid: int) -> set[int]:
    """Every process that came from `pid`, whoever adopted it: read while they live."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def called(word: str, family: set[int]) -> list[int]:
    """Those of a family whose command line holds a word."""
    return [pid for pid in family if word in command_line(pid)]


def leaf(pid: int) -> bool:
    """Whether it lives and has no children."""
    try:
        return not Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return False


def alive(pids: set[int]) -> list[str]:
    names = (command_line(pid)[:120] for pid in sorted(pids) if not zombie(pid))
    return [name for name in names if name]


def command_line(pid: int) -> str:
    """Empty where there is no such process any more."""
    try:
        line = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return ""
    return line.rstrip(b"\0").decode(errors="replace")


def zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
