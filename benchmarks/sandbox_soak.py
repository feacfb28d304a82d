"""Thousands of executions, one in twenty hostile: no wrong result, nothing left behind.

Trees run side by side. In each turn siblings run at once from one state, innocent ones with a
known answer beside programs of the conformance suite; every innocent sibling also shows the state
it started from. What processes, files, memory and descriptors there are is read before and after.
A program that ends in another way than the suite allows is a wrong result too, but for a timeout:
its deadline is shorter here.
"""

import argparse
import asyncio
import random
import re
import sys
from collections import Counter
from dataclasses import asdict, dataclass, field, replace

from benchmarks.sandbox_bars import Bar, Part
from benchmarks.sandbox_figures import Holdings, Machine
from benchmarks.sandbox_innocent import STATE, Innocent, innocent
from benchmarks.sandbox_ways import sandbox_of
from ultrainteract.errors import SandboxFault
from ultrainteract.sandbox.backends import WarmSandbox
from ultrainteract.sandbox.base import NOTEBOOK, Cell, CellGone, Manner, Sandbox
from ultrainteract.sandbox.checks.program import Program
from ultrainteract.sandbox.checks.suite import HOSTILE, LIMITS
from ultrainteract.types import ExecResult, Outcome

HOSTILE_SHARE = 0.05
# The engine's client keeps so many connections for later.
SPARE_DESCRIPTORS = 10
DEADLINE = 0.5
TURNS, WAVE, TREES = 5, 10, 4
LOSSES = 20
SPARE_MB = 48
STOPPED = (Outcome.TIMEOUT, Outcome.MEMORY, Outcome.OUTPUT, Outcome.KILLED)
PROGRAMS = tuple(program for group in HOSTILE.values() for program in group)


@dataclass
class Tally:
    """What came of the executions."""

    executions: int = 0
    hostile: int = 0
    rebuilt: int = 0
    faults: int = 0
    wrong: list[str] = field(default_factory=list)
    outcomes: Counter[str] = field(default_factory=Counter)

    def count(self, result: ExecResult, wrong: str) -> None:
        """One more result, with what is wrong about it."""
        self.executions += 1
        self.outcomes[result.outcome.value] += 1
        if wrong:
            self.wrong.append(wrong)
            print(f"WRONG: {wrong}", file=sys.stderr)
        if self.executions % 1000 == 0:
            print(f"{self.executions}: {dict(self.outcomes)}", file=sys.stderr)


class Tree:
    """One notebook on its way down. A state that is gone is rebuilt by replaying its path."""

    def __init__(self, sandbox: Sandbox, seed: str, tally: Tally) -> None:
        self._sandbox, self._seed, self._tally = sandbox, seed, tally
        self._path = [STATE]
        self._cell: Cell | None = None
        self._building = asyncio.Lock()

    async def run(self, code: str, manner: Manner = NOTEBOOK) -> tuple[ExecResult, Cell]:
        """As `Cell.run`, from this tree's state. Raises `SandboxFault` when it fails twice."""
        faults = losses = 0
        while True:
            cell = None
            try:
                cell = await self._state()
                return await cell.run(code, manner)
            except SandboxFault as error:
                if cell is self._cell:
                    self._cell = None
                losses += isinstance(error, CellGone)
                faults += not isinstance(error, CellGone)
                self._tally.rebuilt += isinstance(error, CellGone)
                self._tally.faults += not isinstance(error, CellGone)
                if faults > 1 or losses > LOSSES:
                    raise

    async def go_on(self, cell: Cell, *codes: str) -> None:
        """From now on this tree's state is that of `cell`, which `codes` led to."""
        self._path += codes
        if self._cell:
            await self._cell.close()
        self._cell = cell

    async def release(self) -> None:
        """Free everything."""
        await self._sandbox.release(self._seed)

    async def _state(self) -> Cell:
        async with self._building:
            if self._cell is None:
                cell = await self._sandbox.root(self._seed)
                for code in self._path:
                    _, child = await cell.run(code)
                    await cell.close()
                    cell = child
                self._cell = cell
            return self._cell


async def soak(options: argparse.Namespace) -> Part:
    """So many executions, with figures before, after, and after closing."""
    machine, tally = Machine(), Tally()
    at_start = machine.holdings()
    sandbox = sandbox_of(options.backend, options.image, LIMITS, options.containers)
    try:
        await sandbox.warm()
        await forest(sandbox, Tally(), options.seed + 1, 2 * WAVE * TURNS)
        before = await settled(sandbox, machine)
        start = asyncio.get_running_loop().time()
        await forest(sandbox, tally, options.seed, options.soak)
        seconds = asyncio.get_running_loop().time() - start
        after = await settled(sandbox, machine)
    finally:
        await sandbox.close()
    closed = machine.holdings()
    machine.close()
    figures = {
        "executions": tally.executions,
        "hostile": tally.hostile,
        "wrong": len(tally.wrong),
        "wrong_first": tally.wrong[:10],
        "outcomes": dict(tally.outcomes),
        "cells_rebuilt": tally.rebuilt,
        "faults": tally.faults,
        "seconds": round(seconds, 1),
        "at_start": asdict(at_start),
        "before": asdict(before),
        "after": asdict(after),
        "closed": asdict(closed),
    }
    rows: list[tuple[str, ...]] = [
        (name, *(str(asdict(one)[name]) for one in (at_start, before, after, closed)))
        for name in asdict(before)
    ]
    columns = ("held", "at start", "before", "after", "closed")
    return Part({"soak": figures}, columns, rows, bars(tally, at_start, before, after, closed))


async def forest(sandbox: Sandbox, tally: Tally, seed: int, executions: int) -> None:
    """Trees side by side until there were so many executions."""
    numbers = iter(range(sys.maxsize))

    async def gardener() -> None:
        while tally.executions < executions:
            await grown(sandbox, tally, f"{seed}/{next(numbers)}")

    async with asyncio.TaskGroup() as group:
        for _ in range(TREES):
            group.create_task(gardener())


async def grown(sandbox: Sandbox, tally: Tally, seed: str) -> None:
    """One tree; its programs derive from its seed."""
    draw = random.Random(seed)
    tree, total = Tree(sandbox, seed, tally), 0
    # The one that goes on is always innocent.
    share = HOSTILE_SHARE * WAVE / (WAVE - 1)
    for turn in range(TURNS):
        wave: list[Innocent | Program] = [
            draw.choice(PROGRAMS) if draw.random() < share else innocent(draw, total)
            for _ in range(WAVE - 1)
        ]
        chosen = innocent(draw, total, adds=True)
        hostile = [one.name for one in wave if isinstance(one, Program)]
        place = f"tree {seed}, turn {turn}, with {hostile}"
        *others, last = await asyncio.gather(
            *(executed(tree, one, tally, place) for one in (*wave, chosen))
        )
        # A program that was stopped leaves its parent's state: now and then that goes on.
        stopped = [child for outcome, child in others if outcome in STOPPED]
        kept = last[1]
        if stopped and draw.random() < 0.5:
            kept = stopped[0]
            await tree.go_on(kept)
        else:
            await tree.go_on(kept, chosen.code)
            total += chosen.adds
        for _, child in (*others, last):
            if child is not kept:
                await child.close()
    await tree.release()


async def executed(
    tree: Tree, one: Innocent | Program, tally: Tally, place: str
) -> tuple[Outcome, Cell]:
    """Run a program and judge its result; how it ended, and the cell it left."""
    if isinstance(one, Program):
        tally.hostile += 1
        result, child = await tree.run(one.code, hostile_manner(one))
        off = one_is_off(one, result)
    else:
        result, child = await tree.run(one.code, one.manner)
        off = one.off(result)
    tally.count(result, f"{place}: {off}" if off else "")
    return result.outcome, child


def hostile_manner(program: Program) -> Manner:
    """As the suite runs it, with a short deadline where it is going to meet it."""
    endless = program.seconds or Outcome.TIMEOUT in program.outcomes
    seconds = DEADLINE if endless else LIMITS.seconds
    return Manner(stdin=program.stdin, limits=replace(LIMITS, seconds=seconds))


def one_is_off(program: Program, result: ExecResult) -> str:
    """What is wrong about how a hostile program ended; empty when nothing is."""
    kept = f"{program.name} gave {result.outcome.value}: {result.output[:200]!r}"
    if result.outcome is Outcome.TIMEOUT:
        return ""
    if program.outcomes and result.outcome not in program.outcomes:
        return kept
    if not re.search(program.shows, result.output):
        return f"{kept}, without /{program.shows}/"
    if program.hides and re.search(program.hides, result.output):
        return f"{kept}, with /{program.hides}/"
    if len(result.output) > LIMITS.output_chars + 200:
        return f"{program.name}: {len(result.output)} characters of output"
    return ""


async def settled(sandbox: WarmSandbox, machine: Machine) -> Holdings:
    """What is held once containers that are being replaced are there, and the last is gone."""
    await sandbox.warm()
    await asyncio.sleep(2)
    return await asyncio.to_thread(machine.holdings)


def bars(
    tally: Tally, at_start: Holdings, before: Holdings, after: Holdings, closed: Holdings
) -> tuple[Bar, ...]:
    """Nothing wrong, nothing left."""
    grows = [
        Bar(f"{name} after, as before", asdict(after)[name], asdict(before)[name])
        for name in ("processes", "containers", "files", "sandboxes_descriptors")
    ]
    descriptors = before.driver_descriptors + SPARE_DESCRIPTORS
    return (
        Bar("wrong results", len(tally.wrong), 0),
        *grows,
        Bar("driver's descriptors after", after.driver_descriptors, descriptors),
        Bar("driver MiB after", after.driver_mb, before.driver_mb + SPARE_MB),
        Bar("sandboxes' MiB after", after.sandboxes_mb, before.sandboxes_mb + SPARE_MB),
        Bar("processes after closing", closed.processes, at_start.processes),
        Bar("containers after closing", closed.containers, at_start.containers),
    )
