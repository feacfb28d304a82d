"""The program as the tests see it. Standard library only; runs where the test code runs.

Every name under test is a `Remote`: calls go to the host, which makes them in the program's own
cell. What the program cannot send by value stays a `Remote` too. Comparing one, or computing
with one, would let the program judge itself: it ends the tests as undecided.
"""

import builtins
import reprlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from ultrainteract.programs.wire import Reader, Uncrossable, Writer

PART = 30_000
Ask = Callable[..., object]


class Undecided(BaseException):
    """These tests decide nothing. No test code catches it by accident."""


class Ended(BaseException):
    """The program is gone: timeout, memory, exit. The host knows why."""


class Channel:
    """Calls through the host: `ask(number, part, last=...)`.

    `last` is the last call and what came of it, as text; `undecided` says why these tests decide
    nothing, also when their code swallows it.
    """

    def __init__(self, ask: Ask) -> None:
        self.last = ("", "")
        self.undecided = ""
        self._ask = ask
        self._calls = 0
        self._writer = Writer(self._sent)
        self._reader = Reader(self._opened, rich=True)

    def call(self, target: object, args: Sequence[object], kwargs: Mapping[str, object]) -> object:
        """What the program returned; raises what it raised, as the builtin class of that name."""
        try:
            request = self._writer.write([target, list(args), dict(kwargs)])
        except Uncrossable as error:
            self.refuse(f"an argument of the tests: {error}")
        called = described(target, args, kwargs) if type(target) is Remote else ""
        how, said = self._exchange(request, called)
        if how == "uncrossable":
            self.refuse(str(said))
        if how == "raised":
            kinds, message = cast("Any", said)
            self._heard(called, f"{kinds[0]}: {message}")
            # It would end a `map` of the tests, and with it the assertion, in silence.
            ends = type(target) is Remote and kinds[0] in {"StopIteration", "GeneratorExit"}
            raise RuntimeError(message) if ends else builtin_error(kinds, message)
        value, changed = cast("Any", said)
        self._heard(called, excerpt(value))
        given: dict[object, object] = {**dict(enumerate(args)), **dict(kwargs.items())}
        for key, new in changed:
            carry_back(given[key], new)
        return value

    def refuse(self, reason: str) -> None:
        """Raises Undecided."""
        self.undecided = self.undecided or reason
        raise Undecided(reason)

    def _exchange(self, request: str, called: str) -> tuple[str, object]:
        self._heard(called, "")
        for at in range(0, len(request), PART):
            last = at + PART >= len(request)
            answer = self._ask(self._calls, request[at : at + PART], last=last)
        self._calls += 1
        if not isinstance(answer, str):
            raise Ended
        try:
            return self._reader.answer(answer)
        except Uncrossable as error:
            return "uncrossable", error

    def _heard(self, called: str, got: str) -> None:
        if called:
            self.last = (called, got)

    def _sent(self, value: object) -> str:
        if type(value) is Remote:
            return cast("str", object.__getattribute__(value, "_tag"))
        raise Uncrossable(f"a value of type {type(value).__name__} cannot cross")

    def _opened(self, tag: str, payload: object) -> object:
        if tag != "kept":
            raise Uncrossable(f"an unknown tag {tag}")
        number, kind = cast("Any", payload)
        return Remote(self, f'{{"kept":[{int(number)}]}}', str(kind))

    def named(self, name: str) -> "Remote":
        """The program's global of that name, whatever it is when it is used."""
        return Remote(self, f'{{"name":"{name}"}}', name)


class Remote:
    """Something that stays with the program."""

    __slots__ = ("_channel", "_name", "_tag")

    def __init__(self, channel: Channel, tag: str, name: str) -> None:
        for slot, value in (("_channel", channel), ("_tag", tag), ("_name", name)):
            object.__setattr__(self, slot, value)

    def __call__(self, *args: object, **kwargs: object) -> object:
        return channel_of(self).call(self, args, kwargs)

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        value = asked(self, "getattr", name)
        if type(value) is Remote:
            object.__setattr__(value, "_name", f"{name_of(self)}.{name}")
        return value

    def __setattr__(self, name: str, value: object) -> None:
        asked(self, "setattr", name, value)

    def __getitem__(self, key: object) -> object:
        return asked(self, "getitem", key)

    def __len__(self) -> int:
        return cast("int", asked(self, "len"))

    def __bool__(self) -> bool:
        return cast("bool", asked(self, "bool"))

    def __str__(self) -> str:
        return cast("str", asked(self, "str"))

    def __repr__(self) -> str:
        return cast("str", asked(self, "repr"))

    def __iter__(self) -> Iterator[object]:
        return iter(cast("list[object]", asked(self, "list")))

    def __next__(self) -> object:
        return asked(self, "next")

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return cast("type", refuse(self))


def asked(remote: Remote, builtin: str, *args: object) -> object:
    """What the program's own `builtin` says of it."""
    return channel_of(remote).call(f"builtin:{builtin}", (remote, *args), {})


def channel_of(remote: Remote) -> Channel:
    """Where its calls go."""
    return cast("Channel", object.__getattribute__(remote, "_channel"))


def name_of(remote: Remote) -> str:
    """What the tests call it, or the name of its type."""
    return cast("str", object.__getattribute__(remote, "_name"))


def refuse(remote: Remote, *_: object) -> object:
    """Raises Undecided: here the program's own methods would decide."""
    channel_of(remote).refuse(f"a value of type {name_of(remote)} cannot cross")
    return None


COMPARISONS = "eq ne lt le gt ge hash contains int float index complex round abs neg pos invert"
ARITHMETIC = "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift divmod"
for _name in COMPARISONS.split():
    setattr(Remote, f"__{_name}__", refuse)
for _name in ARITHMETIC.split():
    setattr(Remote, f"__{_name}__", refuse)
    setattr(Remote, f"__r{_name}__", refuse)


def described(function: Remote, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """A call as a reader would write it, its arguments cut short."""
    given = [excerpt(value) for value in args]
    given += [f"{name}={excerpt(value)}" for name, value in kwargs.items()]
    return f"{name_of(function)}({', '.join(given)})"


def builtin_error(kinds: list[str], message: str) -> BaseException:
    """An exception of the nearest builtin class; Exception where none is known."""
    for name in kinds:
        kind = getattr(builtins, name, None)
        if isinstance(kind, type) and issubclass(kind, BaseException):
            try:
                return kind(message)
            except TypeError:  # some need more than a message
                continue
    return Exception(message)


def carry_back(old: object, new: object) -> None:
    """Make an argument look as the program left it."""
    match old, new:
        case (list(), list()) | (bytearray(), bytearray()):
            old[:] = new  # type: ignore[index]
        case (dict(), dict()) | (set(), set()):
            old.clear()  # type: ignore[attr-defined]
            old.update(new)  # type: ignore[attr-defined]
        case deque(), deque():
            old.clear()
            old.extend(new)
        case _ if type(old).__name__ == "ndarray":
            cast("Any", old)[...] = new


class Excerpts(reprlib.Repr):
    """Short texts of values; a `Remote` is not asked for its own."""

    def repr_Remote(self, value: Remote, _: int) -> str:  # noqa: N802
        return f"<{name_of(value)}>"

    def repr_int(self, value: int, _: int) -> str:
        bits = value.bit_length()
        return f"<an integer of {bits} bits>" if bits > 1000 else repr(value)  # noqa: PLR2004


_excerpts = Excerpts()
_excerpts.maxlist = _excerpts.maxtuple = _excerpts.maxset = _excerpts.maxdict = 10
_excerpts.maxstring = _excerpts.maxother = 100


def excerpt(value: object) -> str:
    """At most some 200 characters of what `repr` gives."""
    text = _excerpts.repr(value)
    return text if len(text) <= 200 else f"{text[:200]}..."  # noqa: PLR2004
