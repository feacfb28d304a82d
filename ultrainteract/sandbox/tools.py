"""Functions of the host that programs call by name; the sandbox itself has no network.

Arguments and answers are JSON. What a tool says reaches the program; what goes wrong with the
machinery fails the run as `SandboxFault` and never reaches it.
"""

import asyncio
import inspect
import json
import keyword
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import get_type_hints

from pydantic import TypeAdapter, ValidationError

from ultrainteract.errors import SandboxFault

log = logging.getLogger(__name__)

REASON = 300
"""Characters of a mismatch that a program is told."""
Answer = dict[str, object]


class ToolError(Exception):
    """Raised by a tool for its caller: the program gets it as a RuntimeError with this text."""


@dataclass(frozen=True, slots=True)
class HostTool:
    """An `async def` with annotated parameters of JSON types, offered under its own name.

    Arguments are checked against the signature. It has `seconds` to answer, in at most `chars`
    characters of JSON; the program's clock stands still meanwhile.
    """

    function: Callable[..., Awaitable[object]]
    seconds: float = 30.0
    chars: int = 100_000

    @property
    def name(self) -> str:
        """What programs call it."""
        return self.function.__name__


class Toolbox:
    """The tools of one root. Raises TypeError for a function that cannot be offered."""

    def __init__(self, tools: Sequence[HostTool] = ()) -> None:
        self._offers = {tool.name: _Offer(tool) for tool in tools}
        if len(self._offers) < len(tools):
            raise TypeError(f"two tools share a name: {', '.join(tool.name for tool in tools)}")

    @property
    def names(self) -> list[str]:
        """What programs may call."""
        return list(self._offers)

    async def answer(self, name: str, args: object, kwargs: object) -> Answer:
        """The answer to a call as it travels: `value`, or `error` with its `kind`, or `fault`."""
        offer = self._offers.get(name)
        if offer is None:
            known = ", ".join(self._offers)
            return _error("TypeError", f"no tool {name[:REASON]!r}; there are: {known}")
        try:
            bound = offer.bind(args, kwargs)
        except TypeError as error:
            return _error("TypeError", str(error))
        try:
            return {"value": offer.bounded(await offer.call(bound))}
        except ToolError as error:
            return _error("RuntimeError", str(error))
        except SandboxFault as fault:
            # Only text crosses to the kernel and back: the cause is told here.
            log.warning("%s", fault, exc_info=fault)
            return {"fault": str(fault)}


class _Offer:
    """A tool as programs meet it: arguments checked, time and size bounded."""

    def __init__(self, tool: HostTool) -> None:
        function, name = tool.function, tool.name
        signature = inspect.signature(function)
        hints = get_type_hints(function, include_extras=True)
        if not name.isidentifier() or keyword.iskeyword(name):
            raise TypeError(f"a tool needs a name that programs can call: {name!r} is none")
        for parameter in signature.parameters.values():
            gathers = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            if gathers or parameter.name not in hints:
                raise TypeError(f"parameter {parameter} of tool {name} needs a JSON type")
        self._tool = tool
        self._signature = signature
        self._types = {key: TypeAdapter(hints[key]) for key in signature.parameters}
        shown = signature.replace(return_annotation=inspect.Signature.empty)
        self._usage = f"{name}{shown}"

    def bind(self, args: object, kwargs: object) -> inspect.BoundArguments:
        """The arguments, checked. Raises TypeError that names what was expected."""
        try:
            if not isinstance(args, list) or not isinstance(kwargs, dict):
                raise TypeError("called in no way that Python knows")  # noqa: TRY301
            bound = self._signature.bind(*args, **kwargs)
            for key, value in bound.arguments.items():
                bound.arguments[key] = self._checked(key, value)
        except TypeError as error:
            raise TypeError(f"{self._usage}: {error}"[:REASON]) from error
        return bound

    def _checked(self, key: str, value: object) -> object:
        try:
            return self._types[key].validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_context=False)[0]
            place = ".".join(map(str, (key, *problem["loc"])))
            raise TypeError(f"{place}: {problem['msg']}") from error

    async def call(self, bound: inspect.BoundArguments) -> object:
        """What the function returns. Raises `ToolError`, and `SandboxFault` for all else."""
        tool = self._tool
        limit = asyncio.timeout(tool.seconds)
        try:
            async with limit:
                return await tool.function(*bound.args, **bound.kwargs)
        except ToolError:
            raise
        except Exception as error:
            late = f"no answer within {tool.seconds:g} s"
            reason = late if limit.expired() else f"{type(error).__name__}: {error}"
            raise SandboxFault(f"the host tool {tool.name} failed: {reason}") from error

    def bounded(self, value: object) -> object:
        """The answer. Raises `SandboxFault` when it is no JSON or longer than promised."""
        name, most = self._tool.name, self._tool.chars
        try:
            size = len(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError, RecursionError) as error:
            raise SandboxFault(f"the host tool {name} failed: no JSON value: {error}") from error
        if size > most:
            raise SandboxFault(
                f"the host tool {name} failed: {size} characters of JSON, over {most}"
            )
        return value


def _error(kind: str, text: str) -> Answer:
    return {"error": text, "kind": kind}
