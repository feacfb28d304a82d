"""What a tree costs: its siblings, its turns, its memory while it is open, its container."""

import argparse
import asyncio
from collections.abc import Sequence
from time import perf_counter

from benchmarks.sandbox_bars import Bar, Part
from benchmarks.sandbox_figures import Machine, latency
from benchmarks.sandbox_ways import (
    SNIPPETS,
    Snippet,
    bare_interpreters,
    bare_python,
    carrier,
    check,
    sandbox_of,
)
from ultrainteract.sandbox.base import NOTEBOOK, Cell, Manner, Sandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.types import ExecResult, Limits, Outcome

WAVE = 20
TURNS = 5
AT_ONCE = 8
STATE = "import sympy as sp\nheld = list(range(1000))"


class Counted:
    """A sandbox, and how many executions its cells were asked for. Implements `Sandbox`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.executions = 0
        self._sandbox = sandbox

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        return CountedCell(self, await self._sandbox.root(seed, tools))

    async def release(self, seed: str) -> None:
        await self._sandbox.release(seed)

    async def close(self) -> None:
        await self._sandbox.close()


class CountedCell:
    """A cell of a `Counted` sandbox. Implements `Cell`."""

    def __init__(self, sandbox: Counted, cell: Cell) -> None:
        self._sandbox, self._cell = sandbox, cell

    async def run(self, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, Cell]:
        self._sandbox.executions += 1
        result, child = await self._cell.run(code, manner)
        return result, CountedCell(self._sandbox, child)

    async def close(self) -> None:
        await self._cell.close()


async def siblings(options: argparse.Namespace) -> Part:
    """The wave of 20 from one state beside bare forks of the same snippet; replays of a path."""
    sandbox = Counted(sandbox_of(options.backend, options.image, Limits(), 1))
    rows, bars, figures = [], [], {}
    try:
        async with carrier(options.image) as container:
            (bare,) = bare_interpreters(container, 1)
            _, state = await (await sandbox.root("siblings")).run(STATE)
            for snippet in SNIPPETS:
                waves, forks = [], []
                for _ in range(options.rounds):
                    waves.append(await wave(state, snippet))
                    forks += await bare.times("fork", snippet.code, snippet.output, WAVE, steps=[])
                one, fork = latency(waves), latency(forks).p50_ms
                ratio = round(one.p50_ms / fork, 1)
                figures[snippet.name] = {
                    "wave_p50_ms": one.p50_ms,
                    "wave_p95_ms": one.p95_ms,
                    "fork_p50_ms": fork,
                    "forks": ratio,
                }
                rows.append((f"{WAVE} siblings, {snippet.name}", f"{one.p50_ms} ms"))
                bars.append(Bar(f"{WAVE} siblings, {snippet.name}, in bare forks", ratio, 30))
            bare.close()
        replays = await replays_of_a_path(sandbox)
    finally:
        await sandbox.close()
    bars.append(Bar(f"replays of a path of {TURNS} turns", replays, 0))
    found = {**figures, "path_replays": replays, "bare": bare_python()}
    return Part({"siblings": found}, rows=rows, bars=tuple(bars))


async def wave(state: Cell, snippet: Snippet) -> float:
    """Milliseconds until all siblings have their result."""
    start = perf_counter()
    results = await asyncio.gather(*(state.run(snippet.code) for _ in range(WAVE)))
    taken = 1000 * (perf_counter() - start)
    for result, child in results:
        check("a sibling", result, snippet)
        await child.close()
    return taken


async def replays_of_a_path(sandbox: Counted) -> int:
    """Executions beyond those asked for, in a notebook of five turns of four siblings."""
    notebook, before, asked = Notebook(sandbox, "path"), sandbox.executions, 0
    path: tuple[str, ...] = ()
    for turn in range(TURNS):
        codes = [code_of(turn, sibling) for sibling in range(4)]
        results = await asyncio.gather(*(notebook.execute(path, code) for code in codes))
        expect(results, turn)
        asked += len(codes)
        path = (*path, codes[turn % 4])
    await notebook.close()
    return sandbox.executions - before - asked


def code_of(turn: int, sibling: int = 0) -> str:
    """What a sibling of a turn runs: it shows every turn of its path."""
    first = "history = []" if turn == 0 else ""
    return (
        f"{first}\nhistory.append({turn})\ntable = list(range(1000))\nprint(history)  # {sibling}"
    )


def expect(results: Sequence[ExecResult], turn: int) -> None:
    """Raise RuntimeError unless every result shows the history until `turn`."""
    expected = ExecResult(Outcome.OK, f"{list(range(turn + 1))}\n")
    for result in results:
        if result != expected:
            raise RuntimeError(f"turn {turn} gave {result}")


async def trees(options: argparse.Namespace) -> Part:
    """So many open trees: the time to get a root, the memory of all, the replays of one more
    turn in each."""
    sandbox, machine = (
        sandbox_of(options.backend, options.image, Limits(), options.containers),
        Machine(),
    )
    counted = Counted(sandbox)
    try:
        start = perf_counter()
        await sandbox.warm()
        cold = perf_counter() - start
        leases = latency([await lease(sandbox, f"lease {number}") for number in range(50)])
        idle = await memory(machine)
        grown, peak = await forest(counted, machine, options.trees)
        busy = latency([await lease(sandbox, f"late lease {number}") for number in range(50)])
        before = counted.executions
        await visited(grown)
        replays = counted.executions - before - len(grown)
        containers = len(await asyncio.to_thread(machine.containers))
    finally:
        await sandbox.close()
    left = len(machine.processes())
    machine.close()
    figures = {
        "trees": options.trees,
        "containers": containers,
        "peak_mb": peak,
        "idle_mb": idle,
        "mb_per_tree": round((peak - idle) / options.trees, 2),
        "replays": replays,
        "start_s": round(cold, 2),
        "lease_p50_ms": leases.p50_ms,
        "lease_p95_ms": leases.p95_ms,
        "lease_p50_ms_with_trees": busy.p50_ms,
        "processes_after_close": left,
    }
    bars = (
        Bar(f"memory of {options.trees} open trees, MiB", peak, 8192),
        Bar("ms to a root from the warm pool", leases.p50_ms, 10),
        Bar("processes left after closing", left, 0),
    )
    return Part(
        {"trees": figures}, rows=[(key, str(value)) for key, value in figures.items()], bars=bars
    )


async def lease(sandbox: Sandbox, seed: str) -> float:
    """Milliseconds to a root, which is released again."""
    start = perf_counter()
    await sandbox.root(seed)
    taken = 1000 * (perf_counter() - start)
    await sandbox.release(seed)
    return taken


async def forest(
    sandbox: Sandbox, machine: Machine, number: int
) -> tuple[list[tuple[Notebook, tuple[str, ...]]], float]:
    """So many trees of three turns, open, with the most memory (MiB) seen on the way."""
    grown, peak = [], 0.0
    for first in range(0, number, AT_ONCE):
        seeds = [f"tree {index}" for index in range(first, min(first + AT_ONCE, number))]
        grown += await asyncio.gather(*(tree(sandbox, seed) for seed in seeds))
        peak = max(peak, await memory(machine))
    return grown, peak


async def tree(sandbox: Sandbox, seed: str) -> tuple[Notebook, tuple[str, ...]]:
    """A notebook after three turns of two siblings, and its path."""
    notebook = Notebook(sandbox, seed)
    path: tuple[str, ...] = ()
    for turn in range(3):
        codes = [code_of(turn, sibling) for sibling in range(2)]
        expect(await asyncio.gather(*(notebook.execute(path, code) for code in codes)), turn)
        path = (*path, codes[0])
    return notebook, path


async def visited(grown: Sequence[tuple[Notebook, tuple[str, ...]]]) -> None:
    """One more turn in every tree."""
    for first in range(0, len(grown), AT_ONCE):
        some = grown[first : first + AT_ONCE]
        results = await asyncio.gather(*(book.execute(path, code_of(3)) for book, path in some))
        expect(results, 3)


async def memory(machine: Machine) -> float:
    """MiB of all sandboxes, as control groups count it or by their processes: the larger."""
    counted = await asyncio.to_thread(machine.engine_mb)
    return round(max(counted, await asyncio.to_thread(machine.sandboxes_mb)), 1)
