"""HotpotQA rows of both shapes, and a checkable argument for every bundled answer."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.hotpotqa import hotpotqa
from ultrainteract.types import Problem

Facts = tuple[str, ...]


def last(sentence: str) -> int:
    """Its last number, thousands commas aside."""
    return int(re.findall(r"\d[\d,]*", sentence)[-1].replace(",", ""))


def first(sentence: str) -> int:
    return int(re.findall(r"\d[\d,]*", sentence)[0].replace(",", ""))


# A chain: words of the question, then what links the sentences; the answer stands in the last.
CHAINS: Mapping[str, tuple[str, ...]] = {
    "In which sea does": ("capital of Austria", "Danube"),
    "The physicist and": ("Nobel prizes in two sciences", "Warsaw"),
    "On which river lies": ("Marie Curie", "Warsaw"),
    "What leans": ("four moons of Jupiter", "Pisa"),
    "In which country": ("general relativity", "Ulm"),
    "How many sonnets": ("prince of Denmark", "William Shakespeare"),
    "Where was the author": ("Rocinante", "Miguel de Cervantes"),
    "What is the largest": ("Tenzing Norgay", "New Zealand"),
    "Who stayed": ("Neil Armstrong", "Apollo 11"),
    "Into what does": ("Eiffel Tower", "Paris"),
    "In which hospital": ("Penicillin", "Alexander Fleming"),
    "Where do the animals": ("largest animal known", "krill"),
    "In which city was": ("The Magic Flute", "Wolfgang Amadeus Mozart"),
    "What had become": ("Fidelio", "Ludwig van Beethoven"),
    "In which spacecraft": ("first person in space", "Yuri Gagarin"),
}
COMPARISONS: Mapping[str, Callable[[Facts], str]] = {
    "Which river is": lambda f: "Danube" if last(f[0]) > last(f[1]) else "Rhine",
    "Do the Danube": lambda f: "yes" if sea(f[0]) == sea(f[1]) else "no",
    "Who was born": lambda f: "Johannes Kepler" if last(f[0]) < last(f[1]) else "Galileo Galilei",
    "Which mountain": lambda f: "Mount Everest" if last(f[0]) > last(f[1]) else "K2",
    "Do Mount Everest": lambda f: "yes" if all("China" in one for one in f) else "no",
    "Was the Eiffel": lambda f: "yes" if first(f[0]) < first(f[1]) else "no",
    "Which element": lambda f: "Copper" if last(f[1]) > last(f[0]) else "Iron",
    "Which opera": lambda f: "The Magic Flute" if last(f[0]) < last(f[1]) else "Fidelio",
}


def sea(sentence: str) -> str:
    (found,) = re.findall(r"the (\w+ Sea)", sentence)
    return str(found)


def bundled() -> tuple[Problem, ...]:
    return load("hotpotqa", source="sample").problems


def problem_of(start: str) -> Problem:
    (found,) = [one for one in bundled() if one.statement.startswith(start)]
    return found


def facts_of(problem: Problem) -> Facts:
    context = dict(json.loads(problem.meta["context"]))
    return tuple(
        f"{title}: {context[title][int(place)]}"
        for title, place in json.loads(problem.meta["supporting"])
    )


def test_every_bundled_problem_is_argued_for() -> None:
    starts = [*CHAINS, *COMPARISONS]
    assert {problem_of(start).id for start in starts} == {one.id for one in bundled()}
    assert len(starts) == len(bundled())


@pytest.mark.parametrize("start", CHAINS)
def test_a_chain_of_facts_leads_from_the_question_to_the_answer(start: str) -> None:
    problem, facts = problem_of(start), facts_of(problem_of(start))
    answer = problem.reference.answer
    assert answer in facts[-1]
    assert answer.lower() not in problem.statement.lower()
    for link in CHAINS[start]:
        assert any(link.lower() in fact.lower() for fact in facts), link
    linked = [fact for fact in facts if CHAINS[start][-1].lower() in fact.lower()]
    assert facts[-1] in linked
    assert len(linked) > 1


@pytest.mark.parametrize("start", COMPARISONS)
def test_a_comparison_of_facts_gives_the_answer(start: str) -> None:
    problem = problem_of(start)
    assert COMPARISONS[start](facts_of(problem)) == problem.reference.answer


def test_articles_are_kept_apart_from_the_statement() -> None:
    for problem in bundled():
        sentences = [text for _, lines in json.loads(problem.meta["context"]) for text in lines]
        assert len(sentences) > 10
        assert not any(sentence.strip() in problem.statement for sentence in sentences)


HUB: Mapping[str, object] = {
    "id": "1",
    "question": "q",
    "answer": "a",
    "type": "bridge",
    "level": "hard",
    "supporting_facts": {"title": ["T", "U"], "sent_id": [0, 7]},
    "context": {"title": ["T", "U"], "sentences": [["s", "t"], ["u"]]},
}
ORIGINAL: Mapping[str, object] = {
    "_id": "1",
    "question": "q",
    "answer": "a",
    "type": "bridge",
    "level": "hard",
    "supporting_facts": [["T", 0], ["U", 7]],
    "context": [["T", ["s", "t"]], ["U", ["u"]]],
}


def test_both_shapes_give_the_same_problem() -> None:
    structs = {
        "supporting_facts": [{"title": "T", "sent_id": 0}, {"title": "U", "sent_id": 7}],
        "context": [{"title": "T", "sentences": ["s", "t"]}, {"title": "U", "sentences": ["u"]}],
    }
    hub, original, listed = (hotpotqa(Row(row)) for row in (HUB, ORIGINAL, {**HUB, **structs}))
    assert hub == original == listed
    assert json.loads(hub.meta["context"]) == [["T", ["s", "t"]], ["U", ["u"]]]
    assert json.loads(hub.meta["supporting"]) == [["T", "0"], ["U", "7"]]


@pytest.mark.parametrize(
    ("answer", "kind"), [("Yes", "yes_no"), ("no", "yes_no"), ("b", "hotpotqa")]
)
def test_the_kind_of_answer_chooses_the_rules(answer: str, kind: str) -> None:
    assert hotpotqa(Row({**HUB, "answer": answer})).meta["kind"] == kind


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"context": None}, "context is neither lists by name nor a list of pairs"),
        ({"context": []}, "empty field context"),
        ({"context": {"title": ["T"], "sentences": []}}, "context has lists of different lengths"),
        ({"context": {"title": "T", "sentences": "s"}}, "context holds no lists"),
        ({"context": ["T"]}, "context holds something else than pairs"),
        ({"context": [["T", "s"]]}, "the sentences of an article are no list"),
        ({"context": [["T", [None, 1, {}]]]}, "sentence of an article is of type dict"),
        ({"context": [[["T"], ["s"]]]}, "title of an article is of type list"),
        ({"supporting_facts": 3}, "supporting_facts is neither"),
        ({"answer": None}, "empty field answer"),
    ],
)
def test_a_row_without_articles_or_answer_is_skipped(
    change: dict[str, object], reason: str
) -> None:
    with pytest.raises(Skip, match=reason):
        hotpotqa(Row({**HUB, **change}))


@natives("hotpotqa")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    accounted("hotpotqa", path, {"question", "answer", "context", "supporting_facts"})
