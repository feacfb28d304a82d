"""Dates and times of day as people write them: `January 26, 1995`, `26 Jan 1995`, `3:30 p.m.`.

A field that is not said is -1, as in WikiTableQuestions' evaluator (`xxxx-08-31`).
"""

import re
from typing import TypeAlias

from ultrainteract.verify.names import listed

Date: TypeAlias = tuple[int, int, int]
Time: TypeAlias = tuple[int, int, int, str]

_names = listed(
    "january february march april may june july august september october november december"
)
_month = rf"(?P<month>{'|'.join(_names)}|(?:{'|'.join(n[:3] for n in _names)}|sept)\.?)"
_day = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_year = r"(?P<year>\d{4})"
_weekday = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?"
_dates = [
    re.compile(_weekday + pattern, re.IGNORECASE)
    for pattern in (
        rf"{_month}\s+{_day}(?:\s*,\s*|\s+){_year}",
        rf"(?:the\s+)?{_day}(?:\s+of)?\s+{_month}\s*,?\s*{_year}",
        rf"{_month}\s+{_day}",
        rf"(?:the\s+)?{_day}(?:\s+of)?\s+{_month}",
        rf"{_month}\s*,?\s+{_year}",
    )
]
_numeric = re.compile(r"(xx|xxxx|\d{1,4})-(xx|\d{1,2})-(xx|\d{1,2})", re.IGNORECASE)
_time = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:(?:([ap])\.?\s*m\.?)|noon|o'clock)?", re.IGNORECASE
)
_hour = re.compile(r"(\d{1,2})\s*(?:o'clock\s*)?([ap])\.?\s*m\.?", re.IGNORECASE)
_minutes, _noon = 60, 12


def numeric_date(text: str) -> Date | None:
    """`1995-01-26`, with `xx` for what is not said; None for anything else."""
    match = _numeric.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day = (-1 if part[0] in "xX" else int(part) for part in match.groups())
    return _possible(year, month, day)


def written_date(text: str) -> Date | None:
    """A date with its month in words; None for anything else."""
    for pattern in _dates:
        if match := pattern.fullmatch(text.strip()):
            said = match.groupdict()
            month = 1 + [name[:3] for name in _names].index(said["month"][:3].lower())
            return _possible(int(said.get("year") or -1), month, int(said.get("day") or -1))
    return None


def _possible(year: int, month: int, day: int) -> Date | None:
    if (year, month, day) == (-1, -1, -1) or month > len(_names) or month == 0 or day == 0:
        return None
    return None if day > 31 else (year, month, day)  # noqa: PLR2004


def time_of_day(text: str) -> Time | None:
    """Hour, minute, second and `a`, `p` or nothing; None for anything else."""
    if match := _time.fullmatch(text.strip()):
        hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
        half = (match[4] or "").lower()
    elif match := _hour.fullmatch(text.strip()):
        hour, minute, second, half = int(match[1]), 0, 0, match[2].lower()
    else:
        return None
    if minute >= _minutes or second >= _minutes or hour > 2 * _noon or (half and hour > _noon):
        return None
    return hour, minute, second, half


def same_time(ours: Time, gold: Time) -> bool:
    """The same hands of the clock; 15:30 is 3:30 p.m., and half a day unsaid is no difference."""
    if ours[3] and gold[3] and ours[3] != gold[3]:
        return False
    if ours[3] != gold[3] and (ours[0] > _noon or gold[0] > _noon):
        return _on_dial(ours) == _on_dial(gold)
    return ours[:3] == gold[:3]


def _on_dial(time: Time) -> tuple[int, int, int]:
    hour, minute, second, half = time
    if half:
        hour = hour % _noon + (_noon if half == "p" else 0)
    return hour, minute, second
