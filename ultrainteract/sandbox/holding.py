"""What a kernel holds, and its bounds: notebooks, cells, files, the depth of what they say."""

import asyncio
import os
from dataclasses import dataclass, field

from ultrainteract.sandbox.processes import Process
from ultrainteract.sandbox.task import Place

# User ids of a container's notebooks, and every so many executions memory is looked at.
UIDS = 1000
LOOK = 32
FULL = "its files filled the disk: they are gone, and with them what it left in memory"
# Of JSON, as whoever reads it recursively can bear.
DEPTH = 100


@dataclass
class Notebook:
    """The cells of one root, evicted as one."""

    place: Place
    seed: str
    released: bool = False
    names: set[str] = field(default_factory=set)
    running: int = 0
    quiet: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass(frozen=True)
class Cell:
    """A name for a state. After a timeout the new name stands for the parent's process."""

    notebook: Notebook
    process: Process
    digest: bytes
    number: int


def crowded(folder: str) -> bool:
    """Whether files take half of the bytes or of the entries of a bounded file system."""
    room = os.statvfs(folder)
    return room.f_bavail * 2 < room.f_blocks or room.f_favail * 2 < room.f_files


def deep(value: object) -> bool:
    """Whether JSON is nested deeper than `DEPTH`."""
    level: list[object] = [value]
    for _ in range(DEPTH):
        inner = [one for one in level if isinstance(one, dict | list)]
        level = [part for one in inner for part in (one.values() if isinstance(one, dict) else one)]
        if not level:
            return False
    return True
