"""What a rule found, in plain values: this module and the worker's import no pydantic.

`rule` names the rule that decided; it is recorded with the verdict, so that a run can be
graded again and two graders compared rule by rule.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """A judgement, the rule that reached it, and a reason where the rule's name says too little."""

    judgement: Literal["correct", "incorrect", "unverified"]
    rule: str
    reason: str = ""


def found(rule: str, *, equal: bool, reason: str = "") -> Finding:
    """CORRECT or INCORRECT by `rule`."""
    return Finding("correct" if equal else "incorrect", rule, reason)


def undecided(rule: str, reason: str) -> Finding:
    """UNVERIFIED, with the reason."""
    return Finding("unverified", rule, reason)
