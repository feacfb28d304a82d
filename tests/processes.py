"""Process families: who came from whom, and who is still there."""

import time
from pathlib import Path


def assert_gone(pids: set[int]) -> None:
    deadline = time.monotonic() + 60
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
    lines = {pid: Path(f"/proc/{pid}/cmdline") for pid in family}
    return [pid for pid, path in lines.items() if path.exists() and word in path.read_text()]


def alive(pids: set[int]) -> list[str]:
    lines = (Path(f"/proc/{pid}/cmdline") for pid in sorted(pids) if not zombie(pid))
    names = (path.read_bytes().rstrip(b"\0")[:120] for path in lines if path.exists())
    return [name.decode(errors="replace") for name in names if name]


def zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
