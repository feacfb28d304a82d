"""Leaking spans of a text, and the text with each of them blotted out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MASK = "[...]"


@dataclass(frozen=True, slots=True)
class Leak:
    """Characters `start` to `end` of a critique give the answer away; `why` names the rule."""

    start: int
    end: int
    why: str


def mask(critique: str, leaks: Sequence[Leak]) -> str:
    """The critique with each leaking span replaced by `[...]`; overlapping spans become one."""
    parts: list[str] = []
    done = 0
    for leak in merged(leaks):
        parts += [critique[done : leak.start], MASK]
        done = leak.end
    return "".join([*parts, critique[done:]])


def merged(leaks: Iterable[Leak]) -> tuple[Leak, ...]:
    """Disjoint spans in order of position; where two overlap, the first one's reason stays."""
    out: list[Leak] = []
    for leak in sorted(leaks, key=lambda leak: (leak.start, -leak.end)):
        if out and leak.start < out[-1].end:
            last = out[-1]
            out[-1] = Leak(last.start, max(last.end, leak.end), last.why)
        else:
            out.append(leak)
    return tuple(out)


def unmasked(found: Iterable[Leak], leaks: Sequence[Leak]) -> tuple[Leak, ...]:
    """`found` in `mask(critique, leaks)`, as spans of the critique itself.

    A span that touches a blot takes in the whole of what lies under it. `leaks` are merged.
    """
    return tuple(
        Leak(_origin(it.start, leaks, after=False), _origin(it.end, leaks, after=True), it.why)
        for it in found
    )


def _origin(position: int, leaks: Sequence[Leak], *, after: bool) -> int:
    shift = 0
    for leak in leaks:
        start = leak.start + shift
        if position <= start:
            break
        if position < start + len(MASK):
            return leak.end if after else leak.start
        shift += len(MASK) - (leak.end - leak.start)
    return position - shift
