"""Texts that are nearly the same, found in time linear in their number.

A text is the set of its runs of five words; two are near-duplicates when `ALIKE` of all their runs
are common to both. Of each text only a MinHash signature is kept (Broder 1997; a byte a minimum,
Li and König 2010), and only texts that share a band of it are compared. Not found are texts that
say the same in other words; texts of which three quarters agree may be taken for alike.
"""

import hashlib
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.8
KEY, SIZE = 4, 32
"""A signature is a key, which two texts share as often as they have runs in common, and `SIZE`
bytes, of which they share as many. A sample of keys keeps texts that are alike together."""
_RUN, _MOST_WORDS = 5, 2000
_BAND = 4
# Two signatures of texts that are just alike agree in `SIZE * ALIKE` bytes, give or take two.
_AGREE = round(SIZE * ALIKE) - 2
_FACTORS = np.frombuffer(hashlib.shake_256(b"likeness").digest(8 * (1 + SIZE + _RUN)), "<u8") | 1
_SPREAD, _PLACES = _FACTORS[: 1 + SIZE, None], _FACTORS[1 + SIZE :]


def signature(*texts: str) -> bytes:
    """The signature of texts, one after the other: `KEY` and `SIZE` bytes, the same anywhere."""
    words = " ".join(texts).casefold().encode(errors="replace").split()[:_MOST_WORDS]
    hashes = np.fromiter(map(crc32, words), np.uint64, len(words))
    runs = np.zeros(max(1, len(words) - _RUN + 1), np.uint64)
    for place in range(min(_RUN, len(words))):
        runs += hashes[place : place + len(runs)] * _PLACES[place]
    # Without this, a difference in high bits alone would never reach the low ones.
    runs ^= runs >> np.uint64(29)
    least: NDArray[np.uint64] = (runs * _SPREAD).min(axis=1)
    least ^= least >> np.uint64(32)
    key = least[:1].astype("<u4").tobytes()
    return key + least[1:].astype(np.uint8).tobytes()


def near_duplicates(signatures: NDArray[np.uint8], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which rows are near-duplicates of an earlier row of another group.

    `signatures` has a row of bytes for each text. Memory is a few bytes a text beside it.
    """
    signatures = signatures[:, KEY:]
    found = np.zeros(len(signatures), bool)
    for start in range(0, SIZE, _BAND):
        band = np.ascontiguousarray(signatures[:, start : start + _BAND]).view(np.uint32)[:, 0]
        # A stable sort keeps the rows of a band in their order: its first one is the earliest.
        order = np.argsort(band, kind="stable")
        opens = np.concatenate(([True], np.diff(band[order]) != 0)) if len(order) else order == 0
        first = order[np.maximum.accumulate(np.where(opens, np.arange(len(order)), 0))]
        shared = order != first
        one, other = order[shared], first[shared]
        agree = (signatures[one] == signatures[other]).sum(axis=1)
        found[one[(agree >= _AGREE) & (groups[one] != groups[other])]] = True
    return found
