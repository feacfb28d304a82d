"""Rehearsals: an environment's own cases through the real loop, without a model.

Each environment folder holds a `cases.jsonl`: replies to small problems, and what they count as.
"""

from ultrainteract.rehearsal.case import Case, read_cases
from ultrainteract.rehearsal.stage import Outcome, Stage

__all__ = ["Case", "Outcome", "Stage", "read_cases"]
