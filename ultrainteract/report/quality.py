"""How good the pairs of a run are to train on, as figures; `cautions` says which are bad."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ultrainteract.report.classifier import Told, share, told_apart
from ultrainteract.report.likeness import near_duplicates
from ultrainteract.report.overview import GROWING, Overview
from ultrainteract.report.surface import Ending
from ultrainteract.types import Judgement

FEATURES: Mapping[str, str] = {
    "length": "the longer one",
    "lines": "the one with more lines",
    "steps": "the one with more numbered steps",
    "code": "the one with more code for its length",
    "digits": "the one with more digits for its length",
}
"""What sides are compared by, and what the side with more of it is."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature alone: in so many pairs the chosen side has more of it, or the rejected one."""

    name: str
    chosen: int
    rejected: int
    equal: int

    @property
    def told(self) -> Told:
        """How well "the side with more of it" finds the chosen one; below 0.5: the other side."""
        return share(self.chosen, self.rejected, self.chosen + self.rejected + self.equal)

    @property
    def tells(self) -> float:
        """How well the better of the two rules does; 0.5 is chance."""
        return max(self.told.auc, 1 - self.told.auc)


@dataclass(frozen=True, slots=True)
class Endings:
    """How many chosen and rejected sides end in one way."""

    ending: str
    chosen: int
    rejected: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Figures over the published pairs. `glance` is the classifier on all features together, of a
    sample where there are many pairs; `alike` of `compared` chosen actions are near-duplicates of
    one from another tree, problem included. Shares are None where there is nothing to share.

    `undecided` of verdicts, `malformed` of replies, `lost` of samples; `masked` of critiques
    leaked in every draft, and `redrawn` drafts did for each critique.
    """

    pairs: int
    features: tuple[Feature, ...]
    endings: tuple[Endings, ...]
    glance: Told | None
    alike: int
    compared: int
    undecided: float | None
    malformed: float | None
    lost: float | None
    masked: float | None
    redrawn: float | None
    barren: float | None
    """Trees that ended without a pair, of those that ended."""

    @property
    def alike_share(self) -> float | None:
        """Near-duplicates among the chosen actions."""
        return _of(self.alike, self.compared)


def quality_of(overview: Overview) -> Quality:
    """The figures."""
    verdicts: dict[str, int] = {}
    for key, count in overview.counts.items():
        if key[0] == "actions":
            verdicts[str(key[2])] = verdicts.get(str(key[2]), 0) + count
    actions = sum(verdicts.values())
    judged = sum(verdicts.get(one.value, 0) for one in Judgement)
    lost = overview.total("lost")
    critiques = overview.by("critiques")
    ended = overview.trees - overview.by("trees")[GROWING]
    alike, compared = _alike(overview)
    return Quality(
        pairs=overview.pairs,
        features=_features(overview),
        endings=_endings(overview),
        glance=told_apart(overview.contrasts),
        alike=alike,
        compared=compared,
        undecided=_of(verdicts.get(Judgement.UNVERIFIED.value, 0), judged),
        malformed=_of(verdicts.get("malformed", 0), actions),
        lost=_of(lost, lost + actions),
        masked=_of(critiques["masked"], critiques["drawn"]),
        redrawn=_of(critiques["redrawn"], critiques["drawn"]),
        barren=_of(overview.total("no pair", "ended"), ended),
    )


def _features(overview: Overview) -> tuple[Feature, ...]:
    found = {name: overview.by("more", name) for name in FEATURES if overview.pairs}
    return tuple(
        Feature(name, more["chosen"], more["rejected"], more["equal"])
        for name, more in found.items()
    )


def _endings(overview: Overview) -> tuple[Endings, ...]:
    chosen, rejected = (overview.by("endings", side) for side in ("chosen", "rejected"))
    found = (Endings(one.value, chosen[one.value], rejected[one.value]) for one in Ending)
    return tuple(one for one in found if one.chosen or one.rejected)


def _alike(overview: Overview) -> tuple[int, int]:
    held = list(overview.alike)
    if not held:
        return 0, 0
    trees: dict[str, int] = {}
    groups = np.array([trees.setdefault(one.tree, len(trees)) for one in held], np.int64)
    rows = np.frombuffer(bytes.fromhex("".join(one.likeness for one in held)), np.uint8)
    return int(near_duplicates(rows.reshape(len(held), -1), groups).sum()), len(held)


def _of(part: int, whole: int) -> float | None:
    return part / whole if whole else None
