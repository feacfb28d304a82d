"""The rule sets a claim can be judged by: an exact stage, and a slow one for a worker.

The slow stage is a name, `module:function`, so that the caller never imports what only a worker
needs. `register` adds a kind; its slow stage must be importable in a fresh interpreter.
"""

from collections.abc import Callable
from dataclasses import dataclass

from ultrainteract.errors import unknown
from ultrainteract.verify import choice, exact, text, wtq
from ultrainteract.verify.context import Context
from ultrainteract.verify.finding import Finding

Exact = Callable[[str, str, Context], Finding | None]


@dataclass(frozen=True, slots=True)
class Kind:
    """`exact(predicted, gold, context)` decides at once or gives None; `slow` then decides in a
    worker. An exact stage that decides always has no slow one."""

    exact: Exact
    slow: str = ""


_kinds: dict[str, Kind] = {
    "math": Kind(exact.decide, "ultrainteract.verify.math:equal"),
    "choice": Kind(choice.decide, "ultrainteract.verify.option_values:equal"),
    "yes_no": Kind(text.yes_no),
    "text": Kind(text.short),
    "hotpotqa": Kind(text.hotpotqa),
    "wtq": Kind(wtq.decide),
}


def register(name: str, kind: Kind) -> None:
    """Add or replace a rule set."""
    _kinds[name] = kind


def kind(name: str) -> Kind:
    """The rule set of that name. Raises UnknownName."""
    if name not in _kinds:
        raise unknown("kind of claim", name, _kinds)
    return _kinds[name]
