"""Bad figures in plain words: what was seen, why it matters, what to do about it.

A figure is called bad where it passes a bound below; where it is a share of a sample, by more than
chance would have it; and where it counts what went wrong, from `SEVERAL` such things on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from ultrainteract.report.classifier import Told
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.leaks import Leaking
from ultrainteract.report.overview import Overview
from ultrainteract.report.quality import FEATURES, Feature, Quality, Share

ENOUGH = 50
"""Pairs below which nothing is said of their looks: chance alone gives 0.6 with fewer."""
TELLS = 0.65
"""AUC from which looks are called a bias: two pairs in three are told apart without reading."""
SEVERAL = 5
"""Of what went wrong: fewer are no pattern, however few there are in all."""
ALIKE = 0.05
"""Share of near-duplicates: each of them weighs its problem twice."""
UNDECIDED, MALFORMED, LOST = 0.1, 0.2, 0.05
"""Shares of verdicts, replies and samples that the run paid for and cannot use."""
MASKED, REDRAWN = 0.05, 0.5
"""Critiques that were masked, and drafts thrown away for each critique."""
CRASHED = 0.5
"""Share of rejected actions that crashed: a model may learn to run, not to be right."""
EASY, HARD = 0.95, 0.02
"""Pass rates of a dataset from which hardly a problem gives a pair."""
GRADED = 100
"""Answers below which nothing is said of a pass rate."""
BARREN = 0.8
"""Share of ended trees without a pair; of fewer than `ENOUGH` trees nothing is said."""
ERRORS = 2.0
"""Standard errors that a share must lie above chance."""
_CHANCE = 0.5
_FAILED = frozenset({"wrong answer", "no answer", "a test failed"})


@dataclass(frozen=True, slots=True)
class Caution:
    """A short fixed name, the figure in words, what it does, and a way out."""

    name: str
    said: str
    why: str
    remedy: str


def cautions(
    overview: Overview,
    quality: Quality,
    contamination: Contamination | None = None,
    leaking: Leaking | None = None,
) -> tuple[Caution, ...]:
    """What there is to warn of, the gravest first."""
    return (
        *_contaminated(contamination),
        *_leaking(leaking),
        *_looks(quality),
        *_repeats(quality),
        *_critiques(quality),
        *_failures(overview, quality),
        *_rates(overview),
        *_waste(quality),
        *_few(quality),
    )


def _contaminated(contamination: Contamination | None) -> Iterator[Caution]:
    if contamination and (found := contamination.found.total()):
        names = sorted({name for _, name, _ in contamination.found})
        yield Caution(
            "contamination",
            f"{found:,} of {contamination.trees:,} trees have a problem that overlaps with "
            f"{', '.join(names)}.",
            "A model trained on them has seen the test.",
            "ultrainteract export RUN --against TESTSET leaves their pairs out; in a run to come, "
            "select.decontaminate keeps such problems from getting a tree.",
        )


def _leaking(leaking: Leaking | None) -> Iterator[Caution]:
    if leaking and leaking.found:
        yield Caution(
            "leaking critiques",
            f"{leaking.found:,} of {leaking.read:,} critiques that were read again give the answer "
            "away.",
            "The turn after such a critique is answered by copying.",
            "Begin the run anew with this version, whose guard finds them.",
        )


def told_well(told: Told) -> bool:
    """Whether it tells well, and by more than chance would."""
    return told.auc >= TELLS and told.auc - ERRORS * told.error > _CHANCE


def _looks(quality: Quality) -> Iterator[Caution]:
    if quality.pairs < ENOUGH:
        return
    bad = [one for one in quality.features if told_well(_better(one))]
    for one in sorted(bad, key=lambda one: -one.tells):
        side = "chosen" if one.told.auc > _CHANCE else "rejected"
        yield Caution(
            f"{one.name} bias",
            f"In {one.tells:.0%} of the pairs the {side} action is {FEATURES[one.name]}"
            " (ties count half).",
            "A model trained on them may learn that instead of what makes an answer right.",
            f"ultrainteract export RUN --balance {one.name} drops pairs until it tells nothing.",
        )
    glance = quality.glance
    if not bad and glance and told_well(glance):
        yield Caution(
            "format bias",
            f"A classifier that sees length, steps, code, digits and endings alone finds the "
            f"chosen action in {glance.auc:.0%} of the pairs.",
            "A model trained on them may learn the form of an answer instead of its content.",
            "ultrainteract export RUN --balance length --balance ending, or more models to reject "
            "from (roles.rejected).",
        )


def _better(one: Feature) -> Told:
    return Told(one.tells, one.told.error, one.told.pairs)


def _repeats(quality: Quality) -> Iterator[Caution]:
    if _many(quality.alike, ALIKE):
        yield Caution(
            "near-duplicates",
            f"{_told(quality.alike, 'chosen actions')} are nearly the same as one to another "
            "problem, with the problem itself.",
            "Each weighs its problem again, and one may stand in the test split of another.",
            "ultrainteract export RUN --drop near-duplicates keeps one of each.",
        )


def _critiques(quality: Quality) -> Iterator[Caution]:
    if _many(quality.masked, MASKED):
        yield Caution(
            "masked critiques",
            f"{_told(quality.masked, 'critiques')} gave the answer away in every draft and have "
            "their telling words blotted out.",
            "What is left of them may teach little; the next turn answers it.",
            "ultrainteract export RUN --drop masked-critiques leaves out pairs that answer one; "
            "for a run to come, set a stronger model as roles.critic or raise "
            "sampling.critic_draws.",
        )
    elif _many(quality.redrawn, REDRAWN):
        yield Caution(
            "leaking drafts",
            f"{quality.redrawn.part:,} drafts of {quality.redrawn.whole:,} critiques gave the "
            "answer away and were drawn again.",
            "They cost tokens, and the guard that finds them is not perfect.",
            "Set a stronger model as roles.critic.",
        )


def _failures(overview: Overview, quality: Quality) -> Iterator[Caution]:
    crashed = sum(
        count
        for key, count in overview.counts.items()
        if key[0] == "pairs" and key[2] not in _FAILED
    )
    if quality.pairs >= ENOUGH and crashed / quality.pairs >= CRASHED:
        yield Caution(
            "crashes",
            f"{crashed / quality.pairs:.0%} of the rejected actions failed to run to an answer.",
            "A model trained on them may learn to write code that runs, not answers that are "
            "right.",
            "Look at why rejected actions failed; missing names are often the prompt's doing.",
        )


def _rates(overview: Overview) -> Iterator[Caution]:
    for name in sorted(map(str, overview.by("datasets"))):
        levels = overview.by("datasets", name)
        counts = [overview.by("datasets", name, level) for level in levels]
        graded = sum(one["graded"] for one in counts)
        rate = sum(one["correct"] for one in counts) / graded if graded >= GRADED else _CHANCE
        if rate > EASY or rate < HARD:
            yield Caution(
                "pass rate",
                f"{rate:.0%} of the first answers to {name} are right.",
                f"Hardly a problem gives a pair: it is too {'easy' if rate > EASY else 'hard'}.",
                "Take harder problems (select.levels, select.max_pass_rate)."
                if rate > EASY
                else "Take easier problems (select.levels) or a stronger model (roles.actors).",
            )


def _waste(quality: Quality) -> Iterator[Caution]:
    for name, found, bound, said, remedy in (
        (
            "undecided verdicts",
            quality.undecided,
            UNDECIDED,
            "answers could not be decided",
            "ultrainteract regrade RUN with a later grader; the report lists the rules.",
        ),
        (
            "malformed replies",
            quality.malformed,
            MALFORMED,
            "replies were neither answer nor step",
            "Raise sampling.max_tokens, or look at the prompt of the environment.",
        ),
        (
            "lost samples",
            quality.lost,
            LOST,
            "samples never came",
            "The report lists the reasons that the endpoint gave.",
        ),
    ):
        if _many(found, bound):
            yield Caution(
                name, f"{_told(found, said)}.", "They were paid for and reach no pair.", remedy
            )
    if quality.barren.value >= BARREN and quality.barren.whole >= ENOUGH:
        yield Caution(
            "trees without a pair",
            f"{_told(quality.barren, 'trees')} ended without a pair.",
            "They were paid for and reach the views of single actions alone.",
            "Draw more samples (sampling.waves), or choose problems by select.max_pass_rate.",
        )


def _many(found: Share, bound: float) -> bool:
    return found.part >= SEVERAL and found.value >= bound


def _told(found: Share, what: str) -> str:
    return f"{found.part:,} of {found.whole:,} {what} ({found.value:.0%})"


def _few(quality: Quality) -> Iterator[Caution]:
    if quality.pairs < ENOUGH:
        yield Caution(
            "few pairs",
            f"{quality.pairs or 'No'} pair{'s' if quality.pairs > 1 else ''} so far; from {ENOUGH} "
            "on their looks are judged.",
            "What a few pairs look like may be chance.",
            "Grow more trees (LIMIT), then look again.",
        )
