"""Damaged rows: whatever stands in a field, its row is a problem or skipped, never a crash."""

import json
from functools import cache
from pathlib import Path
from time import thread_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultrainteract.seeds import Question, Row, Skip, load, load_seed, registry
from ultrainteract.seeds.registry import Seed
from ultrainteract.types import adapter

SHIPPED = sorted(registry._shipped())
ODD: tuple[object, ...] = (
    None, True, 0, -1, 1.5, float("nan"), float("inf"), 10**4000, 10**5000, "", " ",
    "x", "[", "{}", "[]",
    "null", "[1, 2]", '{"inputs": 3}', "9" * 5000, "\ud83d", "<image>", [], {}, [[]], [None],
    [{}], {"a": []}, {"input": None, "output": 3}, {"title": ["t"], "sentences": None},
    {"header": "a", "rows": 1}, {"seconds": None}, b"bytes", ("a", "b"),
)  # fmt: skip


@cache
def known(name: str) -> Seed:
    """Asked for once: each time every installed package is looked through."""
    return load_seed(name)


def sample(name: str) -> list[dict[str, object]]:
    path = known(name).sample
    assert path
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def mapped(name: str, row: dict[str, object]) -> Question | str:
    """What the row function makes of it, or why it is skipped."""
    try:
        return known(name).function(Row(row))
    except Skip as reason:
        return str(reason) or "no reason"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_without_one_of_its_fields_loads_or_names_the_field(name: str) -> None:
    row = sample(name)[0]
    for field in row:
        made = mapped(name, {key: value for key, value in row.items() if key != field})
        assert isinstance(made, Question) or field in made


@pytest.mark.parametrize("name", SHIPPED)
def test_any_odd_value_in_any_field_costs_the_row_at_most(name: str) -> None:
    for row in sample(name)[:3]:
        for field in row:
            for value in ODD:
                assert mapped(name, {**row, field: value}) != "no reason"


@pytest.mark.parametrize("name", SHIPPED)
@settings(max_examples=25)
@given(data=st.data())
def test_any_json_in_several_fields_costs_the_row_at_most(name: str, data: st.DataObject) -> None:
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    values = st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=6,
    )
    row = data.draw(st.sampled_from(sample(name)))
    changed = data.draw(st.dictionaries(st.sampled_from(sorted(row)), values, max_size=3))
    question = mapped(name, {**row, **changed})
    if isinstance(question, Question):
        assert all(isinstance(text, str) for pair in question.meta.items() for text in pair)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_sample_has_twenty_rows_that_all_load(name: str) -> None:
    loaded = load(name, source="sample", everything=True)
    assert loaded.available == loaded.rows >= 20
    for problem in loaded.problems:
        again = adapter(type(problem)).validate_json(adapter(type(problem)).dump_json(problem))
        assert again == problem


@pytest.mark.parametrize("name", SHIPPED)
def test_a_damaged_file_gives_its_whole_rows(name: str, tmp_path: Path) -> None:
    rows = sample(name)
    lines = [json.dumps(row) for row in rows]
    path = tmp_path / "rows.jsonl"
    path.write_bytes("\n".join([*lines[:5], lines[5][:40], *lines[5:], '{"\\ud800": 1']).encode())
    loaded = load(name, source=path, everything=True)
    assert loaded.available == len(rows)
    assert loaded.rows == len(rows) + 2
    assert {"rows.jsonl line 6", f"rows.jsonl line {len(rows) + 2}"} == {
        place for places in loaded.places.values() for place in places
    }


@pytest.mark.parametrize("name", SHIPPED)
def test_values_nested_nearly_as_deep_as_json_reads_cost_the_row_at_most(
    name: str, tmp_path: Path
) -> None:
    row = sample(name)[0]
    deep = "[" * 900 + "1" + "]" * 900
    tests = json.dumps(f'{{"inputs": [{deep}], "outputs": [{deep}]}}')
    shapes = (deep, json.dumps(deep), tests, f'{{"input": [{deep}], "output": [{deep}]}}')
    lines = [
        f"{json.dumps({**row, field: 0})[:-1]}, {json.dumps(field)}: {shape}}}"
        for field in row
        for shape in shapes
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    loaded = load(name, source=path, everything=True, allow_empty=True)
    assert loaded.rows == len(lines) == loaded.available + sum(loaded.skipped.values())


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("part", ["![", "\n", "<img ", "? ", "answer is ", "-", "<<", "\\boxed{"])
def test_a_long_text_of_one_part_is_read_at_once(name: str, part: str) -> None:
    row = sample(name)[0]
    for field in [field for field, value in row.items() if isinstance(value, str)]:
        begun = thread_time()
        mapped(name, {**row, field: part * (20_000 // len(part))})
        assert thread_time() - begun < 2, field
