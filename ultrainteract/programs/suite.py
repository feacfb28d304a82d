"""The tests of a program, in three shapes; a problem's row of tests becomes one of them.

`seconds` is the limit of each test (of each call, for assertions), `memory_mb` the problem's. A
public test may be shown to a model, others never.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from ultrainteract.errors import UserError
from ultrainteract.types import JSON

SECONDS = 10.0
MEMORY_MB = 1024
# The sandbox bounds address space, of which Python takes more than it uses.
LEAST_MB = 512


@dataclass(frozen=True, slots=True)
class Stdio:
    """What the program reads and what it is to print."""

    input: str
    output: str
    seconds: float = SECONDS
    public: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """Arguments of the function, and what it is to return: JSON.

    `wrapped`: the expected value may stand in a list of one, as some datasets write it.
    """

    arguments: tuple[JSON, ...]
    returns: JSON
    seconds: float = SECONDS
    public: bool = False
    wrapped: bool = False


@dataclass(frozen=True, slots=True)
class StdioSuite:
    """The program runs as a script, once a test."""

    tests: tuple[Stdio, ...]
    memory_mb: int = MEMORY_MB


@dataclass(frozen=True, slots=True)
class CallSuite:
    """The program defines `function`, or a class `Solution` with that method."""

    function: str
    tests: tuple[Call, ...]
    memory_mb: int = MEMORY_MB


@dataclass(frozen=True, slots=True)
class AssertSuite:
    """Test code: assertions, or `check(candidate)` for the function `entry_point`."""

    code: str
    entry_point: str = ""
    seconds: float = SECONDS
    memory_mb: int = MEMORY_MB
    public: bool = False


Suite: TypeAlias = StdioSuite | CallSuite | AssertSuite

SHAPES = {
    "stdio": "inputs, outputs",
    "call": "function, inputs, outputs",
    "assert": "code, entry_point",
}


def read_suite(row: Mapping[str, object]) -> Suite:
    """Tests as rows hold them: `type` and what belongs to it. Raises UserError.

    `inputs` and `outputs` are lists of one length; `seconds`, `memory_mb` and `public` (how many
    of the first tests are) may follow; a limit of null or 0 is unknown. TACO's `fn_name` is a
    `function`.
    """
    function = row.get("function", row.get("fn_name", ""))
    shape = row.get("type") or ("call" if function else "assert" if "code" in row else "stdio")
    if shape not in SHAPES or (shape == "call" and not function):
        known = "; ".join(f"{name} with {keys}" for name, keys in SHAPES.items())
        raise UserError(f"unknown shape of tests {shape!r} with {', '.join(row)}; known: {known}")
    seconds = _number(row, "seconds", SECONDS)
    memory_mb = max(LEAST_MB, int(_number(row, "memory_mb", MEMORY_MB)))
    public = int(_number(row, "public", 0))
    if shape == "assert":
        code, entry_point = str(row.get("code", "")), str(row.get("entry_point") or "")
        return AssertSuite(code, entry_point, seconds, memory_mb, public=public > 0)
    pairs = list(enumerate(_pairs(row)))
    if shape == "stdio":
        stdio = (
            Stdio(_text(given), _text(wanted), seconds, public=number < public)
            for number, (given, wanted) in pairs
        )
        return StdioSuite(tuple(stdio), memory_mb)
    wrapped = all(isinstance(wanted, list) and len(wanted) == 1 for _, (_, wanted) in pairs)
    calls = (
        Call(_arguments(given), wanted, seconds, public=number < public, wrapped=wrapped)
        for number, (given, wanted) in pairs
    )
    return CallSuite(str(function).rpartition(".")[2], tuple(calls), memory_mb)


def _pairs(row: Mapping[str, object]) -> list[tuple[JSON, JSON]]:
    inputs, outputs = row.get("inputs"), row.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise UserError(f"tests need lists of inputs and outputs; there are {', '.join(row)}")
    if len(inputs) != len(outputs):
        raise UserError(f"tests have {len(inputs)} inputs and {len(outputs)} outputs")
    return list(zip(inputs, outputs, strict=True))


def _arguments(given: JSON) -> tuple[JSON, ...]:
    return tuple(cast("Sequence[JSON]", given)) if isinstance(given, list) else (given,)


def _text(value: JSON) -> str:
    """Some datasets hold the lines of a text."""
    if isinstance(value, list):
        return "\n".join(str(line) for line in value)
    return value if isinstance(value, str) else json.dumps(value)


def _number(row: Mapping[str, object], key: str, default: float) -> float:
    value = row.get(key)
    if value is None or value == 0:
        return default  # as datasets write an unknown limit
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UserError(f"tests: {key} is {value!r}, not a number")
    return value
