"""The script that lets anyone try the machinery without a model.

It knows the answers of the bundled sample problems and of "What is 17 + 25?". An actor gives
the right one with probability 0.4 and a near one otherwise, drawn by a hash of seed and messages
and the choice's index; a critic speaks in general terms, so it cannot leak. Of any other problem it
knows nothing, and answers wrong.
"""

import ast
import hashlib
import json
import operator
import re
from collections.abc import Callable
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path

from ultrainteract.sampling.base import Choice, Request

RIGHT = 0.4
_SAMPLES = Path(__file__).parents[1] / "seeds" / "samples"
_SUM = re.compile(r"What is ([0-9 .+\-*/()]{1,60})\?")
_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_CRITIC = re.compile(r"\A.*\bcritic\b", re.IGNORECASE)
_CODE = re.compile(r"python (interpreter|code block)", re.IGNORECASE)
_CRITIQUES = (
    "The last step does not follow from what the steps before it set up. Work it out again.",
    "The plan is sound, but the computation slips. Redo each operation and compare the results.",
    "A condition of the statement is not used. Read it again and name every quantity in it.",
)
_FIRST = ("List what is given.", "Name the quantities.", "Say what is asked.")
_SECOND = ("Relate them to what is asked.", "Write the relation between them.")
_PROGRAMS = (
    """\
# Step 3: Compute the answer.
answer = {value}
print(answer)""",
    """\
# Step 3: Write a function for it.
def solve():
    return {value}

# Step 4: Use it.
print(solve())""",
)


def demonstrate(request: Request) -> tuple[Choice, ...]:
    """`request.n` drafts of an actor, or of a critic where the system prompt's first line says so.

    A prompt that offers a Python interpreter, or asks for a python code block, is answered with
    steps and a fenced block, any other with steps and a line `Answer: ...`.
    """
    content = json.dumps([request.seed, *(said.content for said in request.messages)]).encode()
    lots = [_Lots(content, draw) for draw in range(request.n)]
    system = next((said.content for said in request.messages if said.role == "system"), "")
    # The problem stands in one of them; a worked example before it is no sample problem.
    problem = "\n".join(said.content for said in request.messages if said.role == "user")
    if _CRITIC.search(system):
        texts = [lot.of(_CRITIQUES) for lot in lots]
    else:
        write = _program if _CODE.search(problem) else _prose
        texts = [write(_answer(problem, lot), lot) for lot in lots]
    return tuple(Choice(text, "stop") for text in texts)


class _Lots:
    """Deterministic draws: each call takes the next two bytes of one hash."""

    def __init__(self, content: bytes, draw: int) -> None:
        self._bytes = iter(hashlib.blake2b(content, salt=str(draw).encode()).digest())

    def below(self, sides: int) -> int:
        return (next(self._bytes) << 8 | next(self._bytes)) % sides

    def of(self, texts: tuple[str, ...]) -> str:
        return texts[self.below(len(texts))]


def _answer(problem: str, lot: _Lots) -> str:
    gold = known_answer(problem)
    if gold is None:
        return str(lot.below(100))
    right = lot.below(1000) < RIGHT * 1000
    return gold if right else _near(gold, 1 + lot.below(9))


def _program(answer: str, lot: _Lots) -> str:
    value = answer if re.fullmatch(r"-?\d+(\.\d+)?", answer) else repr(answer)
    body = lot.of(_PROGRAMS).format(value=value)
    return f"{_steps(lot)}\n```python\n{body}\n```"


def _prose(answer: str, lot: _Lots) -> str:
    return f"{_steps(lot)}\nStep 3: Put them together.\nAnswer: {answer}"


def _steps(lot: _Lots) -> str:
    return f"Step 1: {lot.of(_FIRST)}\nStep 2: {lot.of(_SECOND)}"


def _near(gold: str, step: int) -> str:
    """A wrong answer of the same shape: the first number in it moved up by `step`."""
    moved = re.sub(r"\d+", lambda found: str(int(found[0]) + step), gold, count=1)
    return moved if moved != gold else str(step)


@lru_cache(maxsize=4096)
def known_answer(prompt: str) -> str | None:
    """The gold answer of the sample problem or sum that `prompt` contains, else None."""
    held = [statement for statement in _samples() if statement in prompt]
    if held:
        return _samples()[max(held, key=len)]
    asked = _SUM.search(prompt)
    return _compute(asked[1]) if asked else None


@cache
def _samples() -> dict[str, str]:
    answers = {}
    for path in sorted(_SAMPLES.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row = json.loads(line)
            if {"problem", "solution"} <= row.keys():
                answers[row["problem"].strip()] = _boxed(row["solution"])
            elif "####" in str(row.get("answer")):
                gold = row["answer"].rpartition("####")[2]
                answers[row["question"].strip()] = gold.strip().replace(",", "")
    return answers


def _boxed(solution: str) -> str:
    """What the last `\\boxed{...}` holds, braces balanced."""
    inner = solution.rpartition("\\boxed{")[2]
    depth = 1
    for at, letter in enumerate(inner):
        depth += (letter == "{") - (letter == "}")
        if not depth:
            return inner[:at]
    return inner


def _compute(text: str) -> str | None:
    """A sum, exactly; `7/2` where it is no integer. None for what is no sum."""
    try:
        return str(_value(ast.parse(text.strip(), mode="eval").body))
    except (SyntaxError, ValueError, ZeroDivisionError):
        return None


def _value(node: ast.expr) -> Fraction:
    match node:
        case ast.Constant(value=int() | float() as value):
            return Fraction(str(value))
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return -_value(inner)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_value(left), _value(right))
        case _:
            raise ValueError(f"no sum: {ast.dump(node)}")
