"""What orchestrating a model call costs: our whole durable pipeline, Curator, two bare loops.

`python benchmarks/orchestration.py` runs every client as a user would, in turns, against the same
protocol server, with the same messages and replies; the answers take 0 and 200 ms. Ours is
`ultrainteract synthesize` with a journal on disk: a tree a problem, one turn, graded. A table, then
one line of JSON; the exit code is 1 when a bar is missed.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from benchmarks.orchestration_clients import Client, clients, curator_python, write_rows
from benchmarks.orchestration_run import DAEMONS, Asked, Cost, ask, cost, messages
from benchmarks.sandbox_bars import Bar

OURS, PEER = "ultrainteract", "curator"
CPU_MS, MEMORY_MB = 0.8, 281


class Case(NamedTuple):
    """One cell of the comparison; `in_flight` is 0 for a client's own default."""

    client: str
    latency_ms: int
    in_flight: int

    @property
    def setting(self) -> str:
        """As the JSON line names it."""
        return str(self.in_flight) if self.in_flight else "defaults"


def main() -> int:
    """Compare, print, say by the exit code whether the bars are met."""
    options = parser().parse_args()
    names = options.clients.split(",")
    curator = curator_python(options.curator) if PEER in names else Path()
    chosen = [one for one in clients(curator) if one.name in names]
    with tempfile.TemporaryDirectory(prefix="ultrainteract-rows-") as name:
        costs = compare(chosen, Path(name), options)
    show(costs)
    missed = [bar.said() for bar in bars(costs) if not bar.met]
    print(json.dumps({**figures(costs), "missed": missed}))
    return 1 if missed else 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(description=__doc__)
    made.add_argument("--calls", type=int, default=3000, help="of each run")
    made.add_argument(
        "--slow-calls", type=int, default=150, help="of Curator with its defaults: some 3 a second"
    )
    made.add_argument("--clients", default="ultrainteract,curator,aiohttp,openai")
    made.add_argument("--latencies", default="0,200", help="milliseconds")
    made.add_argument("--in-flight", type=int, default=256, help="beside the defaults")
    made.add_argument("--rounds", type=int, default=2, help="turns of every client")
    made.add_argument("--curator", default="", metavar="PYTHON", help="of an environment with it")
    return made


def compare(
    chosen: list[Client], folder: Path, options: argparse.Namespace
) -> dict[Case, list[Cost]]:
    """The clients take turns, and who begins changes with each round."""
    rows = {count: write_rows(folder / str(count), count) for count in counts(options)}
    costs: dict[Case, list[Cost]] = {}
    single: dict[Case, Asked] = {}
    for turn in range(options.rounds):
        order = [*chosen[turn % len(chosen) :], *chosen[: turn % len(chosen)]]
        for client, case in cases(order, options):
            slow = client.name == PEER and not case.in_flight
            wanted = rows[options.slow_calls if slow else options.calls]
            many = ask(client, wanted, case.in_flight, case.latency_ms)
            if case not in single:
                as_long = max(1000 * many.seconds, case.latency_ms)
                single[case] = ask(client, rows[1], case.in_flight, as_long, bodies=True)
            found = cost(many, single[case])
            costs.setdefault(case, []).append(found)
            print(f"{client.name}, {case.latency_ms} ms, {case.setting}: {found}", flush=True)
    if any(messages(one) != messages(other) for one, other in pairs([*single.values()])):
        raise RuntimeError("the clients did not send the same messages")
    return costs


def counts(options: argparse.Namespace) -> set[int]:
    """How many rows the runs take."""
    return {1, options.calls, options.slow_calls}


def cases(order: list[Client], options: argparse.Namespace) -> Iterator[tuple[Client, Case]]:
    """Every client in every setting that it has."""
    for latency in map(int, options.latencies.split(",")):
        for in_flight in (0, options.in_flight):
            for client in order:
                if in_flight or not client.bare:
                    yield client, Case(client.name, latency, in_flight)


def pairs(all_of: list[Asked]) -> Iterator[tuple[Asked, Asked]]:
    """Each with the first."""
    return ((all_of[0], other) for other in all_of[1:])


def median(values: Iterable[float]) -> float:
    """Of the rounds."""
    return round(statistics.median(values), 3)


def figure(name: str, found: list[Cost]) -> float:
    """A field of `Cost`, as the median of the rounds."""
    return median([asdict(one)[name] for one in found])


def show(costs: dict[Case, list[Cost]]) -> None:
    """The table."""
    columns = ("client", "latency ms", "in flight", "calls/s", "with start-up", "CPU ms a call")
    table = Table(*columns, "peak MB", "of which", title="orchestration", box=None)
    for case, found in sorted(costs.items(), key=lambda item: (item[0][1:], item[0])):
        parts = (f"{name} {median([one.cpu[name] for one in found]):g}" for name in found[0].cpu)
        table.add_row(
            case.client,
            str(case.latency_ms),
            case.setting,
            f"{figure('calls_per_s', found):.0f}",
            f"{figure('whole_calls_per_s', found):.0f}",
            f"{figure('cpu_ms_per_call', found):.2f}",
            f"{figure('peak_mb', found):.0f}",
            ", ".join(parts),
        )
    Console(width=200).print(table)
    print(f"'of which' holds {DAEMONS} and the server, which the CPU a call leaves out")


def figures(costs: dict[Case, list[Cost]]) -> dict[str, object]:
    """The JSON line: client, latency, setting; then our ratios to the others."""
    said: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    ratios: dict[str, float] = {}
    names = ("calls_per_s", "whole_calls_per_s", "cpu_ms_per_call", "peak_mb")
    for case, found in costs.items():
        latencies = said.setdefault(case.client, {}).setdefault(f"{case.latency_ms}ms", {})
        latencies[case.setting] = {name: figure(name, found) for name in names}
        ours = costs.get(case._replace(client=OURS))
        if ours and case.client != OURS:
            ratios[f"{case.client} {case.latency_ms}ms {case.setting}"] = rate(ours, found)
    return {"clients": said, "our_rate_over_theirs": ratios}


def rate(ours: list[Cost], theirs: list[Cost]) -> float:
    """How many times as many calls a second we make."""
    return round(figure("calls_per_s", ours) / figure("calls_per_s", theirs), 2)


def bars(costs: dict[Case, list[Cost]]) -> Iterator[Bar]:
    """What must hold of ours."""
    for case, found in costs.items():
        what = f"{case.latency_ms} ms, {case.setting}"
        ours = costs.get(case._replace(client=OURS))
        if case.client == OURS:
            yield Bar(f"CPU ms a call, {what}", figure("cpu_ms_per_call", found), CPU_MS)
            yield Bar(f"peak MB, {what}", figure("peak_mb", found), MEMORY_MB)
        elif case.client == PEER and ours:
            yield Bar(f"calls/s over Curator's, {what}", rate(ours, found), 1, least=True)


if __name__ == "__main__":
    sys.exit(main())
