"""All ways side by side: one snippet, one or two workers, in turns."""

import argparse
import asyncio
from collections import defaultdict
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from time import perf_counter

import docker
from benchmarks.sandbox_bars import Bar, Part
from benchmarks.sandbox_figures import Machine, latency
from benchmarks.sandbox_ways import (
    SNIPPETS,
    Bare,
    Executed,
    Sandboxed,
    Snippet,
    Started,
    Way,
    backends,
    bare_interpreters,
    bare_python,
    carrier,
    sandbox_of,
)
from ultrainteract.types import Limits

WORKERS = (1, 2)
# p50 ms seen before on another 2-core machine: trivial, sympy.
ANCHORS = {
    "fork": ("2.1-3.7", "10-11.5"),
    "ultrainteract": ("3.5-8", "10.8-17"),
    "python -c": ("12", "377"),
    "docker exec": ("82", "423"),
    "docker run --rm": ("300-530", "610"),
}
NAMES = {"docker": "ultrainteract", "bubblewrap": "ultrainteract-bubblewrap"}
BARS = {"trivial": (2.0, 10.0), "sympy": (1.5, 25.0)}


@dataclass
class Taken:
    """Milliseconds of executions, and the wall seconds that all of them took."""

    ms: list[float] = field(default_factory=list)
    seconds: float = 0.0


Results = dict[tuple[str, str, int], Taken]


async def ways(options: argparse.Namespace) -> Part:
    """Every way that works here."""
    async with AsyncExitStack() as stack:
        measured = await started(stack, options.image, options.ways)
        results: Results = defaultdict(Taken)
        for way in measured:
            for snippet in SNIPPETS:
                await timed(way, snippet, max(WORKERS), Taken())
        for turn in range(options.rounds):
            # Who goes first changes: what one way leaves in the caches meets another's.
            for place in range(len(measured)):
                way = measured[(turn + place) % len(measured)]
                for snippet in SNIPPETS:
                    for workers in WORKERS:
                        taken = results[way.name, snippet.name, workers]
                        await timed(way, snippet, workers, taken)
        memory = await memories(measured)
        closing = {way.name: latency(way.closing) for way in measured if isinstance(way, Sandboxed)}
    return summed(results, memory, {name: one.p50_ms for name, one in closing.items()})


async def started(stack: AsyncExitStack, image: str, wanted: list[str]) -> list[Way]:
    """The ways of those names (all without), warm; the stack ends them."""
    container = await stack.enter_async_context(carrier(image))
    bare = bare_interpreters(container, max(WORKERS))
    engine = docker.from_env(timeout=120)
    stack.callback(engine.close)
    fork = Bare("fork", "fork", 20, bare)
    stack.push_async_callback(fork.close)
    ours = []
    for backend in await backends():
        boxes = [sandbox_of(backend, image, Limits(), 1) for _ in range(max(WORKERS))]
        ours.append(Sandboxed(NAMES[backend], boxes))
    rest: list[Way] = [
        Bare("python -c", "start", 4, bare),
        Executed(container),
        Started(engine, image),
    ]
    known: list[Way] = [fork, *ours, *rest]
    found = [way for way in known if way.name in wanted or not wanted]
    for way in found:
        if isinstance(way, Sandboxed):
            stack.push_async_callback(way.close)
            await way.start()
    return found


async def timed(way: Way, snippet: Snippet, workers: int, taken: Taken) -> None:
    """One batch of each of so many workers at once."""
    start = perf_counter()
    batches = (way.run(worker, snippet, way.weight) for worker in range(workers))
    for batch in await asyncio.gather(*batches):
        taken.ms += batch
    taken.seconds += perf_counter() - start


async def memories(measured: list[Way]) -> dict[tuple[str, str], float]:
    """MiB that one open cell costs, by way and snippet."""
    machine = Machine()
    costs = {}
    for way in measured:
        for snippet in SNIPPETS:
            before = await asyncio.to_thread(machine.sandboxes_mb)
            await way.hold(snippet)
            after = await asyncio.to_thread(machine.sandboxes_mb)
            await way.drop()
            costs[way.name, snippet.name] = round((after - before) / way.cells, 2)
    machine.close()
    return costs


def summed(
    results: Results, memory: dict[tuple[str, str], float], closing: dict[str, float]
) -> Part:
    """Figures, rows and bars."""
    listed, rows = [], []
    for (name, snippet, workers), taken in results.items():
        one = latency(taken.ms)
        per_s = round(len(taken.ms) / taken.seconds, 1)
        mb = memory[name, snippet]
        listed.append(
            {
                "name": name,
                "snippet": snippet,
                "workers": workers,
                "p50_ms": one.p50_ms,
                "p95_ms": one.p95_ms,
                "per_s": per_s,
                "mb_per_cell": mb,
                "executions": len(taken.ms),
            }
        )
        known = ANCHORS.get(name, ("", ""))[snippet == "sympy"] if workers == 1 else ""
        row = (name, snippet, workers, one.p50_ms, known, one.p95_ms, per_s, mb)
        rows.append(tuple(map(str, row)))
    ratios = {
        "ratio_to_fork": ratio(results, "ultrainteract", "fork"),
        "ratio_to_docker_exec": ratio(results, "docker exec", "ultrainteract"),
        "bubblewrap_ratio_to_fork": ratio(results, NAMES["bubblewrap"], "fork"),
    }
    bars = [
        Bar(f"{name}, times a bare fork", value, BARS[name][0])
        for name, value in ratios["ratio_to_fork"].items()
    ] + [
        Bar(f"{name}, docker exec's times", value, BARS[name][1], least=True)
        for name, value in ratios["ratio_to_docker_exec"].items()
    ]
    figures = {"ways": listed, **ratios, "close_p50_ms": closing, "bare": bare_python()}
    columns = ("way", "snippet", "workers", "p50 ms", "anchor ms", "p95 ms", "per s", "MB a cell")
    rows.sort(key=lambda row: (row[1] != "trivial", row[2]))
    return Part(figures, columns, rows, tuple(bars))


def ratio(results: Results, above: str, below: str) -> dict[str, float]:
    """How many times the p50 of the one is that of the other, by snippet, where both are there."""
    measured = {name for name, _, _ in results}
    if not {above, below} <= measured:
        return {}
    return {
        snippet.name: round(median(results, above, snippet) / median(results, below, snippet), 2)
        for snippet in SNIPPETS
    }


def median(results: Results, name: str, snippet: Snippet) -> float:
    """p50 of one worker."""
    return latency(results[name, snippet.name, 1].ms).p50_ms
