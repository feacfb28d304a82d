"""What the overview of a run costs: facts of each tree, folded, then judged and drawn.

`python benchmarks/overview.py`. Trees of two turns, eight actions and a dozen effects are made by
the script with random words. A table, then one line of JSON; the exit code is 1 when a bar is
missed.
"""

import argparse
import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.sandbox_bars import Bar
from tests.trees import CORRECT, INCORRECT, answer, bare
from ultrainteract.dataset.gallery import hang
from ultrainteract.report.facts import facts_of
from ultrainteract.report.overview import Overview
from ultrainteract.report.quality import quality_of
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Critique, StopReason

EFFECTS = 12
"""Of such a tree: two requests for actions, eight verdicts, two critiques."""
GROWTH, EFFECT_MS, DRAW_S = 1.3, 0.05, 2.0
_WORDS = [f"word{number}" for number in range(5000)]


def main() -> int:
    """Measure, print, say by the exit code whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trees", type=int, default=100_000)
    options = parser.parse_args()
    found = measure(options.trees)
    table = Table("figure", "value", title="overview", box=None)
    for name, value in found.items():
        table.add_row(name, f"{value:,.4g}")
    Console(width=100).print(table)
    missed = [bar.said() for bar in bars(found) if not bar.met]
    print(json.dumps({**found, "missed": missed}))
    return 1 if missed else 0


def measure(trees: int) -> dict[str, float]:
    """The figures, over so many trees."""
    overview, cpu = Overview(), {"facts": 0.0, "fold": 0.0}
    tenth, json_bytes = 0.0, 0
    for number, tree in enumerate(grown(trees), start=1):
        began = time.process_time()
        facts = facts_of(tree)
        told = time.process_time()
        overview.add(facts)
        cpu["facts"] += told - began
        cpu["fold"] += time.process_time() - told
        json_bytes = len(facts.to_json())
        if number == trees // 10:
            tenth = peak_mb()
    whole = peak_mb()
    began = time.process_time()
    quality = quality_of(overview)
    judged = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        hang(overview, Path(folder))
        drawn = time.process_time()
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.png"))
    return {
        "trees": trees,
        "pairs": quality.pairs,
        "facts_us_a_tree": cpu["facts"] / trees * 1e6,
        "fold_us_a_tree": cpu["fold"] / trees * 1e6,
        "ms_an_effect": (cpu["facts"] + cpu["fold"]) / trees / EFFECTS * 1e3,
        "facts_json_bytes": json_bytes,
        "peak_mb_at_a_tenth": tenth,
        "peak_mb": whole,
        "quality_s": judged - began,
        "draw_s": drawn - judged,
        "pictures_kb": size / 1024,
    }


def bars(found: dict[str, float]) -> Iterator[Bar]:
    """What must hold."""
    yield Bar("memory, growth", found["peak_mb"] / found["peak_mb_at_a_tenth"], GROWTH)
    yield Bar("ms of CPU an effect", found["ms_an_effect"], EFFECT_MS)
    yield Bar("seconds of CPU to draw, matplotlib's import included", found["draw_s"], DRAW_S)


def grown(trees: int) -> Iterator[PreferenceTree]:
    """Trees with a pair at each turn."""
    chance = random.Random(5)
    for number in range(trees):
        statement = " ".join(chance.choices(_WORDS, k=40))
        tree = bare(statement, number, environment="math_cot")
        for _ in range(2):
            right, wrong = answer(tree, CORRECT, words(chance)), None
            for _ in range(3):
                wrong = answer(tree, INCORRECT, words(chance))
            critique = Critique("Look at the second step.", "big")
            tree.close_turn(chosen=right, rejected=wrong, expanded=wrong, critique=critique)
        tree.stop = StopReason.MAX_TURNS
        yield tree


def words(chance: random.Random) -> str:
    """Of an action: some 100."""
    return f"Step 1: {' '.join(chance.choices(_WORDS, k=chance.randint(60, 140)))}."


def peak_mb() -> float:
    """Of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
