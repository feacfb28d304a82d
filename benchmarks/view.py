"""How quickly the viewer answers over a large run: list, search and tree pages within 100 ms.

`python benchmarks/view.py` makes a journal of `--trees` trees through the pipeline's own code, or
takes the run at `--run`; waits until the catalogue has all of them; then asks pages of each kind
over HTTP, one after the other, each with another address. A table, then one line of JSON; the
exit code is 1 when the 95th percentile of a kind misses the bar.
"""

import argparse
import http.client
import json
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from rich.console import Console
from rich.table import Table

from benchmarks.size_journal import build, write_seed
from ultrainteract.catalogue.catalogue import FILE, Catalogue
from ultrainteract.catalogue.order import ORDERS, Order, Place
from ultrainteract.catalogue.search import Search
from ultrainteract.cluster.beginning import SynthesisRequest
from ultrainteract.config_file import load_config
from ultrainteract.journal import FILE as JOURNAL
from ultrainteract.journal import Journal

BAR_MS = 100.0
CONFIG = """
models: {actor: {model: scripted, kind: scripted}, other: {model: also scripted, kind: scripted}}
roles: {actors: [actor], rejected: [other], critic: actor, allow_self_critique: true}
sampling: {waves: [2], guided_samples: 0, critic_draws: 1}
tree: {max_turns: 2}
"""
# Words that are in every tree, in many, and in few.
_WORDS = ("books", "library spring", "step 1", '"two numbers"', "conditio*", "slips")
_FILTERS = (
    {"verdict": "incorrect"},
    {"verdict": "correct", "turn": "2"},
    {"model": "other", "failure": "wrong answer"},
    {"dataset": "gsm8k", "environment": "math_cot"},
    {"state": "all_correct"},
)


def main() -> int:
    """Measure, print, say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100_000, help="in the journal that is made")
    parser.add_argument("--run", type=Path, help="a run that is there, instead")
    parser.add_argument("--asks", type=int, default=300, help="requests of each kind")
    parser.add_argument("--processes", type=int, default=2, help="that make the journal")
    parser.add_argument("--only-build", action="store_true", help="make the journal at --run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ultrainteract-view-") as name:
        run = options.run or Path(name) / "run"
        made = time.monotonic()
        if not (run / JOURNAL).exists():
            _make(run, options.trees, options.processes)
        built = time.monotonic() - made
        if options.only_build:
            return 0
        with _viewer(run) as address:
            caught_up = _await_catalogue(run)
            kinds = _addresses(run, options.asks)
            found = {kind: _measure(address, pages) for kind, pages in kinds.items()}
        figures: dict[str, object] = {
            "trees": sum(_catalogue(run).states().values()),
            "journal_mb": round((run / JOURNAL).stat().st_size / 2**20),
            "catalogue_mb": round((run / FILE).stat().st_size / 2**20),
            "journal_s": round(built),
            "catalogue_s": round(caught_up),
        }
    missed = [kind for kind, ms in found.items() if _percentile(ms, 95) > BAR_MS]
    _show(found, figures)
    told = {kind: _summary(ms) for kind, ms in found.items()}
    print(json.dumps({**figures, "ms": told, "bar_ms": BAR_MS, "missed": missed}))
    return 1 if missed else 0


def _make(run: Path, trees: int, processes: int) -> None:
    run.parent.mkdir(parents=True, exist_ok=True)
    seed, config = run.parent / "seed.jsonl", run.parent / "config.yaml"
    write_seed(seed, trees)
    config.write_text(CONFIG)
    request = SynthesisRequest(
        "gsm8k", run, load_config(config, []), environments=("math_cot",), source=str(seed)
    )
    build(request, processes)


@contextmanager
def _viewer(run: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "ultrainteract.cli.main", "view", str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        found = re.search(r"127\.0\.0\.1:\d+", process.stdout.readline())
        assert found
        try:
            yield found[0]
        finally:
            process.terminate()


def _catalogue(run: Path) -> Catalogue:
    return Catalogue(run)


def _await_catalogue(run: Path) -> float:
    """Seconds until every tree that ended is listed and drawn."""
    began = time.monotonic()
    journal, catalogue = Journal(run, readonly=True), _catalogue(run)
    wanted = journal.grown()
    while sum(catalogue.states().values()) < wanted or catalogue.meta("drawn") != str(
        catalogue.revision
    ):
        time.sleep(1)
    journal.close()
    catalogue.close()
    return time.monotonic() - began


def _addresses(run: Path, asks: int) -> Mapping[str, Sequence[str]]:
    """Pages of each kind, drawn by lot: the same for the same run."""
    lot = random.Random(0)
    journal = Journal(run, readonly=True)
    places, ended = journal.places(), journal.ended()
    journal.close()
    orders = [lot.choice([one for one in ORDERS.values() if one.column]) for _ in range(asks)]
    sorts = [{"sort": one.name} for one in orders]
    trees = lot.choices([tree for tree in places if tree in ended], k=asks)
    values = _values(run)
    edges = lot.choices(list(places.values()), k=asks)
    searched = [{"text": lot.choice(_WORDS)} for _ in range(asks)]
    numbers = [{"text": str(lot.randrange(1000, 9000))} for _ in range(asks)]
    filtered = [dict(lot.choice(_FILTERS)) for _ in range(asks)]
    both = [{**one, **other} for one, other in zip(searched, filtered, strict=True)]
    return {
        "overview": ["/"] * asks,
        "list": [f"/trees?after={edge}" for edge in edges],
        "search: common words": [
            _list(one, edge) for one, edge in zip(searched, edges, strict=True)
        ],
        "search: rare words": [_list(one) for one in numbers],
        "filters": [_list(one, edge) for one, edge in zip(filtered, edges, strict=True)],
        "in another order": [
            _sorted({}, order, lot.choice(values[order.column]), edge)
            for order, edge in zip(orders, edges, strict=True)
        ],
        "search in another order": [
            _sorted(one, order, lot.choice(values[order.column]), edge)
            for one, order, edge in zip(both, orders, edges, strict=True)
        ],
        "common words in another order": [
            _list({**one, **sort}) for one, sort in zip(searched, sorts, strict=True)
        ],
        "search with filters": [_list(one, edge) for one, edge in zip(both, edges, strict=True)],
        "tree": [f"/trees/{tree}" for tree in trees],
        "tree out of a search": [
            f"/trees/{tree}?{urlencode(one)}" for tree, one in zip(trees, both, strict=True)
        ],
        "tree out of a sorted search": [
            f"/trees/{tree}?{urlencode({**one, **sort})}"
            for tree, one, sort in zip(trees, both, sorts, strict=True)
        ],
        "node": [f"/trees/{tree}/nodes/0" for tree in trees],
    }


def _values(run: Path) -> Mapping[str, Sequence[int]]:
    """Some that trees have, by what they are ordered by."""
    catalogue = _catalogue(run)
    rows = catalogue.page(Search(), 1000).rows
    catalogue.close()
    columns = {one.column for one in ORDERS.values() if one.column}
    return {name: [int(getattr(row.entry, name)) for row in rows] for name in columns}


def _sorted(filters: Mapping[str, str], order: Order, value: int, edge: int) -> str:
    place = {"sort": order.name, "after": str(Place(edge, value))}
    return f"/trees?{urlencode({**filters, **place})}"


def _list(filters: Mapping[str, str], after: int = -1) -> str:
    place = {"after": str(after)} if after >= 0 else {}
    return f"/trees?{urlencode({**filters, **place})}"


def _measure(address: str, pages: Sequence[str]) -> list[float]:
    """Milliseconds of each, over one connection, as a browser keeps it."""
    where = urlsplit(f"http://{address}")
    connection = http.client.HTTPConnection(where.hostname or "", where.port)
    found = []
    for page in pages:
        began = time.perf_counter()
        connection.request("GET", page)
        answer = connection.getresponse()
        body = answer.read()
        found.append(1000 * (time.perf_counter() - began))
        assert answer.status == 200, (page, answer.status)
        assert body.rstrip().endswith(b"</html>"), page
    connection.close()
    return found


def _percentile(ms: Sequence[float], percent: int) -> float:
    return statistics.quantiles(ms, n=100, method="inclusive")[percent - 1]


def _summary(ms: Sequence[float]) -> dict[str, float]:
    return {
        "p50": round(_percentile(ms, 50), 1),
        "p95": round(_percentile(ms, 95), 1),
        "max": round(max(ms), 1),
    }


def _show(found: Mapping[str, Sequence[float]], figures: Mapping[str, object]) -> None:
    table = Table("page", "asked", "p50 ms", "p95 ms", "max ms", title="view", box=None)
    for kind, ms in found.items():
        told = _summary(ms)
        table.add_row(kind, str(len(ms)), *(f"{value:.1f}" for value in told.values()))
    console = Console(width=100)
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in figures.items()), highlight=False)


if __name__ == "__main__":
    sys.exit(main())
