"""Tests for programming problems that have none: a model writes inputs, the references answer.

As the paper does for TACO (arXiv 2404.02078, appendix A): twelve inputs, basic, edge and large
ones; a test is what all reference solutions print alike.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from ultrainteract.claims import PROGRAM, kind_of
from ultrainteract.config import RunConfig
from ultrainteract.ladder import request_seed
from ultrainteract.prompts import Prompt
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.types import ExecResult, Instruction, Message, Outcome

AT_LEAST, AT_MOST = 4, 12
SOLUTIONS = 3
TOKENS = 4096
# Reads a file as its standard input, whichever way the program asks for it.
_RUN = """import os, sys
with open("input.txt", "w") as _file: _file.write({given!r})
os.dup2(os.open("input.txt", os.O_RDONLY), 0)
sys.stdin = open(0, closefd=False)
exec(compile({code!r}, "solution.py", "exec"), {{"__name__": "__main__"}})"""


class _Effects(Protocol):
    async def sample(self, request: Request) -> Reply: ...

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult: ...


async def with_tests(
    instruction: Instruction, config: RunConfig, effects: _Effects
) -> Instruction | None:
    """The instruction, with written tests where it is to be graded by tests and has none.

    None when too few inputs came, or too few on which the references agree.
    """
    if kind_of(instruction) != PROGRAM or instruction.meta.get("tests"):
        return instruction
    solutions = instruction.reference.solutions[:SOLUTIONS]
    inputs = await _inputs(instruction, config, effects) if solutions else []
    answered = [(given, await _answer(given, solutions, effects)) for given in inputs]
    kept = [(given, printed) for given, printed in answered if printed]
    if len(kept) < AT_LEAST:
        return None
    limits = {"seconds": "time_limit", "memory_mb": "memory_limit"}
    tests = {
        "type": "stdio",
        "inputs": [given for given, _ in kept],
        "outputs": [printed for _, printed in kept],
        "public": 0,
        **{
            key: float(instruction.meta[name])
            for key, name in limits.items()
            if instruction.meta.get(name)
        },
    }
    return replace(instruction, meta={**instruction.meta, "tests": json.dumps(tests)})


async def _inputs(instruction: Instruction, config: RunConfig, effects: _Effects) -> list[str]:
    asked = Prompt.load("coding/tests").render(statement=instruction.statement)
    request = Request(
        model=config.roles.actors[-1],
        messages=(Message("user", asked),),
        n=1,
        seed=request_seed(config, instruction.id, 0, "tests"),
        temperature=config.sampling.temperature,
        top_p=config.sampling.top_p,
        max_tokens=TOKENS,
    )
    reply = await effects.sample(request)
    return _listed(reply.choices[0].text) if reply.choices else []


def _listed(text: str) -> list[str]:
    """The texts of the JSON list in a reply, each once."""
    found = re.search(r"\[.*\]", text, re.DOTALL)
    try:
        values = json.loads(found[0]) if found else []
    except (ValueError, RecursionError):
        return []
    inputs = (value if value.endswith("\n") else f"{value}\n" for value in _texts(values))
    return list(dict.fromkeys(inputs))[:AT_MOST]


def _texts(values: object) -> list[str]:
    return [one for one in values if isinstance(one, str)] if isinstance(values, list) else []


async def _answer(given: str, solutions: Sequence[str], effects: _Effects) -> str:
    """What all solutions print; empty where they do not agree, or one does not end well."""
    printed = set()
    for code in solutions:
        result = await effects.execute((), _RUN.format(given=given, code=code))
        whole = result.outcome is Outcome.OK and "[... cut:" not in result.output
        printed.add(" ".join(result.output.split()) if whole else "")
        said = result.output
    return said if len(printed) == 1 and printed != {""} else ""
