"""What is bad about pairs is found, and what chance does is not called bad."""

import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.layers.conftest import instructions
from tests.report.runs import alike, facts, overview, side
from tests.trees import INCORRECT, answer
from ultrainteract.report.cautions import ENOUGH, Caution, cautions
from ultrainteract.report.classifier import Floats, differences, fit, told_apart
from ultrainteract.report.contamination import Contamination
from ultrainteract.report.facts import Actions, Lost, PairFacts, TreeFacts
from ultrainteract.report.leaks import Leaking, Reread
from ultrainteract.report.overview import Contrast, Overview
from ultrainteract.report.quality import quality_of
from ultrainteract.report.surface import Ending
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Critique


def contrasts(count: int, longer: float) -> list[Contrast]:
    chance = random.Random(11)
    return [Contrast(str(number), side(chance), side(chance, longer)) for number in range(count)]


def warnings(trees: list[TreeFacts]) -> dict[str, Caution]:
    seen = Overview.of(trees)
    return {one.name: one for one in cautions(seen, quality_of(seen))}


def test_sides_that_differ_are_told_apart_and_like_ones_are_not() -> None:
    differing, like = told_apart(contrasts(600, 4.0)), told_apart(contrasts(600, 1.0))
    assert differing
    assert differing.auc > 0.95
    assert like
    assert abs(like.auc - 0.5) < 3 * like.error


def test_which_side_is_called_chosen_makes_no_difference_to_the_classifier() -> None:
    forth = contrasts(300, 1.6)
    back = [Contrast(one.problem, one.rejected, one.chosen) for one in forth]
    one, other = told_apart(forth), told_apart(back)
    assert one
    assert other
    assert one.auc == pytest.approx(other.auc)


def test_what_is_fitted_is_the_optimum() -> None:
    data = differences(contrasts(400, 1.5))
    data /= np.where(data.any(axis=0), np.sqrt((data**2).mean(axis=0)), 1)
    weights = fit(data)

    def loss(tried: Floats) -> float:
        return float(np.log1p(np.exp(-data @ tried)).sum() + (tried**2).sum() / 2)

    chance = np.random.default_rng(1)
    for _ in range(20):
        assert loss(weights) <= loss(weights + chance.normal(0, 0.01, len(weights)))


def test_one_problem_alone_is_told_nothing_of() -> None:
    assert told_apart([]) is None
    assert told_apart([replace(one, problem="p") for one in contrasts(80, 3.0)]) is None


def test_a_run_without_a_flaw_has_no_warning() -> None:
    assert warnings([one for one in facts(400) if one.stop]) == {}


def test_a_length_bias_is_told_with_its_side_and_its_repair() -> None:
    one = warnings(list(facts(200, longer=2.0)))["length bias"]
    assert "rejected action is the longer one" in one.said
    assert "--balance length" in one.remedy


def test_a_format_bias_is_found_where_no_single_feature_tells() -> None:
    """Sides end in ways of their own, and are alike in all else."""
    trees = [
        replace(
            one,
            pairs=tuple(
                replace(
                    pair,
                    chosen=replace(pair.chosen, ending=list(Ending)[place % 3]),
                    rejected=replace(pair.rejected, ending=list(Ending)[3 + place % 3]),
                )
                for place, pair in enumerate(one.pairs)
            ),
        )
        for one in facts(200)
    ]
    found = warnings(trees)
    assert "format bias" in found
    assert "length bias" not in found


def test_few_pairs_are_called_few_and_nothing_else() -> None:
    few = [one for one in facts(8, longer=3.0) if one.stop]
    assert sum(len(one.pairs) for one in few) < ENOUGH
    assert set(warnings(few)) == {"few pairs"}


def test_near_duplicates_of_other_trees_are_counted() -> None:
    trees = list(alike(50))
    quality = quality_of(Overview.of(trees))
    # Two trees each are of one problem: those are alike by design.
    assert quality.alike.part == quality.alike.whole - 2 * len(trees[0].pairs)
    assert "near-duplicates" in warnings(trees)


def test_trees_of_one_problem_are_no_duplicates_of_each_other() -> None:
    trees = [replace(one, problem_id="p") for one in alike(50)]
    assert quality_of(Overview.of(trees)).alike.part == 0
    assert "near-duplicates" not in warnings(trees)


def test_a_few_that_went_wrong_are_no_pattern() -> None:
    """Two of three masked critiques are a large share and a small number."""
    one, *rest = facts(60)
    bare = [replace(other, critiques=0) for other in rest]
    assert "masked critiques" not in warnings([replace(one, critiques=3, masked=2), *bare])
    assert "masked critiques" in warnings([replace(one, critiques=9, masked=6), *bare])


Change = Callable[[TreeFacts], TreeFacts]


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("masked critiques", lambda one: replace(one, critiques=4, masked=1)),
        ("leaking drafts", lambda one: replace(one, critiques=2, redrawn=2)),
        ("undecided verdicts", lambda one: replace(one, actions=_more(one, "unverified"))),
        ("malformed replies", lambda one: replace(one, actions=_more(one, "malformed"))),
        ("lost samples", lambda one: replace(one, lost=(Lost("too long", 3),))),
        ("pass rate", lambda one: replace(one, first_correct=one.first_graded)),
        ("trees without a pair", lambda one: replace(one, pairs=(), no_pair="too easy")),
        ("crashes", lambda one: replace(one, pairs=_failed(one, "NameError"))),
    ],
)
def test_each_bad_figure_has_its_warning(name: str, change: Change) -> None:
    trees = list(facts(200))
    assert name not in warnings(trees)
    assert name in warnings([change(one) for one in trees])


def _more(one: TreeFacts, verdict: str) -> tuple[Actions, ...]:
    return (*one.actions, Actions(1, verdict, 4))


def _failed(one: TreeFacts, failure: str) -> tuple[PairFacts, ...]:
    return tuple(replace(pair, failure=failure) for pair in one.pairs)


def test_contamination_is_counted_by_test_set(tmp_path: Path) -> None:
    rooted = instructions(3)
    names = tmp_path / "exam.jsonl"
    names.write_text(json.dumps({"text": rooted[1].statement}))
    found = Contamination.against([str(names)])
    for one in rooted:
        found.look(one)
    assert (found.trees, found.found.total()) == (3, 1)
    seen = overview()
    first = cautions(seen, quality_of(seen), found)[0]
    assert first.name == "contamination"
    assert "1 of 3 trees" in first.said


def test_a_critique_that_gives_the_answer_away_is_found_again() -> None:
    reread = Reread()
    for one, said in zip(instructions(2), ("The answer is 42.", "Look at step one."), strict=True):
        tree = PreferenceTree(one)
        wrong = answer(tree, INCORRECT, "13")
        tree.close_turn(rejected=wrong, expanded=wrong, critique=Critique(said, "big"))
        reread.add(tree)
    assert reread.result() == Leaking(read=2, found=1)
    seen = overview()
    assert cautions(seen, quality_of(seen), None, Leaking(2, 1))[0].name == "leaking critiques"


def test_a_sample_of_pairs_is_judged_much_as_all_of_them() -> None:
    """3,000 trees have more pairs than the sample holds."""
    whole = list(facts(3000, longer=1.4))
    seen = Overview.of(whole)
    assert len(seen.contrasts) < seen.pairs
    all_pairs = told_apart(
        Contrast(one.problem_id, pair.chosen, pair.rejected) for one in whole for pair in one.pairs
    )
    told = quality_of(seen).glance
    assert told
    assert all_pairs
    assert told.auc == pytest.approx(all_pairs.auc, abs=0.02)
    assert Counter(one.problem for one in seen.contrasts).total() == told.pairs
