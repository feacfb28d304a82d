"""What a kernel holds between executions: notebooks, their cells, their files."""

import asyncio
import os
from dataclasses import dataclass, field

from ultrainteract.sandbox.processes import Process
from ultrainteract.sandbox.task import Place


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
