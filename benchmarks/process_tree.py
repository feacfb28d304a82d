"""What a command and all that comes from it use: CPU seconds and memory, by name, out of /proc."""

import contextlib
import os
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK, _WEIGH = 0.1, 0.5
"""Seconds between two looks at the clocks, and at memory and new processes."""


class Naming(Protocol):
    """A process's name, by its command line, and whether it is the command itself."""

    def __call__(self, line: str, *, root: bool) -> str: ...


@dataclass(frozen=True)
class Weighed:
    """Memory by name at one moment of the monotonic clock: MB of resident pages, each process's
    share of them, and of page tables."""

    at: float
    mb: Mapping[str, float]


@dataclass(frozen=True)
class Line:
    """A line of output, when it came."""

    at: float
    text: str


@dataclass(frozen=True)
class Used:
    """CPU seconds (user and system) by name, the memory of those that count, what was printed,
    when it began and the seconds it all took."""

    cpu: Mapping[str, float]
    memory: Sequence[Weighed]
    lines: Sequence[Line]
    began: float
    seconds: float

    @property
    def peak_mb(self) -> float:
        """Of the summed memory."""
        return max((sum(one.mb.values()) for one in self.memory), default=0.0)

    def of(self, names: Sequence[str]) -> float:
        """CPU seconds of those names together."""
        return sum(self.cpu.get(name, 0.0) for name in names)


@dataclass
class _Seen:
    """A process as it was last seen. `ended` is the CPU time of its children that have ended."""

    name: str
    parent: int
    own: float = 0.0
    ended: float = 0.0


@dataclass
class _Watch:
    root: int
    naming: Naming
    counts: Callable[[str], bool]
    seen: dict[int, _Seen] = field(default_factory=dict)
    memory: list[Weighed] = field(default_factory=list)

    def find(self) -> None:
        """New descendants, and what they are called by now."""
        for pid in descendants({self.root}):
            line = _command_line(pid)
            if stat := _stat(pid):
                known = self.seen.setdefault(pid, _Seen("", stat.parent))
                # A zombie has no command line, and whoever is not named yet will be.
                known.name = self.naming(line, root=pid == self.root) if line else known.name

    def look(self) -> None:
        """What each has used so far."""
        for pid, known in self.seen.items():
            if (stat := _stat(pid)) and stat.own >= known.own:
                known.own, known.ended = stat.own, stat.ended

    def weigh(self) -> None:
        """The memory of those that count."""
        held: dict[str, float] = defaultdict(float)
        for pid, known in self.seen.items():
            if self.counts(known.name):
                held[known.name] += held_kb(pid) / 1024
        self.memory.append(Weighed(time.monotonic(), dict(held)))

    def cpu(self) -> dict[str, float]:
        """By name; what came and went unseen is in its parent's clock of ended children."""
        used: dict[str, float] = defaultdict(float)
        for pid, known in self.seen.items():
            children = [one for one in self.seen.values() if one.parent == pid]
            unseen = known.ended - sum(one.own + one.ended for one in children)
            used[known.name] += known.own + max(0.0, unseen)
        return dict(used)


def run(
    command: Sequence[str],
    naming: Naming,
    counts: Callable[[str], bool],
    environment: Mapping[str, str] | None = None,
) -> Used:
    """Run a command to its end. Raises RuntimeError, with the end of its output, when it fails."""
    started = time.monotonic()
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **(environment or {})},
    )
    lines: list[Line] = []
    # Some grandchild may hold the pipe for longer than the command lives.
    reading = threading.Thread(target=_read, args=(process.stdout, lines), daemon=True)
    reading.start()
    watch, weighed = _Watch(process.pid, naming, counts), 0.0
    while _runs(process.pid):
        if time.monotonic() - weighed >= _WEIGH:
            watch.find()
            watch.weigh()
            weighed = time.monotonic()
        watch.look()
        time.sleep(_LOOK)
    # Not reaped yet: its clocks can still be read, and they are final.
    watch.look()
    seconds = time.monotonic() - started
    code = process.wait()
    reading.join(timeout=10)
    if code:
        said = "\n".join(line.text for line in lines[-60:])
        raise RuntimeError(f"{command} ended with {code}:\n{said}")
    return Used(watch.cpu(), watch.memory, lines, started, seconds)


def _read(source: IO[str], lines: list[Line]) -> None:
    with source:
        for text in source:
            lines.append(Line(time.monotonic(), text.rstrip("\n")))  # noqa: PERF401  as they come


def cpu_of(pid: int) -> float:
    """CPU seconds of one process; 0 when it is gone."""
    stat = _stat(pid)
    return stat.own if stat else 0.0


def _runs(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None


def _command_line(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ").strip()
    return ""


@dataclass(frozen=True)
class _Stat:
    parent: int
    own: float
    ended: float


def _stat(pid: int) -> _Stat | None:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, system, ended_user, ended_system = (int(ticks) / _TICK for ticks in fields[11:15])
        return _Stat(int(fields[1]), user + system, ended_user + ended_system)
    return None


def descendants(pids: set[int]) -> set[int]:
    """These processes and all that came from them."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
    found = set(pids)
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def held_kb(pid: int) -> int:
    """A process's share of its resident pages and its page tables; 0 when it is gone."""
    total = 0
    with contextlib.suppress(OSError):
        for name, key in (("smaps_rollup", "Pss:"), ("status", "VmPTE:")):
            lines = Path(f"/proc/{pid}/{name}").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith(key))
    return total
