"""What is asked of an execution, and what came of it. Standard library only."""

import fcntl
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.sandbox.interpreter import CELL
from ultrainteract.sandbox.processes import Process

# Of tools, in one execution that sets no other bound.
CALLS = 100
# A number of processes that limits nothing.
UNCOUNTED = 2**20


@dataclass(frozen=True)
class Settings:
    """What the driver sets: limits of an execution and of the container. Times in seconds,
    `memory` and `idle_memory` in bytes, `processes` of one execution, `chars` of output kept,
    `slots` executions at once, `cells` open; user ids count from `uid`.

    Where no control groups count, the kernel is `watched`, and cells live behind `enclosure`. With
    a `shared_uid` there is no user id but `uid`. `counted`: a user id's processes in here are
    limited apart from its others.
    """

    seconds: float
    memory: int
    processes: int
    chars: int
    slots: int
    cells: int
    idle_memory: int
    uid: int
    folder: str = "/tmp"  # noqa: S108
    watched: bool = False
    shared_uid: bool = False
    counted: bool = True


@dataclass
class Place:
    """Where a notebook's programs run: a user id and a folder of its own.

    Cells may enter the folder but not list it: a sibling's folder has an unguessable name.
    """

    uid: int
    root: Path
    used: list[str] = field(default_factory=list)

    def make(self) -> None:
        """Create the folder, or mend it: programs that have the kernel's user id can spoil it."""
        if self.root.is_symlink() or not self.root.is_dir():
            self.root.unlink(missing_ok=True)
            self.root.mkdir()
        self.root.chmod(0o1733)

    def fresh_folder(self, parent: str = "") -> str:
        """A name for one cell's working folder, which the cell itself makes, within `parent`."""
        self.used.append(f"{parent or self.root}/{CELL}{secrets.token_hex(8)}")
        return self.used[-1]


@dataclass(frozen=True)
class Task:
    """What to execute, and how. `memory` in bytes, 0 for the notebook's own limit."""

    code: str
    number: int
    seed: int
    processes: int
    seconds: float
    chars: int
    memory: int = 0
    calls: int = CALLS
    script: bool = False
    stays: bool = False
    stdin: str = ""


@dataclass(frozen=True)
class Ended:
    """How one attempt ended; `process` is the new state, None where the program left none.

    `doubtful` where it may not be its own doing, `fault` where a tool's machinery failed;
    `folder` is where its files are.
    """

    outcome: str
    output: str
    errors: str = ""
    process: Process | None = None
    doubtful: bool = False
    fault: str = ""
    folder: str = ""


def input_file(text: str) -> int:
    """A file of that text in memory, to be read from its start."""
    fd = os.memfd_create("stdin", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    with open(fd, "wb", closefd=False) as stream:
        stream.write(text.encode("utf-8", "surrogatepass"))
    # A program may not keep more in it: nobody counts that memory.
    seals = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def said(output: str, what: str) -> str:
    """The output with a last line of the kernel's own."""
    return f"{output}{'' if not output or output.endswith(chr(10)) else chr(10)}[{what}]"
