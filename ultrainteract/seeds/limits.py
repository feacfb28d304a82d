"""Time and memory limits as the coding datasets write them: structs, bytes, text, or nothing."""

import re
from collections.abc import Mapping

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
# Nothing beyond is a limit: some rows hold a sentinel.
_LARGEST = 1e6
_UNITS = (("kilo", 1 / 1024), ("kb", 1 / 1024), ("kib", 1 / 1024), ("giga", 1024), ("gb", 1024))


def seconds(value: object) -> str:
    """Seconds as text out of `{seconds, nanos}`, a number or `2.5 seconds`; empty for none."""
    match value:
        case Mapping():
            return _positive(_number(value.get("seconds")) + _number(value.get("nanos")) / 1e9)
        case str():
            number = _largest(value)
            milli = re.search(r"\d\s*(?:ms|milli)", value, re.IGNORECASE)
            return _positive(number / 1000 if milli else number)
        case _:
            return _positive(_number(value))


def megabytes(value: object) -> str:
    """Whole megabytes as text, out of bytes or of text with its unit; empty for 0 or none."""
    match value:
        case str():
            unit = value.lower()
            factor = next((by for name, by in _UNITS if name in unit), 1.0)
            if not re.search(r"[a-z]", unit):
                factor = 1 / 1e6
            return _positive(_largest(value) * factor, digits=0)
        case _:
            return _positive(_number(value) / 1e6, digits=0)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    # Beyond this an integer may be no float at all.
    return float(min(value, 10**18)) if value > 0 else 0.0


def _largest(text: str) -> float:
    # A problem of several parts gives a range.
    return max(map(float, _NUMBER.findall(text)), default=0.0)


def _positive(value: float, digits: int = 6) -> str:
    # No number at all fails both comparisons.
    return f"{round(value, digits):g}" if 0 < value < _LARGEST else ""
