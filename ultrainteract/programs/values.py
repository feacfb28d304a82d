"""Compares a returned value with the expected JSON, in the host. Pure.

Tuples are lists; integers and truth values compare as Python does, decimals with a tolerance.
Only plain values come here, so no `__eq__` of a program's own decides.
"""

from collections import deque
from collections.abc import Mapping, Sequence

from ultrainteract.programs.suite import Call

TOLERANCE = 1e-6
# Beyond it an integer may be no float at all.
LARGEST = 2**1000


def agrees(got: object, test: Call) -> bool:
    """Whether `got` is what the test expects."""
    if same(got, test.returns):
        return True
    inner = test.returns
    return test.wrapped and isinstance(inner, list) and len(inner) == 1 and same(got, inner[0])


def same(got: object, wanted: object) -> bool:
    """Equality as said above."""
    if isinstance(wanted, float):
        return _close(got, wanted)
    if wanted is None or isinstance(wanted, str | int):
        return got == wanted
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and _same_keys(got, wanted)
    if isinstance(wanted, Sequence) and isinstance(got, list | tuple | deque):
        return len(got) == len(wanted) and all(map(same, got, wanted))
    return False


def _close(got: object, wanted: float) -> bool:
    if not isinstance(got, int | float) or isinstance(got, bool) or abs(got) > LARGEST:
        return got == wanted
    return got == wanted or abs(got - wanted) <= TOLERANCE * max(1.0, abs(wanted))


def _same_keys(got: Mapping[object, object], wanted: Mapping[str, object]) -> bool:
    """JSON has text keys only: 1 was written as "1"."""
    named = {key if isinstance(key, str) else str(key): value for key, value in got.items()}
    return named.keys() == wanted.keys() and all(same(named[key], wanted[key]) for key in wanted)
