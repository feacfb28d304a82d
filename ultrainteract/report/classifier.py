"""How well a glance tells chosen from rejected: a logistic regression on how the sides look.

A pair is the difference of its sides' features, and the classifier says which side was chosen; it
reads no word of either. It is tried on problems that it was not fitted on.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ultrainteract.report.overview import Contrast
from ultrainteract.report.surface import Ending, Surface

FOLDS = 5
_RIDGE, _ROUNDS, _SETTLED = 1.0, 30, 1e-9
_STEPS = 20
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Told:
    """Of `pairs` held-out pairs, the share in which the chosen side got the higher score, a tie
    counting half: the area under the ROC curve within pairs (0.5: chance, 1: always).
    `error` is its standard error."""

    auc: float
    error: float
    pairs: int


def told_apart(contrasts: Iterable[Contrast]) -> Told | None:
    """Cross-validated by problem; None where there are fewer than two folds with pairs."""
    pairs = list(contrasts)
    folds = np.fromiter((crc32(one.problem.encode()) % FOLDS for one in pairs), int, len(pairs))
    filled = np.unique(folds)
    if len(filled) <= 1:
        return None
    data, scores = differences(pairs), np.zeros(len(pairs))
    for fold in filled:
        held = folds == fold
        scores[held] = data[held] @ fit(data[~held])
    return share(int((scores > 0).sum()), int((scores < 0).sum()), len(pairs))


def share(right: int, wrong: int, pairs: int) -> Told:
    """From counts; what is neither right nor wrong is a tie."""
    found = right + (pairs - right - wrong) / 2
    # Of a share of 0 or 1 too, an error is told: Agresti and Coull's.
    likely = (found + 2) / (pairs + 4)
    return Told(found / pairs, math.sqrt(likely * (1 - likely) / (pairs + 4)), pairs)


def differences(pairs: Sequence[Contrast]) -> Floats:
    """A row for each pair: features of the chosen side less those of the rejected one."""
    chosen = np.array([_features(one.chosen) for one in pairs], float)
    rejected = np.array([_features(one.rejected) for one in pairs], float)
    found: Floats = chosen - rejected
    return found


def fit(data: Floats) -> Floats:
    """Weights under which most rows score above 0: logistic regression without an intercept, a
    ridge on features of equal spread, by Newton's method."""
    spread = np.sqrt((data**2).mean(axis=0))
    scaled = data / np.where(spread > 0, spread, 1.0)
    weights = np.zeros(data.shape[1])
    for _ in range(_ROUNDS):
        missed = 1 / (1 + np.exp(np.clip(scaled @ weights, -30, 30)))
        slope = scaled.T @ missed - _RIDGE * weights
        curve = (scaled * (missed * (1 - missed))[:, None]).T @ scaled
        step = np.linalg.solve(curve + _RIDGE * np.eye(len(weights)), slope)
        weights += step
        if float(np.abs(step).max(initial=0.0)) < _SETTLED:
            break
    found: Floats = weights / np.where(spread > 0, spread, 1.0)
    return found


def _features(side: Surface) -> list[float]:
    return [
        math.log1p(side.characters),
        math.log1p(side.lines),
        min(side.steps, _STEPS),
        side.code_share,
        side.digit_share,
        *(float(side.ending is ending) for ending in Ending),
    ]
