"""Where two texts differ, by pieces."""

from dataclasses import dataclass
from difflib import SequenceMatcher

from markupsafe import Markup

from ultrainteract.web.markup.text import pieces, render

# Pieces of a text beyond which nothing is marked: to compare is quadratic at worst.
_MOST = 1500


@dataclass(frozen=True, slots=True)
class Sides:
    """Two texts as HTML with their difference marked; `marked` says whether it is."""

    one: Markup
    other: Markup
    marked: bool


def sides(one: str, other: str) -> Sides:
    """Two texts, what the other has not marked in each."""
    left, right = pieces(one), pieces(other)
    if max(len(left), len(right)) > _MOST:
        return Sides(render(left), render(right), marked=False)
    matcher = SequenceMatcher(
        None, [piece.plain for piece in left], [piece.plain for piece in right], autojunk=False
    )
    in_left: set[int] = set()
    in_right: set[int] = set()
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            in_left.update(range(start, end))
            in_right.update(range(other_start, other_end))
    return Sides(render(left, in_left), render(right, in_right), marked=True)
