"""What the container's control groups count, version 1 or 2. Standard library only.

A system that shows no such file counts as nothing used: the limits hold without these figures.
"""

import os
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


class Gauge:
    """A figure in the first of `files` that is there; 0 where none is. Kept open: cheap to read."""

    def __init__(self, *files: str, key: str = "", groups: Path = GROUPS) -> None:
        self._key = key.encode()
        self._fd = -1
        for file in files:
            with suppress(OSError):
                self._fd = os.open(groups / file, os.O_RDONLY)
                return

    def read(self) -> int:
        """Its value now."""
        if self._fd < 0:
            return 0
        with suppress(OSError, ValueError, IndexError):
            data = os.pread(self._fd, 4096, 0)
            return int(data.split(self._key + b" ")[1].split()[0] if self._key else data)
        return 0


def memory_used(groups: Path = GROUPS) -> int:
    """Bytes of anonymous and shared memory of the container."""
    for file, keys in (
        ("memory.stat", ("anon", "shmem")),
        ("memory/memory.stat", ("rss", "shmem")),
    ):
        figures = _table(groups / file)
        if figures:
            return sum(figures.get(key, 0) for key in keys)
    return 0


def oom_kills(groups: Path = GROUPS) -> Gauge:
    """Processes of the container killed for want of memory since its start."""
    return Gauge("memory.events", "memory/memory.oom_control", key="oom_kill", groups=groups)


def _table(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}  # noqa: PLR2004
