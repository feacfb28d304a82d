"""Simulated models for `waves.py`: effects whose pass rates are known, told apart by style.

A problem has a level; a model solves it at a rate that its strength, the level and the style of the
action it answers to decide. A right and a wrong action have one of several styles each, longer or
shorter, so that a bias of what is kept shows as another mix of styles.
"""

import random
import re
from dataclasses import dataclass, field

from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Judgement,
    Message,
    Problem,
    Reference,
    Usage,
    Verdict,
)

# Pass rates of the weakest actor by level: from hopeless to nearly always right.
LEVELS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9, 0.98)
RIGHT, WRONG = "42", "13"
_HINT = "Look again at which operation the words ask for."
_STYLE = re.compile(r"Style (\d)")


@dataclass(frozen=True)
class Model:
    """`rate` turns an odds ratio over the weakest actor; styles are drawn by these weights."""

    odds: float
    right: tuple[float, ...]
    wrong: tuple[float, ...]

    def rate(self, level: float) -> float:
        """How often it solves a problem of that level."""
        return 0.0 if not level else self.odds * level / (1 - level + self.odds * level)


MODELS = {
    "weak": Model(1, (8, 4, 2, 1), (5, 3, 2, 1)),
    "strong": Model(4, (1, 2, 4, 8), (1, 2, 3, 5)),
    "other": Model(0.5, (1, 1, 1, 1), (1, 4, 1, 1)),
    "another": Model(0.25, (1, 1, 1, 1), (1, 1, 4, 1)),
}


def problem(number: int) -> Problem:
    """One of a level by its number."""
    reference = Reference(RIGHT, "Six sevens are 42.")
    return Problem("waves", str(number), f"Problem {number}: 6 * 7?", reference, ("math_cot",))


def style(text: str) -> int:
    """The style of an action."""
    found = _STYLE.search(text)
    return int(found[1]) if found else -1


@dataclass
class Simulated:
    """Effects of one tree. `salt` tells independent runs of the same problem apart."""

    instruction: Instruction
    level: float
    salt: str
    samples: int = field(default=0)

    async def sample(self, request: Request) -> Reply:
        """Independent actions, or the same hint each time."""
        if request.model == "critic":
            return Reply((Choice(_HINT, "stop"),), _usage(request.messages, [_HINT]))
        self.samples += request.n
        rng = random.Random(f"{self.salt} {request.model} {request.seed}")
        texts = [self._action(MODELS[request.model], request, rng) for _ in range(request.n)]
        choices = tuple(Choice(text, "stop") for text in texts)
        return Reply(choices, _usage(request.messages, texts))

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Nothing is run."""
        raise AssertionError(f"these trees run no code, nor {code!r} after {path}")

    async def judge(self, claim: Claim) -> Verdict:
        """By comparison."""
        same = Judgement.CORRECT if claim.predicted == claim.gold else Judgement.INCORRECT
        return Verdict(same, "exact", "simulated")

    def _action(self, model: Model, request: Request, rng: random.Random) -> str:
        turn = sum(message.role == "assistant" for message in request.messages)
        rate = model.rate(self.level)
        if turn > 1:
            # What was wrong before decides how much its critique helps.
            rate += (1 - rate) * 0.1 * style(request.messages[-2].content)
        right = rng.random() < rate
        weights = model.right if right else model.wrong
        (drawn,) = rng.choices(range(len(weights)), weights)
        steps = "so " * rng.randrange(60, 160 * (drawn + 1))
        return f"Step 1: Style {drawn}, {steps}done.\nAnswer: {RIGHT if right else WRONG}"


def _usage(messages: tuple[Message, ...], texts: list[str]) -> Usage:
    """A token is a word here."""
    prompt = sum(message.content.count(" ") + 1 for message in messages)
    return Usage(prompt, sum(text.count(" ") + 1 for text in texts))
