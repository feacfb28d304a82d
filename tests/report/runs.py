"""Facts of a run with every kind of figure, its names of anyone's choice."""

import random
from collections.abc import Iterator
from dataclasses import replace

from ultrainteract.report.facts import Actions, Asked, Decided, Lost, PairFacts, TreeFacts
from ultrainteract.report.likeness import signature
from ultrainteract.report.overview import Overview
from ultrainteract.report.surface import Ending, Surface

HOSTILE = "<script>alert('x')</script>\"><img src=https://evil.example/a> $x^2$ 漢 ]](javascript:x)"
LEVELS = {"math": ("Level 1", "Level 2", "Level 3"), "gsm8k": ("",), HOSTILE: (HOSTILE,)}
FAILURES = ("wrong answer", "wrong answer", "wrong answer", "NameError", "timeout", "no answer")


def side(chance: random.Random, longer: float = 1.0) -> Surface:
    """Of about 400 characters, times `longer`."""
    length = int(chance.lognormvariate(6, 0.4) * longer)
    return Surface(
        characters=length,
        lines=chance.randint(1, 12),
        steps=chance.randint(0, 5),
        code=chance.randint(0, length),
        digits=chance.randint(0, length // 4),
        ending=chance.choice(list(Ending)),
    )


def facts(trees: int = 200, longer: float = 1.0, seed: int = 3) -> Iterator[TreeFacts]:
    """Trees of one to four pairs whose rejected sides are `longer` than the chosen ones."""
    chance = random.Random(seed)
    for number in range(trees):
        name = chance.choice(list(LEVELS))
        turns = chance.randint(1, 4)
        graded = chance.randint(2, 8)
        yield TreeFacts(
            id=f"{number:016x}",
            problem_id=f"p{number // 2}",
            dataset=name,
            environment="math_cot",
            task="Math_CoT",
            level=chance.choice(LEVELS[name]),
            stop="max_turns" if number % 10 else "",
            turns=turns,
            actions=(Actions(1, "correct", 3), Actions(1, "incorrect", 4), Actions(2, "step", 1)),
            first_graded=graded,
            first_correct=chance.randint(0, graded),
            rules=(Decided("number", "correct", 3), Decided(HOSTILE, "incorrect", 4)),
            pairs=tuple(
                PairFacts(
                    turn,
                    side(chance),
                    side(chance, longer),
                    chance.choice(FAILURES),
                    signature(*(str(chance.random()) for _ in range(20))).hex(),
                )
                for turn in range(1, turns + 1)
            ),
            no_pair="",
            models=(Asked("small", 4, 900, 300, chance.random()), Asked(HOSTILE, 1, 100, 50, 1.0)),
            lost=(Lost(HOSTILE, 1),) if number % 50 == 0 else (),
            critiques=turns - 1,
            redrawn=0,
            masked=0,
        )


def overview(trees: int = 200, longer: float = 1.0) -> Overview:
    """Over `facts`."""
    return Overview.of(facts(trees, longer))


def alike(trees: int) -> Iterator[TreeFacts]:
    """Trees whose pairs are all those of the first."""
    first, *rest = facts(trees)
    yield first
    yield from (replace(one, pairs=first.pairs) for one in rest)
