"""What would spoil training is refused, with a message that names the view and the column."""

from collections.abc import Mapping

import pytest
from datasets import Features, Value

from ultrainteract.dataset.rows import PreferenceRow
from ultrainteract.dataset.schema import RESERVED, VIEWS, SchemaError, View, validate
from ultrainteract.errors import UltraInteractError, UnknownName

USER = {"role": "user", "content": "What is 6 x 7?"}
GOOD = {"role": "assistant", "content": "Step 1: 42"}
BAD = {"role": "assistant", "content": "Step 1: 41"}
META: Mapping[str, object] = {
    "id": "a_1_1",
    "parent_id": "a",
    "task": "Math_PoT",
    "dataset": "math",
    "depth": 1,
    "turn": 1,
    "metadata": {
        "models": ["small", "other"],
        "nodes": [0, 1],
        "prompts": "p",
        "seed": 0,
        "environment": "math_pot",
        "grader": "g",
        "problem_id": "b",
    },
}
PAIR = {**META, "prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}


def test_a_sound_row_passes() -> None:
    assert isinstance(validate("preference", PAIR), PreferenceRow)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"prompt": "What is 6 x 7?"}, "must not mix"),
        ({"chosen": "Step 1: 42"}, "must not mix"),
        ({"rejected": "Step 1: 41"}, "must not mix"),
        ({"chosen": [GOOD, {"role": "user", "content": "Out: 42"}]}, "one assistant message"),
        ({"chosen": [GOOD, GOOD]}, "one assistant message"),
        ({"rejected": [USER]}, "one assistant message"),
        ({"rejected": []}, "one assistant message"),
        ({"rejected": [{"role": "assistant", "content": " \n\t"}]}, "empty"),
        ({"rejected": [{"role": "assistant", "content": "Step  1:\n42 "}]}, "equal"),
        ({"prompt": [USER, GOOD]}, "ends with a user message"),
        ({"prompt": []}, "ends with a user message"),
        ({"prompt": [USER, BAD, {"role": "tool", "content": "41"}]}, "prompt.2.role"),
    ],
)
def test_a_pair_that_spoils_training_is_refused(change: dict[str, object], said: str) -> None:
    with pytest.raises(SchemaError, match=said) as caught:
        validate("preference", {**PAIR, **change})
    assert "'preference'" in str(caught.value)
    assert isinstance(caught.value, UltraInteractError)


@pytest.mark.parametrize("column", sorted(RESERVED - {"prompt"}))
def test_a_reserved_column_is_refused_in_a_row_and_in_a_view(column: str) -> None:
    with pytest.raises(SchemaError, match=f"{column!r} as their own"):
        validate("preference", {**PAIR, column: "x"})
    with pytest.raises(SchemaError, match=f"{column!r} as their own"):
        View("mine", PreferenceRow, Features({column: Value("string")}), "")


def test_reserved_names_are_safe_below_metadata() -> None:
    View("mine", PreferenceRow, Features({"metadata": {"margin": Value("string")}}), "")


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(SchemaError, match="score"):
        validate("preference", {**PAIR, "score": 1})


@pytest.mark.parametrize(
    "messages",
    [
        [{**USER, "train": False}, {**BAD, "train": True}, {**USER, "train": False}],
        [{**USER, "train": False}, {**GOOD, "train": False}],
        [{**USER, "train": True}, {**GOOD, "train": True}],
        [{**BAD, "train": True}, {**USER, "train": False}, {**GOOD, "train": True}],
        [],
    ],
)
def test_a_trajectory_trains_on_its_leaf_and_on_nothing_else(messages: list[object]) -> None:
    with pytest.raises(SchemaError, match="train"):
        validate("trajectories", {**META, "messages": messages})


def test_an_original_pair_with_equal_sides_is_refused() -> None:
    row = {key: META[key] for key in ("id", "parent_id", "task", "dataset")}
    said = [{"from": "user", "value": "What?"}]
    with pytest.raises(SchemaError, match="equal"):
        validate(
            "ultrainteract_pair", {**row, "trajectory": said, "chosen": "a b", "rejected": "a  b"}
        )


def test_an_unknown_view_names_the_known_ones() -> None:
    with pytest.raises(UnknownName, match="did you mean 'preference'"):
        validate("preferences", PAIR)


def test_the_columns_of_every_view_are_those_of_its_rows() -> None:
    for view in VIEWS.values():
        fields = view.row.model_fields.items()
        assert {field.alias or name for name, field in fields} == set(view.features)


def test_the_originals_keep_names_types_and_order() -> None:
    text = Value("string")
    pair, sft = VIEWS["ultrainteract_pair"].features, VIEWS["ultrainteract_sft"].features
    assert list(pair) == ["task", "dataset", "trajectory", "chosen", "rejected", "id", "parent_id"]
    assert pair["trajectory"].feature == {"from": text, "value": text}
    assert dict(sft) == dict.fromkeys(
        ["task", "dataset", "instruction", "response", "id", "parent_id"], text
    )
    assert list(sft) == ["task", "dataset", "instruction", "response", "id", "parent_id"]


def test_depth_and_turn_are_int32() -> None:
    for name in ("preference", "sft", "kto", "reward", "trajectories", "trees"):
        features = VIEWS[name].features
        assert features["depth"] == features["turn"] == Value("int32")
