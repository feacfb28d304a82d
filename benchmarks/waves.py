"""Waves of samples against 20 fixed ones: tokens a pair, and whether the pairs are the same.

`python benchmarks/waves.py`. Both sides grow trees of the same problems through the real loop,
with simulated models of known pass rates; only `sampling.waves` differs. The sides are swapped
at random problem by problem, which is an exact test of equal distributions: of what is chosen,
of what is rejected (rung, author, style) and of the pairs' turns. Controls, which are biased rules
over the same trees, must fail the same test. `early` is waves with both early ends switched on. The
last line is JSON; the exit code is 1 where a bar is missed.
"""

import argparse
import asyncio
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.waves_models import LEVELS, MODELS, Simulated, problem, style
from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.environment import instruct
from ultrainteract.grow import grow_tree
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import Judgement

# The level of the test, and what waves may cost of the fixed side's tokens a pair.
P = 0.001
COST = 0.8
SWAPS = 4000
LADDERS: dict[str, dict[str, object]] = {
    "two actors": {"actors": ["weak", "strong"], "critic": "critic"},
    "other models": {"actors": ["weak"], "rejected": ["other", "another"], "critic": "critic"},
}
SIDES: dict[str, dict[str, dict[str, object]]] = {
    "fixed": {"sampling": {"waves": [20]}},
    "waves": {"sampling": {"waves": [4, 8, 8]}},
    "early": {
        "sampling": {"waves": [4, 8, 8], "all_correct_after": 12},
        "tree": {"never_correct_after": 2},
    },
}
Kind = tuple[object, ...]


@dataclass
class Side:
    """What the trees of one side came to; a counter a problem for each distribution."""

    ladder: str
    pairs: int = 0
    calls: int = 0
    tokens: int = 0
    correct: int = 0
    counts: dict[str, list[Counter[Kind]]] = field(default_factory=dict)

    @property
    def tokens_a_pair(self) -> float:
        """Prompt and completion."""
        return self.tokens / max(1, self.pairs)

    def add(self, tree: PreferenceTree) -> None:
        """Count one tree."""
        self.pairs += sum(1 for _ in tree.pairs())
        self.calls += sum(spent.calls for spent in tree.spent.values())
        self.tokens += sum(spent.tokens for spent in tree.spent.values())
        self.correct += sum(1 for _ in tree.with_verdict(Judgement.CORRECT))
        for name, kinds in (DISTRIBUTIONS | CONTROLS[self.ladder]).items():
            self.counts.setdefault(name, []).append(Counter(kinds(tree)))


def chosen(tree: PreferenceTree) -> Iterator[Kind]:
    """Of each pair, its chosen action."""
    return (_kind(pair.chosen) for pair in tree.pairs())


def rejected(tree: PreferenceTree) -> Iterator[Kind]:
    """Of each pair, its rejected action."""
    return (_kind(pair.rejected) for pair in tree.pairs())


def pairs(tree: PreferenceTree) -> Iterator[Kind]:
    """The turns of the pairs."""
    return ((pair.turn,) for pair in tree.pairs())


def shortest(tree: PreferenceTree) -> Iterator[Kind]:
    """A control: the more correct actions a turn has, the shorter is the shortest."""
    for pair in tree.pairs():
        rights = _judged(tree, pair.turn, Judgement.CORRECT)
        yield _kind(min(rights, key=lambda node: len(node.action.text)))


def any_wrong(tree: PreferenceTree) -> Iterator[Kind]:
    """A control: by lot among the incorrect actions of all rungs, of which waves finish few."""
    for pair in tree.pairs():
        wrongs = _judged(tree, pair.turn, Judgement.INCORRECT)
        yield _kind(random.Random(f"{tree.instruction.id} {pair.turn}").choice(wrongs))


def any_right(tree: PreferenceTree) -> Iterator[Kind]:
    """A control: by lot among all correct actions, those of the other models included."""
    for pair in tree.pairs():
        rights = _judged(tree, pair.turn, Judgement.CORRECT)
        yield _kind(random.Random(f"{tree.instruction.id} {pair.turn}").choice(rights))


DISTRIBUTIONS: dict[str, Callable[[PreferenceTree], Iterable[Kind]]] = {
    "chosen": chosen,
    "rejected": rejected,
    "pairs": pairs,
}
CONTROLS: dict[str, dict[str, Callable[[PreferenceTree], Iterable[Kind]]]] = {
    "two actors": {"shortest correct": shortest, "any incorrect": any_wrong},
    "other models": {"shortest correct": shortest, "any correct": any_right},
}


def _judged(tree: PreferenceTree, turn: int, judgement: Judgement) -> list[Node]:
    return [node for node in tree.with_verdict(judgement) if node.turn == turn]


def _kind(node: Node) -> Kind:
    drawn = node.action.sampling
    return drawn.rung, drawn.model, style(node.action.text)


def main() -> int:
    """Grow, compare, print, say by the exit code whether the bars are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=4000, help="of each ladder")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    record: dict[str, object] = {"problems": options.problems, "seed": options.seed}
    missed: list[str] = []
    for ladder in LADDERS:
        sides = {name: asyncio.run(grow(ladder, name, options)) for name in SIDES}
        test = {
            name: p_value(sides["waves"].counts[name], sides["fixed"].counts[name], options.seed)
            for name in DISTRIBUTIONS | CONTROLS[ladder]
        }
        ratio = sides["waves"].tokens_a_pair / sides["fixed"].tokens_a_pair
        missed += [f"{ladder}: {line}" for line in misses(ratio, test)]
        show(ladder, sides, test)
        record[ladder] = {
            **{name: figures(side) for name, side in sides.items()},
            "tokens_a_pair_of_fixed": round(ratio, 3),
            "p": {name: round(p, 5) for name, p in test.items()},
        }
    for line in missed:
        print("missed:", line)
    print(json.dumps({**record, "missed": missed}))
    return 1 if missed else 0


async def grow(ladder: str, name: str, options: argparse.Namespace) -> Side:
    """All problems on one side."""
    config, side = configured(ladder, name, options.seed), Side(ladder)
    for number in range(options.problems):
        instruction = instruct(problem(number), "math_cot")
        level = LEVELS[number % len(LEVELS)]
        world = Simulated(instruction, level, f"{options.seed} {ladder} {name} {number}")
        side.add(await grow_tree(instruction, config, world))
    return side


def configured(ladder: str, name: str, seed: int) -> RunConfig:
    """The paper's turns; prices, limits and the like do not matter here."""
    models = {model: {"model": model} for model in (*MODELS, "critic")}
    data = {"seed": seed, "models": models, "roles": LADDERS[ladder], **SIDES[name]}
    return parse_config(data, name)


def p_value(ours: list[Counter[Kind]], theirs: list[Counter[Kind]], seed: int) -> float:
    """How often swapping the sides of problems at random separates them as far as they are.

    The distance is a sum of squared differences, each over what is there of its kind.
    """
    totals = sum((*ours, *theirs), Counter[Kind]())
    kinds = [kind for kind, total in totals.items() if total >= 10]
    differences = np.array(
        [
            [one[kind] - other[kind] for kind in kinds]
            for one, other in zip(ours, theirs, strict=True)
        ]
    )
    weights = 1 / np.array([totals[kind] for kind in kinds])
    rng = np.random.default_rng(seed)
    signs = rng.choice([-1, 1], size=(SWAPS, len(differences)))
    signs[0] = 1
    distances = ((signs @ differences) ** 2) @ weights
    return float(np.mean(distances >= distances[0] * (1 - 1e-12)))


def misses(ratio: float, test: dict[str, float]) -> Iterator[str]:
    """The bars that do not hold."""
    if not ratio <= COST:
        yield f"waves take {ratio:.2f} of the tokens a pair, more than {COST}"
    for name, p in test.items():
        if name in DISTRIBUTIONS and p < P:
            yield f"{name} differs between the sides (p = {p:.4f})"
        if name not in DISTRIBUTIONS and p >= P:
            yield f"control {name!r} looks the same on both sides (p = {p:.4f}): the test is blind"


def figures(side: Side) -> dict[str, float]:
    """What JSON says of a side."""
    return {
        "pairs": side.pairs,
        "correct": side.correct,
        "tokens_a_pair": round(side.tokens_a_pair),
        "pairs_per_1000_calls": round(1000 * side.pairs / side.calls, 1),
        "pairs_per_million_tokens": round(1e6 * side.pairs / side.tokens, 1),
    }


def show(ladder: str, sides: dict[str, Side], test: dict[str, float]) -> None:
    """A table for a ladder."""
    table = Table(title=ladder, box=None, padding=(0, 2), title_justify="left")
    heads = ["side", *figures(sides["fixed"])]
    for head in heads:
        table.add_column(head.replace("_", " "))
    for name, side in sides.items():
        table.add_row(name, *(f"{value:,}" for value in figures(side).values()))
    console = Console(width=120)
    console.print(table)
    for name, p in test.items():
        words = "" if name in DISTRIBUTIONS else ", a biased rule"
        console.print(f"  waves against fixed, {name}{words}: p = {p:.4f}", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
