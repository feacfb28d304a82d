"""The program's end of a call, inside its process. Standard library only.

It answers calls by handing text to the host's tool, in parts that the sandbox lets through. All
it says is the program's claim: the program never sees what a value is compared with.
"""

import builtins
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

from ultrainteract.programs.wire import Reader, Uncrossable, Writer

T = TypeVar("T")
PART = 30_000
# What may be asked of a kept value; nothing here shows the program the value it should equal.
BUILTINS = ("getattr", "setattr", "len", "bool", "str", "repr", "list", "next", "getitem")


class Global:
    """A global of the program by name: looked up when it is used."""

    def __init__(self, name: str) -> None:
        self.name = name


class Callee:
    """Calls what a program defined. `hand_over(ticket, number, part, last=...)` is the host's."""

    def __init__(self, namespace: dict[str, object], hand_over: Callable[..., object]) -> None:
        self._namespace = namespace
        self._hand_over = hand_over
        self._kept: list[object] = []
        self._numbers: dict[int, int] = {}
        self._reader = Reader(self._opened, rich=True)
        offered = {name: getattr(builtins, name, None) for name in BUILTINS}
        self._builtins = {**offered, "getitem": lambda value, key: value[key]}

    def call(self, ticket: str, request: str, *, keeps: bool) -> None:
        """Call as `request` says, and hand over `[value, changed]` or what was raised.

        `changed` holds the mutable arguments that look different now, by position or name.
        `keeps`: values that are not plain stay here under a number.
        """
        writer = Writer(self._keep) if keeps else Writer()
        try:
            answer = self._answer(request, writer)
        except Uncrossable as error:
            answer = f'{{"uncrossable":{writer.write(str(error))}}}'
        for number, at in enumerate(range(0, len(answer), PART)):
            last = at + PART >= len(answer)
            self._hand_over(ticket, number, answer[at : at + PART], last=last)

    def _answer(self, request: str, writer: Writer) -> str:
        target, args, kwargs = cast("list[Any]", self._reader.read(request))
        given = dict(enumerate(args)) | kwargs
        before = {key: writer.write(value) for key, value in given.items() if mutable(value)}

        def called() -> object:
            given.update({key: self._resolved(value) for key, value in given.items()})
            named = {key: given[key] for key in kwargs}
            return self._function(target)(*[given[at] for at in range(len(args))], **named)

        value, error = attempted(called)
        if error is not None:
            kinds = [kind.__name__ for kind in type(error).__mro__]
            return f'{{"raised":{writer.write([kinds, said(error)])}}}'
        # What an argument became is written after the value: a lazy value may change it.
        text = writer.write(value)
        after = {key: writer.write(given[key]) for key in before}
        changed = [[key, given[key]] for key in before if after[key] != before[key]]
        return f'{{"returned":[{text},{writer.write(changed)}]}}'

    def _resolved(self, value: object) -> object:
        return self._global(value.name) if isinstance(value, Global) else value

    def _function(self, target: object) -> Callable[..., object]:
        """What a target names: a global, of `BUILTINS`, or kept."""
        if isinstance(target, str):
            kind, _, name = target.partition(":")
            if kind == "builtin":
                return cast("Callable[..., object]", self._builtins[name])
            if kind == "fetch":
                return lambda: self._global(name)
            raise Uncrossable(f"an unknown target {target}")
        return cast("Callable[..., object]", self._resolved(target))

    def _global(self, name: str) -> object:
        if name in self._namespace:
            return self._namespace[name]
        if "Solution" in self._namespace:
            solution = cast("Callable[[], object]", self._namespace["Solution"])()
            if hasattr(solution, name):
                return getattr(solution, name)
        raise NameError(f"name {name!r} is not defined")

    def _keep(self, value: object) -> str:
        number = self._numbers.setdefault(id(value), len(self._kept))
        if number == len(self._kept):
            self._kept.append(value)
        return f'{{"kept":{Writer().write([number, type(value).__name__])}}}'

    def _opened(self, tag: str, payload: object) -> object:
        if tag == "kept":
            return self._kept[cast("list[int]", payload)[0]]
        if tag == "name":
            return Global(str(payload))
        raise Uncrossable(f"an unknown tag {tag}")


def mutable(value: object) -> bool:
    """Whether a call may change an argument in place."""
    return type(value).__name__ in {"list", "dict", "set", "bytearray", "deque", "ndarray"}


def said(error: BaseException) -> str:
    """An error's message, bounded; a message of its own making may fail."""
    text, _ = attempted(lambda: str(error)[:300])
    return text or ""


def attempted(code: Callable[[], T]) -> tuple[T | None, BaseException | None]:
    """What the program's own code returns, or what it raises: its errors are its answer, and so is
    an exit."""
    try:
        return code(), None
    except BaseException as error:  # noqa: BLE001
        return None, error


def install(namespace: dict[str, object]) -> None:
    """Make the callee known to the cells of this root, under a name no program uses.

    The program counts as imported, not as run: what it guards by its name does not run.
    """
    hand_over = cast("Callable[..., object]", namespace.pop("hand_over"))
    namespace["__callee__"] = Callee(namespace, hand_over)
    namespace["__name__"] = "program"
    sys.modules["program"] = sys.modules["__main__"]
