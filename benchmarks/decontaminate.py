"""Decontaminate 86,000 made-up instructions against 20,000 test items.

`python benchmarks/decontaminate.py`. Words follow Zipf's law, so that common runs of words recur.
A known number of instructions quotes a run of eight words, or a whole item for the substring
rule. The bar: within 60 s and 1 GiB at most, every quoting instruction removed, and no more than
the made-up text accounts for by chance. The last line is JSON; the exit code is 1 when missed.
"""

import argparse
import json
import random
import resource
import time
from itertools import accumulate

from rich.console import Console
from rich.table import Table

from ultrainteract.select import Benchmark, Item, Rule, decontaminate
from ultrainteract.types import Problem, Reference

SECONDS, PEAK_MB = 60.0, 1024.0
VOCABULARY, LEAST, MOST = 30_000, 40, 200


def main() -> int:
    """Make the data, remove what overlaps, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instructions", type=int, default=86_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--quoting", type=int, default=500)
    options = parser.parse_args()
    made = Made(random.Random(0))
    benchmarks, quotes = made.benchmarks(options.items, options.quoting)
    problems = made.problems(options.instructions, quotes)
    start = time.perf_counter()
    selection = decontaminate(problems, benchmarks)
    seconds = time.perf_counter() - start
    gone = {one.native_id for one in selection.removed}
    result = {
        "instructions": len(problems),
        "items": sum(len(one.items) for one in benchmarks),
        "words": made.written,
        "seconds": round(seconds, 2),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        "quoting": len(quotes),
        "found": sum(str(place) in gone for place in range(len(quotes))),
        "removed": len(selection.removed),
    }
    table = Table(title="decontaminate", box=None)
    for key, value in result.items():
        table.add_row(key, str(value))
    Console().print(table)
    print(json.dumps(result))
    met = seconds <= SECONDS and result["peak_mb"] <= PEAK_MB
    return 0 if met and result["found"] == result["quoting"] else 1


class Made:
    """Texts of made-up words."""

    def __init__(self, lots: random.Random) -> None:
        self.written = 0
        self._lots = lots
        letters = "aeiounrstlmd"
        self._words = ["".join(lots.choices(letters, k=3 + n % 7)) for n in range(VOCABULARY)]
        self._weights = list(accumulate(1 / (rank + 10) for rank in range(VOCABULARY)))

    def text(self, least: int = LEAST, most: int = MOST) -> str:
        """Some sentences."""
        count = self._lots.randint(least, most)
        self.written += count
        chosen = self._lots.choices(self._words, cum_weights=self._weights, k=count)
        lines = (chosen[start : start + 12] for start in range(0, count, 12))
        return ".\n".join(" ".join(line).capitalize() for line in lines)

    def benchmarks(self, items: int, quoting: int) -> tuple[list[Benchmark], list[str]]:
        """Two test sets, and what is quoted of them: half of it runs, half of it whole items."""
        texts = [self.text() for _ in range(items)]
        half = items // 2
        runs = [" ".join(text.upper().split()[9:17]) for text in texts[: quoting // 2]]
        whole = [text.replace("\n", "  ") for text in texts[half : half + quoting - len(runs)]]
        first, second = (
            tuple(Item(str(place), text) for place, text in enumerate(part))
            for part in (texts[:half], texts[half:])
        )
        return [Benchmark("runs", first), Benchmark("whole", second, Rule.SUBSTRING)], runs + whole

    def problems(self, count: int, quotes: list[str]) -> list[Problem]:
        """Problems, the first of which quote."""
        quoting = [f"{self.text()} {quote} {self.text()}" for quote in quotes]
        plain = (self.text() for _ in range(count - len(quotes)))
        return [
            Problem("made", str(place), text, Reference("1"), ("coding",))
            for place, text in enumerate([*quoting, *plain])
        ]


if __name__ == "__main__":
    raise SystemExit(main())
