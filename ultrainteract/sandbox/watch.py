"""Memory of many processes together, where no control group counts it. Standard library only.

While executions run, the memory of all that is no idle cell is summed up again and again: first its
address space, which is cheap to read, and where that exceeds the limit what it really holds. Past
the limit everything under way is killed, and counted as the system counts its own kills.
Between two looks programs may take what they can touch in `PAUSE`, or in the time of a look.
"""

import asyncio
import os
import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

from ultrainteract.sandbox.processes import Process, numbers

PAUSE = 0.02
PAGE = os.sysconf("SC_PAGE_SIZE")
# What a unix socket may hold in the system: twice net.core.wmem_max as it comes.
SOCKET = 2**19
# Memory that forks share and no process need have mapped in: touched once, it stays.
SHARED = re.compile(rb"^([0-9a-f]+)-([0-9a-f]+) ...s (\S+ \S+ \d+) +/dev/zero", re.MULTILINE)


class Watch:
    """Holds executions under `memory` bytes and `processes` all together. Needs CAP_SYS_PTRACE.

    `known` are the kernel's own children by pid, of which `zygote` is the preloaded interpreter.
    """

    def __init__(
        self, memory: int, processes: int, known: Mapping[int, Process], zygote: int
    ) -> None:
        self._memory = memory
        self._processes = processes
        self._known = known
        self._zygote = zygote
        self.kills = 0
        """How many times everything under way was killed."""
        self._running: set[int] = set()
        self._looking: asyncio.Task[None] | None = None

    @contextmanager
    def over(self, pid: int) -> Iterator[None]:
        """Watch while an execution runs, and after it until all that it started is gone."""
        self._running.add(pid)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            yield
        finally:
            self._running.discard(pid)
            if self._looking.done():
                self._looking.result()

    def used(self) -> int:
        """Bytes of memory of everything but the kernel."""
        pids = self._others()
        return sum(map(held, pids)) + shared(pids)

    def under_way(self) -> list[int]:
        """Every process but pid 1, the preloaded interpreter, and cells that are idle or wait."""
        return [pid for pid in self._others() if pid != self._zygote and not self._idle(pid)]

    def exceeded(self, pids: list[int]) -> bool:
        """Whether these take more than they may."""
        if len(pids) > self._processes:
            return True
        sockets = SOCKET * max(0, sockets_open() - 2 * len(self._known) - 8)
        spaces = {pid: space(pid) for pid in pids}
        if sum(spaces.values()) + sockets <= self._memory:
            return False
        total = sockets + shared(pids)
        for pid in sorted(pids, key=spaces.__getitem__, reverse=True):
            total += held(pid)
            if total > self._memory:
                return True
        return False

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        pids: list[int] = []
        while self._running or pids:
            started = loop.time()
            pids = self.under_way()
            # The system may take its time to tell: the kernel goes on meanwhile.
            if await asyncio.to_thread(self.exceeded, pids):
                self.kills += 1
                # Cells first: one that saw its children die might still end as if all were well.
                for pid in sorted(self.under_way(), key=lambda pid: pid not in self._known):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(max(PAUSE, loop.time() - started))

    def _others(self) -> list[int]:
        return [pid for pid in numbers() if pid != 1]

    def _idle(self, pid: int) -> bool:
        process = self._known.get(pid)
        return bool(process and (process.holders or process.stopped))


def space(pid: int) -> int:
    """Bytes of address space: more than a process can hold, swapped out or in others' reach too."""
    with suppress(OSError), open(f"/proc/{pid}/statm", "rb") as statm:  # noqa: PTH123
        return PAGE * int(statm.read().split(maxsplit=1)[0])
    return 0


def held(pid: int) -> int:
    """Bytes of memory of a process, swapped out included, with its part of what it shares.

    Files and shared memory count where the system cannot tell them apart (before Linux 5.9).
    """
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", "rb") as rollup:  # noqa: PTH123
        figures = dict(line.split(b":") for line in rollup.read().splitlines()[1:])
        kinds = (figures.get(b"Pss_Anon", figures[b"Pss"]), figures[b"SwapPss"])
        return sum(1024 * int(kind.split()[0]) for kind in kinds)
    return 0


def sockets_open() -> int:
    """All in this network namespace."""
    with suppress(OSError), open("/proc/net/sockstat", "rb") as sockstat:  # noqa: PTH123
        return int(sockstat.read().split()[2])
    return 0


def shared(pids: list[int]) -> int:
    """Bytes of anonymous memory that these share, each piece once."""
    pieces: dict[bytes, int] = {}
    for pid in pids:
        with suppress(OSError), open(f"/proc/{pid}/maps", "rb") as maps:  # noqa: PTH123
            for first, last, piece in SHARED.findall(maps.read()):
                size = int(last, 16) - int(first, 16)
                pieces[piece] = max(size, pieces.get(piece, 0))
    return sum(pieces.values())
