"""A bias that is warned of is gone from the export that the warning names."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.trees import CORRECT, INCORRECT, answer, bare
from ultrainteract.dataset.about import About
from ultrainteract.dataset.export import export, records
from ultrainteract.dataset.publish import publish
from ultrainteract.dataset.repair import BALANCES, Record, Repair
from ultrainteract.errors import UnknownName, UserError
from ultrainteract.leak import MASK
from ultrainteract.report.cautions import cautions
from ultrainteract.report.classifier import told_apart
from ultrainteract.report.facts import TreeFacts, facts_of
from ultrainteract.report.overview import Contrast, Overview
from ultrainteract.report.quality import quality_of
from ultrainteract.report.surface import surface_of
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Critique, StopReason

Say = Callable[[random.Random, bool], str]
WORDS = tuple(f"word{number}" for number in range(2000))


def tree(number: int, chosen: str, rejected: str, statement: str = "") -> PreferenceTree:
    """A tree of one pair."""
    text = statement or f"Problem {number}: {' '.join(random.Random(number).choices(WORDS, k=30))}"
    grown = bare(text, number, environment="math_cot")
    right, wrong = answer(grown, CORRECT, chosen), answer(grown, INCORRECT, rejected)
    grown.close_turn(
        chosen=right, rejected=wrong, expanded=wrong, critique=Critique("Look again.", "big")
    )
    grown.stop = StopReason.MAX_TURNS
    return grown


def wordy(chance: random.Random, chosen: bool) -> str:
    """The rejected side is half again as long as the chosen one, on average."""
    length = chance.lognormvariate(4.0 if chosen else 4.4, 0.4)
    return " ".join(chance.choices(WORDS, k=max(3, int(length)))) + "."


def stepped(chance: random.Random, chosen: bool) -> str:
    """Of sides of like length, the chosen one has more steps."""
    steps = chance.randint(2, 6) if chosen else chance.randint(0, 4)
    lines = [f"Step {place + 1}: think." if place < steps else "Look, think." for place in range(6)]
    return "\n".join([*lines, " ".join(chance.choices(WORDS, k=chance.randint(30, 40)))])


def even(chance: random.Random, chosen: bool) -> str:
    del chosen
    return wordy(chance, chance.random() < 0.5)


def forest(say: Say, trees: int = 600) -> list[PreferenceTree]:
    chance = random.Random(7)
    return [tree(number, say(chance, True), say(chance, False)) for number in range(trees)]


def warned(facts: Iterator[TreeFacts]) -> set[str]:
    overview = Overview.of(facts)
    return {one.name for one in cautions(overview, quality_of(overview))}


def read(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def exported(
    trees: list[PreferenceTree], about: About, folder: Path, repair: Repair
) -> list[dict[str, object]]:
    if not (folder / "data").exists():
        publish(trees, folder / "data", about)
    export(folder / "data", "trl", folder / "out", repair)
    return read(folder / "out" / "preference_train.jsonl")


def contrasts(rows: list[dict[str, object]]) -> list[Contrast]:
    return [
        Contrast(str(row["parent_id"]), *(surface_of(_text(row[side])) for side in SIDES))
        for row in rows
    ]


SIDES = ("chosen", "rejected")


def _text(messages: object) -> str:
    assert isinstance(messages, list)
    return str(messages[0]["content"])


@pytest.mark.parametrize(
    ("say", "name", "repair"),
    [(wordy, "length bias", "length"), (stepped, "steps bias", "steps")],
)
def test_a_biased_dataset_is_warned_of_and_its_balanced_export_is_not(
    say: Say, name: str, repair: str, about: About, tmp_path: Path
) -> None:
    trees = forest(say)
    before = Overview.of(map(facts_of, trees))
    told = quality_of(before).glance
    assert told
    assert told.auc > 0.65
    found = {one.name: one for one in cautions(before, quality_of(before))}
    assert f"--balance {repair}" in found[name].remedy
    rows = exported(trees, about, tmp_path, Repair((repair,)))
    assert len(rows) > len(trees) / 5
    left = told_apart(contrasts(rows))
    assert left
    assert left.auc < 0.58
    ids = {row["parent_id"] for row in rows}
    assert name not in warned(facts_of(one) for one in trees if one.instruction.id in ids)


def test_what_is_not_biased_loses_little(about: About, tmp_path: Path) -> None:
    trees = forest(even)
    assert "length bias" not in warned(map(facts_of, trees))
    assert len(exported(trees, about, tmp_path, Repair(("length",)))) > 0.75 * len(trees)


@pytest.mark.parametrize("name", BALANCES)
def test_a_balanced_feature_tells_exactly_nothing(name: str, about: About, tmp_path: Path) -> None:
    def both(chance: random.Random, chosen: bool) -> str:
        return f"{wordy(chance, chosen)}\n{stepped(chance, chosen)}" + "`" * chance.randint(0, 3)

    rows = exported(forest(both, 300), about, tmp_path, Repair((name,)))
    value = BALANCES[name][1]
    more = [value(one.chosen) - value(one.rejected) for one in contrasts(rows)]
    assert sum(one > 0 for one in more) == sum(one < 0 for one in more)


def test_a_repair_takes_rows_away_and_touches_none(about: About, tmp_path: Path) -> None:
    trees = forest(wordy, 200)
    whole = exported(trees, about, tmp_path, Repair())
    repair = Repair(("length", "ending"))
    rows = exported(trees, about, tmp_path, repair)
    assert rows == [row for row in whole if row in rows]
    assert repair.kept == {"train": (len(rows), 200)}
    assert rows == exported(trees, about, tmp_path, Repair(("length", "ending")))
    assert whole == list(records(tmp_path / "data", "preference", "train"))


def test_near_duplicates_are_warned_of_and_one_of_each_is_kept(
    about: About, tmp_path: Path
) -> None:
    trees = forest(wordy, 120)
    for number in range(30):
        one = trees[number]
        statement, (pair,) = one.instruction.statement, one.pairs()
        text = pair.chosen.action.text
        trees.append(tree(1000 + number, f"{text} Done", "no", f"{statement} Please."))
    assert "near-duplicates" in warned(map(facts_of, trees))
    rows = exported(trees, about, tmp_path, Repair(drop=("near-duplicates",)))
    kept = {row["parent_id"] for row in rows}
    assert len(kept) <= 122
    assert {one.instruction.id for one in trees[:120]} <= kept
    left = [one for one in trees if one.instruction.id in kept]
    assert "near-duplicates" not in warned(map(facts_of, left))


def test_a_problem_in_two_environments_is_no_duplicate_of_itself(
    about: About, tmp_path: Path
) -> None:
    trees = forest(wordy, 60)
    again = [copy.deepcopy(one) for one in trees]
    for one, other in zip(trees, again, strict=True):
        problem = one.instruction.problem_id
        other.instruction = replace(other.instruction, id=f"{problem[:8]}again")
    assert "near-duplicates" not in warned(map(facts_of, [*trees, *again]))
    rows = exported([*trees, *again], about, tmp_path, Repair(drop=("near-duplicates",)))
    assert len(rows) == 120


def test_short_answers_to_different_problems_are_no_duplicates(
    about: About, tmp_path: Path
) -> None:
    trees = [tree(number, "Answer: B", "Answer: C") for number in range(80)]
    assert len(exported(trees, about, tmp_path, Repair(drop=("near-duplicates",)))) == 80


def test_pairs_that_answer_a_masked_critique_can_be_dropped() -> None:
    def rows() -> Iterator[Record]:
        for critique in ("Look again.", f"It is {MASK}."):
            turns = [("user", f"Solve {MASK}"), ("assistant", "13"), ("user", critique)]
            prompt = [{"role": role, "content": text} for role, text in turns]
            yield {"id": critique, "prompt": prompt}

    repair = Repair(drop=("masked-critiques",))
    assert [row["id"] for row in repair(rows, "train")] == ["Look again."]


def test_pairs_whose_problem_stands_in_a_test_set_are_dropped(about: About, tmp_path: Path) -> None:
    trees = forest(wordy, 20)
    exam = tmp_path / "exam.jsonl"
    # Some are words that all prompts open with: those are of no problem.
    told = [{"text": one.instruction.statement} for one in trees[3:6]]
    told.append({"text": trees[0].instruction.prompt.removesuffix(trees[0].instruction.statement)})
    exam.write_text("\n".join(map(json.dumps, told)))
    rows = exported(trees, about, tmp_path, Repair(against=(str(exam),)))
    kept = {row["parent_id"] for row in rows}
    assert kept == {one.instruction.id for one in [*trees[:3], *trees[6:]]}


def test_a_problem_that_is_alone_in_a_dataset_is_compared_whole(
    about: About, tmp_path: Path
) -> None:
    statement = f"{' '.join(WORDS[:20])}\nWhat is it?"
    exam = tmp_path / "exam.jsonl"
    exam.write_text(json.dumps({"text": statement}))
    alone = [tree(1, "42", "13", statement)]
    assert not exported(alone, about, tmp_path, Repair(against=(str(exam),)))


def test_a_repair_is_refused_where_it_means_nothing(
    plant: Callable[..., PreferenceTree], about: About, tmp_path: Path
) -> None:
    publish([plant(["CI"])], tmp_path / "data", about)
    with pytest.raises(UserError, match="has no pairs"):
        export(tmp_path / "data", "verl_rl", tmp_path / "out", Repair(("length",)))
    with pytest.raises(UnknownName, match="did you mean 'length'"):
        Repair(("lenght",))
    with pytest.raises(UnknownName, match="near-duplicates"):
        Repair(drop=("doubles",))
