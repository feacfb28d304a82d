"""What the container's control groups count, version 1 or 2. Standard library only.

A system that shows no such file counts as nothing used: the limits hold without these figures.
"""

from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")


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


def oom_kills(groups: Path = GROUPS) -> int:
    """Processes of the container killed for want of memory since its start."""
    for file in ("memory.events", "memory/memory.oom_control"):
        figures = _table(groups / file)
        if figures:
            return figures.get("oom_kill", 0)
    return 0


def processes(groups: Path = GROUPS) -> int:
    """Processes and threads of the container; 0 where nothing counts them."""
    for file in ("pids.current", "pids/pids.current"):
        try:
            return int((groups / file).read_text())
        except (OSError, ValueError):
            continue
    return 0


def _table(file: Path) -> dict[str, int]:
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2}  # noqa: PLR2004
