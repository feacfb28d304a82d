"""What a property of a sandbox is, and what checking it found.

A property is a function over a `Bench`: it returns what was seen in a few words, or raises
`Broken` with what was expected and what was seen instead.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from ultrainteract.sandbox.checks.bench import Bench

Check = Callable[[Bench], Awaitable[str]]


class Status(StrEnum):
    """Of one property. Unsupported: the backend does not offer it, or concedes it."""

    HELD = "held"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


@dataclass(frozen=True, slots=True)
class Property:
    """`name` is `group.check`. A backend may concede it only where it is `concedable`."""

    name: str
    check: Check
    concedable: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found; `seen` in words, `ms` of wall time."""

    name: str
    status: Status
    seen: str
    ms: int


def properties(group: str, *checks: Check, concedable: bool = True) -> tuple[Property, ...]:
    """A property for each function, named after it."""
    return tuple(
        Property(f"{group}.{getattr(check, '__name__', '')}", check, concedable) for check in checks
    )
