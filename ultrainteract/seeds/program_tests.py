"""The tests of a programming problem, within bounds, as `programs.suite.read_suite` reads them.

Public tests, which the statement shows, come first; `tests_dropped` in a problem's meta counts
what the bounds left out. Every row function of a coding dataset ends here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ultrainteract.seeds.registry import Skip, digits
from ultrainteract.types import JSON

PUBLIC_CHARS, HIDDEN_CHARS = 32_768, 65_536
PUBLIC_TESTS, HIDDEN_TESTS = 10, 40
_DEPTH = 20


@dataclass(frozen=True, slots=True)
class ProgramTest:
    """What goes in, as text or as arguments, and what must come out."""

    input: JSON
    output: JSON


@dataclass(frozen=True, slots=True)
class ProgramTests:
    """All tests of a problem; `function` is called where `kind` says so.

    `dropped` counts those left out. `doubtful`: a right program may fail one.
    """

    kind: Literal["stdio", "call"] = "stdio"
    public: tuple[ProgramTest, ...] = ()
    hidden: tuple[ProgramTest, ...] = ()
    function: str = ""
    dropped: int = 0
    doubtful: bool = False

    def __bool__(self) -> bool:
        return bool(self.public or self.hidden)

    def json(self, seconds: str = "", memory_mb: str = "") -> str:
        """The text of `meta["tests"]`: type, inputs, outputs, public, and limits where known;
        empty where there is no test."""
        if not self:
            return ""
        tests = (*self.public, *self.hidden)
        row: dict[str, JSON] = {
            "type": self.kind,
            "inputs": [test.input for test in tests],
            "outputs": [test.output for test in tests],
            "public": len(self.public),
        }
        if self.function:
            row["function"] = self.function
        if seconds:
            row["seconds"] = float(seconds)
        if memory_mb:
            row["memory_mb"] = int(float(memory_mb))
        return _text(row)


@dataclass
class _Taking:
    """Takes tests while they fit; an input that came before is no further test."""

    seen: dict[str, str] = field(default_factory=dict)
    dropped: int = 0
    contradicts: bool = False

    def take(self, tests: Iterable[ProgramTest], most: int, chars: int) -> tuple[ProgramTest, ...]:
        taken: list[ProgramTest] = []
        for test in tests:
            given, wanted = _text(test.input), _text(test.output)
            size = len(given) + len(wanted)
            if given in self.seen:
                self.contradicts |= self.seen[given].split() != wanted.split()
            elif size > chars or len(taken) == most or _says_nothing(test.output):
                self.dropped += 1
            else:
                self.seen[given] = wanted
                chars -= size
                taken.append(test)
        return tuple(taken)


def bounded(
    kind: Literal["stdio", "call"],
    public: Iterable[ProgramTest],
    hidden: Iterable[ProgramTest],
    *,
    function: str = "",
    dropped: int = 0,
) -> ProgramTests:
    """The tests that fit the bounds, each input once, in order.

    `dropped` counts those that the caller left out already.
    """
    taking = _Taking(dropped=dropped)
    shown = taking.take(public, PUBLIC_TESTS, PUBLIC_CHARS)
    kept = taking.take(hidden, HIDDEN_TESTS, HIDDEN_CHARS)
    return ProgramTests(kind, shown, kept, function, taking.dropped, taking.contradicts)


def paired(value: object, what: str) -> tuple[ProgramTest, ...]:
    """Tests out of `{input: [...], output: [...]}` or `[{input, output}, ...]`; None holds none."""
    match value:
        case None:
            return ()
        case {"input": list() as inputs, "output": list() as outputs}:
            if len(inputs) != len(outputs):
                raise Skip(f"field {what} has unequal numbers of inputs and outputs")
            pairs = list(zip(inputs, outputs, strict=True))
        case list() if all(isinstance(test, Mapping) for test in value):
            pairs = [(test.get("input"), test.get("output")) for test in value]
        case _:
            raise Skip(f"field {what} holds no tests")
    return tuple(ProgramTest(as_stream(one), as_stream(other)) for one, other in pairs)


def as_stream(value: object, depth: int = 0) -> str:
    """What a program reads or prints: text as it is, lists as lines, the rest as printed."""
    if depth > _DEPTH:
        raise Skip("a test that is nested too deeply")
    match value:
        case str():
            return value
        case list():
            return "\n".join(as_stream(one, depth + 1) for one in value)
        case None:
            return ""
        case int():
            return digits(value, "a value of a test")
        case _:
            return str(value)


def _says_nothing(output: JSON) -> bool:
    # A program that prints nothing would pass.
    return isinstance(output, str) and not output.strip()


def _text(value: JSON) -> str:
    return json.dumps(value, ensure_ascii=False)
