"""Texts as words, so that typesetting hides no overlap.

Normalisation: drawings from [asy] to [/asy] dropped, NFKC, case folded, and of what is left the
runs of letters, digits and underscores. Punctuation, LaTeX's signs, quotes and white space are
no words: `\\frac{1}{2}` has the words frac, 1, 2.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

N = 8
# So many of a shared run must hold a letter: coordinates and rows of a test agree by chance.
TELLING = 2
_WORD = re.compile(r"\w+")
_LETTER = re.compile(r"[^\W\d_]")
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)


def words(text: str) -> list[str]:
    """The words of a text, in order."""
    if "[asy]" in text:
        text = _DRAWING.sub(" ", text)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _WORD.findall(text.casefold())


def grams(of: Sequence[str], size: int = N) -> Iterator[int]:
    """Hashes of the runs of `size` words, in order; equal runs have equal ones in this process."""
    return map(hash, zip(*(of[start:] for start in range(size)), strict=False))


def shared(mine: Sequence[str], theirs: Sequence[str], at: int) -> str:
    """The longest run of words that both have around my gram at `at`; empty if they lack it, or
    if fewer than `TELLING` of its words hold a letter."""
    wanted = list(mine[at : at + N])
    where = next(
        (place for place in range(len(theirs)) if list(theirs[place : place + N]) == wanted), None
    )
    if where is None:
        return ""
    back = 0
    while back < min(at, where) and mine[at - back - 1] == theirs[where - back - 1]:
        back += 1
    ahead = N
    while at + ahead < len(mine) and where + ahead < len(theirs):
        if mine[at + ahead] != theirs[where + ahead]:
            break
        ahead += 1
    run = mine[at - back : at + ahead]
    return " ".join(run) if sum(map(bool, map(_LETTER.search, run))) >= TELLING else ""


def folded(text: str) -> str:
    """The text with each run of white space as one space, and nothing else changed."""
    return " ".join(text.split())
