"""Overlap with test sets: found whatever the typesetting, reported with its source."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.select.made import problem
from ultrainteract.seeds import load
from ultrainteract.select import Benchmark, Item, Rule, decontaminate, read_benchmark
from ultrainteract.select.selection import Reason
from ultrainteract.types import Problem

SHARED = Path(__file__).parents[2] / "../shared/data"
ITEM = "Each morning, Mrs. Okafor's nine hens lay $\\frac{2}{3}$ of a dozen eggs in the old barn."
LETTERS = st.sampled_from(["ant", "bee", "cat", "dog"])


def held_out(
    *texts: str, rule: Rule = Rule.EIGHT_GRAM, environments: tuple[str, ...] = ()
) -> Benchmark:
    items = tuple(Item(f"item-{n}", text) for n, text in enumerate(texts))
    return Benchmark("held out", items, rule, environments)


def why(one: Problem, *benchmarks: Benchmark) -> Reason | None:
    removed = decontaminate([one], benchmarks).removed
    return removed[0].reason if removed else None


def test_eight_words_in_a_row_are_an_overlap_and_seven_are_not() -> None:
    eight = problem(1, "Imagine: EACH morning -- Mrs. Okafor's nine hens lay. Then what?")
    seven = problem(2, "Imagine: each morning, Mrs. Okafor's nine hens sleep. Then what?")
    selection = decontaminate([eight, seven], [held_out("Other item.", ITEM)])
    assert selection.kept == (seven,)
    (gone,) = selection.removed
    assert gone.problem_id == eight.id
    assert gone.reason == Reason(
        "8-gram",
        "8-gram overlap with item-1 of held out",
        "held out",
        "item-1",
        "each morning mrs okafor s nine hens lay",
    )
    assert selection.counts() == {"8-gram held out": 1}


def test_short_items_count_only_as_the_whole_problem() -> None:
    short = held_out("What is 2 + 3?")
    assert why(problem(1, "what is $2+3$"), short)
    assert why(problem(2, "What is 2 + 3? And what is 4 + 5?"), short) is None


def test_a_problem_that_is_an_item_goes_even_if_it_is_all_numbers() -> None:
    text = "Evaluate 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9."
    assert why(problem(1, text), held_out(text))
    assert why(problem(2, text.replace("Evaluate", "Add")), held_out(text)) is None


def test_substring_is_the_whole_item_to_the_letter() -> None:
    exact = held_out(ITEM, rule=Rule.SUBSTRING)
    inside = f"Read this. {ITEM.replace(' ', chr(10))} How many?"
    reason = why(problem(1, inside), exact)
    assert reason
    assert (reason.rule, reason.item, reason.text) == ("substring", "item-0", ITEM)
    assert why(problem(2, inside.replace("nine", "Nine")), exact) is None
    assert why(problem(3, inside.replace("barn", "shed")), exact) is None


def test_substring_may_begin_and_end_within_words() -> None:
    exact = held_out("ne two three four five six seven eight nine te", rule=Rule.SUBSTRING)
    assert why(problem(1, "one two three four five six seven eight nine ten"), exact)


@pytest.mark.parametrize("size", range(5, 14))
def test_substring_of_any_length_is_found(size: int) -> None:
    text = " ".join(f"word{n}" for n in range(size))
    assert why(problem(1, f"Here is {text}, as told."), held_out(text, rule=Rule.SUBSTRING))
    assert (
        why(problem(2, f"Here is {text[2:]}, as told."), held_out(text, rule=Rule.SUBSTRING))
        is None
    )


def test_items_that_begin_alike_are_all_looked_for() -> None:
    begin = "You are given an array of numbers and a target value called k"
    items = [f"{begin} item {n} asks about topic {n}" for n in range(50)]
    exact = held_out(*items, rule=Rule.SUBSTRING)
    for n, text in enumerate(items):
        reason = why(problem(n, f"Well. {text} indeed"), exact)
        assert reason
        assert items[int(reason.item.removeprefix("item-"))] in f"Well. {text} indeed"


def test_a_test_set_counts_for_its_environments_only() -> None:
    held = held_out(ITEM, environments=("math_pot", "math_cot"))
    assert why(problem(1, ITEM, "coding"), held) is None
    assert why(problem(1, ITEM, "math_cot"), held)
    assert why(problem(1, ITEM, "coding"), held, held_out(ITEM, environments=("coding",)))


def test_signature_of_a_benchmark_function_gives_a_paraphrase_away() -> None:
    held = Benchmark("code", (Item("H/0", "x", ("longest_prefix(words)",)),))
    asked = problem(1, "Complete:\n```python\ndef longest_prefix(words: list[str]) -> str:\n```")
    reason = why(asked, held)
    assert reason
    assert (reason.rule, reason.text) == ("signature", "longest_prefix(words)")
    answer = "```python\ndef longest_prefix(words):\n    pass\n```"
    assert why(problem(2, "Do it.", answer=answer, gate="judge"), held)
    assert why(problem(3, "Do it.", answer=answer), held) is None


@given(st.lists(LETTERS, max_size=30), st.lists(st.lists(LETTERS, max_size=12), max_size=5))
def test_runs_are_found_as_by_comparing_everything(
    words: list[str], items: list[list[str]]
) -> None:
    def runs(text: list[str]) -> set[tuple[str, ...]]:
        return {tuple(text[start : start + 8]) for start in range(len(text) - 7)}

    one = problem(1, " ".join(words) or "nothing")
    held = held_out(*(" ".join(item) or "empty" for item in items))
    expected = any(runs(words) & runs(item) or (words and words == item) for item in items)
    assert (why(one, held) is not None) == bool(expected)


def test_no_test_set_removes_nothing() -> None:
    one = problem(1, ITEM)
    assert decontaminate([one], []).kept == (one,)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
@pytest.mark.parametrize(("dataset", "name"), [("gsm8k", "gsm8k_test"), ("math", "math_test_tora")])
def test_rows_of_a_test_split_are_all_found(dataset: str, name: str) -> None:
    rows = load(dataset, source=SHARED / f"seeds/{dataset}/rows_test.jsonl").problems
    selection = decontaminate(rows, [read_benchmark(SHARED / f"eval/{name}.jsonl")])
    assert selection.kept == ()
