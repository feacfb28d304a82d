"""The `input_output` field of TACO and APPS: JSON text of inputs, outputs and maybe `fn_name`.

With `fn_name` a function is called, and an input is its arguments; else a program reads and
prints. LeetCode's outputs are the values themselves, Codewars' stand in a list of one. String
arguments of LeetCode keep their quotes: the recorded outputs were made with them.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import replace

from ultrainteract.seeds.program_tests import ProgramTest, ProgramTests, as_stream, bounded
from ultrainteract.seeds.registry import DIGITS, Row, Skip

# Shorter ones occur in any statement by chance.
_TELLING = 8
_NEITHER = "tests neither read standard input nor call a function"


class _Uncarried:
    """A number that JSON or the interpreter cannot carry: no encoder takes it."""

    def __init__(self, digits: str) -> None:
        self.digits = digits


def input_output_tests(row: Row, statement: str) -> ProgramTests:
    """The tests of a row; public where the statement shows them, none where the field is empty.

    Skips a row whose field is absent or malformed.
    """
    content = _parsed(row["input_output"])
    inputs, outputs = (content.get(key) or [] for key in ("inputs", "outputs"))
    if not isinstance(inputs, list) or not isinstance(outputs, list):
        raise Skip("field input_output holds no lists")
    if len(inputs) != len(outputs):
        raise Skip("field input_output has unequal numbers of inputs and outputs")
    name, starter = content.get("fn_name"), row.optional("starter_code")
    method = "class Solution" in starter
    if not name:
        # GeeksforGeeks: `n = 5\narr[] = {5, 10}` for a method whose name is not given.
        if method:
            raise Skip(_NEITHER)
        streams = map(ProgramTest, map(as_stream, inputs), map(as_stream, outputs))
        return _split(list(streams), statement)
    if not isinstance(name, str) or not name.isidentifier():
        raise Skip("field input_output has a fn_name that is no name")
    return _calls(name, inputs, outputs, statement, wraps=not method)


def parsed(value: object, what: str) -> object:
    """JSON text as a value; None for nothing; what is no text, as it is. Skips malformed text."""
    if not isinstance(value, str):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value, parse_int=_integer, parse_constant=_Uncarried)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Skip(f"field {what} is not valid JSON") from error


def _parsed(value: object) -> dict[str, object]:
    content = parsed(value, "input_output")
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise Skip("field input_output is not an object")
    return content


def _integer(digits: str) -> object:
    return int(digits) if len(digits) <= DIGITS else _Uncarried(digits)


def _split(tests: Iterable[ProgramTest], statement: str) -> ProgramTests:
    folded = "".join(statement.split())
    public: list[ProgramTest] = []
    hidden: list[ProgramTest] = []
    for test in tests:
        given = "".join(str(test.input).split())
        (public if given and given in folded else hidden).append(test)
    return bounded("stdio", public, hidden)


def _calls(
    name: str, inputs: list[object], outputs: list[object], statement: str, *, wraps: bool
) -> ProgramTests:
    wrapped = wraps and all(isinstance(out, list) and len(out) == 1 for out in outputs)
    folded = "".join(statement.split())
    public: list[ProgramTest] = []
    hidden: list[ProgramTest] = []
    lost = 0
    for given, out in zip(inputs, outputs, strict=True):
        wanted = out[0] if wrapped and isinstance(out, list) else out
        test = ProgramTest(_arguments(given), wanted)  # type: ignore[arg-type]
        text = _carried(test)
        if text is None:
            lost += 1
            continue
        shown = [part for part in text if part in folded]
        telling = sum(map(len, shown)) >= _TELLING and len(shown) == len(text)
        (public if telling else hidden).append(test)
    tests = bounded("call", public, hidden, function=name, dropped=lost)
    # A program that counts on letters fails on the quotes around them.
    quoted = not wraps and any(_quoted(test.input) for test in (*public, *hidden))
    return replace(tests, doubtful=True) if quoted else tests


def _quoted(value: object) -> bool:
    match value:
        case str():
            return re.fullmatch(r'".*"', value, re.DOTALL) is not None
        case list():
            return any(map(_quoted, value))
        case _:
            return False


def _arguments(given: object) -> list[object]:
    if isinstance(given, list):
        return given
    if isinstance(given, str):
        # The first form of APPS: one argument a line, each in JSON.
        return [parsed(line, "input_output") for line in given.splitlines()]
    raise Skip("field input_output has arguments that are no list")


def _carried(test: ProgramTest) -> list[str] | None:
    try:
        arguments = test.input if isinstance(test.input, list) else []
        json.dumps(test.output)
        return [re.sub(r"\s", "", json.dumps(one, ensure_ascii=False)) for one in arguments]
    except (TypeError, RecursionError):
        return None
