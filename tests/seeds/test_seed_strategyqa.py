"""StrategyQA rows of every copy, and every bundled answer decided by the numbers of its facts."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.strategyqa import strategyqa
from ultrainteract.types import Problem

# Of the numbers in the facts, in their order.
PROOFS: Mapping[str, Callable[..., bool]] = {
    "Could a blue whale": lambda whale, pool: whale < pool,
    "Could Marie Curie": lambda born, flight: flight - born >= 18,
    "Did William Shakespeare": lambda printed, died: printed < died,
    "Could Johann Sebastian": lambda died, born: born < died,
    "Does a chessboard": lambda squares, players: squares > 3 * players,
    "Can one run": lambda marathon, hours, speed, covered: (
        covered == hours * speed and covered >= marathon
    ),
    "Does water boil": lambda boils, oven: oven >= boils,
    "Do two spiders": lambda spider, dog: 2 * spider == 4 * dog,
    "Would ten Eiffel": lambda everest, eiffel: 10 * eiffel > everest,
    "Can a month": lambda days, week: days == 4 * week,
    "Would an iron": lambda melts, lava: lava < melts,
    "Was Neil Armstrong": lambda born, walked: walked - born > 40,
    "Does a modern piano": lambda keys, cards, jokers: keys > cards + jokers,
    "Did the French": lambda revolution, declaration: revolution < declaration,
    "Can three violins": lambda violin, guitar: 2 * guitar >= 3 * violin,
    "Does sunlight": lambda far, speed: far / speed <= 5,
    "Is the Danube": lambda danube, rhine: danube > 2 * rhine,
    "Do an adult's": lambda bones, days: bones > 7 * days,
    "Are there more Olympic": lambda rings, planets: rings > planets,
    # `Apollo 11` is a name.
    "Did more people": lambda _name, crew, seats: crew > seats,
    "Would a walker": lambda wall, days, speed, covered: (
        covered == days * speed and covered >= wall
    ),
    "Do five honeybees": lambda bee, spider: 5 * bee > 3 * spider,
}


def bundled() -> tuple[Problem, ...]:
    return load("strategyqa", source="sample").problems


def test_every_bundled_problem_has_its_own_proof() -> None:
    openings = [
        [start for start in PROOFS if problem.statement.startswith(start)] for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(PROOFS)


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_answer_follows_from_its_facts(start: str) -> None:
    problem = next(one for one in bundled() if one.statement.startswith(start))
    facts = " ".join(json.loads(problem.meta["facts"]))
    numbers = [int(found) for found in re.findall(r"\d+", facts)]
    assert problem.reference.answer == ("yes" if PROOFS[start](*numbers) else "no")


def test_bundled_answers_are_of_both_kinds() -> None:
    answers = [problem.reference.answer for problem in bundled()]
    assert min(answers.count("yes"), answers.count("no")) >= 8


ROW: Mapping[str, object] = {
    "qid": "q1",
    "term": "T",
    "description": "d",
    "question": "Is it?",
    "answer": True,
    "facts": ["f", "g"],
}


@pytest.mark.parametrize(
    ("native", "answer"), [(True, "yes"), (False, "no"), ("False", "no"), ("true", "yes")]
)
def test_the_answer_is_never_truth_tested(native: object, answer: str) -> None:
    assert strategyqa(Row({**ROW, "answer": native})).answer == answer


@pytest.mark.parametrize("native", [None, 1, "maybe", "", ["yes"]])
def test_what_is_neither_yes_nor_no_is_skipped(native: object) -> None:
    with pytest.raises(Skip, match="answer is neither yes nor no"):
        strategyqa(Row({**ROW, "answer": native}))


def test_facts_are_kept_apart_and_serve_a_local_search() -> None:
    question = strategyqa(Row(ROW))
    assert question.statement == "Is it?"
    assert json.loads(question.meta["facts"]) == ["f", "g"]
    assert json.loads(question.meta["context"]) == [["T", ["d", "f", "g"]]]
    assert (question.id, question.meta["kind"]) == ("q1", "yes_no")


@pytest.mark.parametrize(("facts", "kept"), [("f", ["f"]), (None, []), ("", [])])
def test_facts_may_be_one_text_or_absent(facts: object, kept: list[str]) -> None:
    row = Row({**ROW, "facts": facts, "description": ""})
    assert json.loads(strategyqa(row).meta["facts"]) == kept


@natives("strategyqa")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    accounted("strategyqa", path, {"question", "answer"})
