"""The views of a published dataset in one place: name, row, Arrow features, purpose.

A column name that a trainer takes for its own bends training without an error, so a view with
such a column is refused unless the view is made for exactly that column.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from datasets import Features, List, Value
from pydantic import ValidationError

from ultrainteract.dataset.rows import (
    KtoRow,
    NodeRow,
    OriginalPairRow,
    OriginalSftRow,
    PreferenceRow,
    Row,
    SftRow,
    TrajectoryRow,
)
from ultrainteract.errors import UltraInteractError, unknown

# Read by trainers as their own: each was seen to break or to change a run.
RESERVED = frozenset(
    {
        "chat_template_kwargs",
        "completion",
        "image",
        "images",
        "input_ids",
        "label",
        "labels",
        "margin",
        "prompt",
        "tools",
    }
)


class SchemaError(UltraInteractError):
    """A row or a view that would spoil training; the message names the view and the column."""


def refuse_reserved(view: str, columns: Iterable[str], own: frozenset[str]) -> None:
    """Raises `SchemaError` for a column of `RESERVED` that is none of the view's `own`."""
    taken = sorted((set(columns) & RESERVED) - own)
    if taken:
        raise SchemaError(
            f"view {view!r}: trainers read the column {taken[0]!r} as their own; "
            "put it below `metadata`, or give it another name"
        )


@dataclass(frozen=True)
class View:
    """One config of the dataset. `own` are the reserved names this view is made of."""

    name: str
    row: type[Row]
    features: Features
    purpose: str
    own: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        refuse_reserved(self.name, self.features, self.own)


_text, _int, _flag = Value("string"), Value("int32"), Value("bool")
_message = {"role": _text, "content": _text}
_family = {"task": _text, "dataset": _text}
_ids = {"id": _text, "parent_id": _text}
_metadata = {
    "models": List(_text),
    "nodes": List(_int),
    "prompts": _text,
    "seed": Value("int64"),
    "environment": _text,
    "grader": _text,
    "problem_id": _text,
}
_meta = {**_ids, **_family, "depth": _int, "turn": _int, "metadata": _metadata}
_draw = {
    "rung": _int,
    "draw": _int,
    "schema": _text,
    "seed": Value("int64"),
    "temperature": Value("float64"),
    "guided": _text,
    "finish_reason": _text,
}
_pair = {"prompt": List(_message), "chosen": List(_message), "rejected": List(_message)}
_answer = {"prompt": List(_message), "completion": List(_message)}
_node = {
    "instruction": _text,
    "reference": _text,
    "node": _int,
    "parent": _int,
    "kind": _text,
    "is_chosen": _flag,
    "is_rejected": _flag,
    "is_expanded": _flag,
    **dict.fromkeys(("action", "code", "output", "outcome"), _text),
    **dict.fromkeys(("verdict", "rule", "reason", "critique", "critic", "model"), _text),
    "sampling": _draw,
    "tokens": _int,
}
_spoken = {"from": _text, "value": _text}

VIEWS: Mapping[str, View] = {
    view.name: view
    for view in (
        View(
            "preference",
            PreferenceRow,
            Features({**_pair, **_meta}),
            "DPO, KTO from pairs, ORPO, CPO, reward models",
            frozenset({"prompt"}),
        ),
        View(
            "sft",
            SftRow,
            Features({**_answer, **_meta}),
            "SFT with the loss on the correct action alone",
            frozenset({"prompt", "completion"}),
        ),
        View(
            "kto",
            KtoRow,
            Features({**_answer, "label": _flag, **_meta}),
            "KTO: every verified action, unpaired ones too",
            frozenset({"prompt", "completion", "label"}),
        ),
        View(
            "reward",
            PreferenceRow,
            Features({**_pair, **_meta}),
            "reward models: `preference` and single-turn pairs across turns",
            frozenset({"prompt"}),
        ),
        View(
            "trajectories",
            TrajectoryRow,
            Features({"messages": List({**_message, "train": _flag}), **_meta}),
            "trainers that mask by message: root to correct leaf, only the leaf with `train`",
        ),
        View(
            "trees",
            NodeRow,
            Features({**_node, **_meta}),
            "audit and re-pairing: one row a node",
        ),
        View(
            "ultrainteract_pair",
            OriginalPairRow,
            Features(
                {
                    **_family,
                    "trajectory": List(_spoken),
                    "chosen": _text,
                    "rejected": _text,
                    **_ids,
                }
            ),
            "pipelines made for the original UltraInteract_pair",
        ),
        View(
            "ultrainteract_sft",
            OriginalSftRow,
            Features({**_family, "instruction": _text, "response": _text, **_ids}),
            "pipelines made for the original UltraInteract_sft",
        ),
    )
}
DEFAULT = "preference"


def find_view(name: str) -> View:
    """The view of that name. Raises `UnknownName`."""
    if name not in VIEWS:
        raise unknown("view", name, VIEWS)
    return VIEWS[name]


def validate(name: str, row: Mapping[str, object]) -> Row:
    """`row` as a row of the view. Raises `UnknownName`, or `SchemaError` with every problem."""
    view = find_view(name)
    refuse_reserved(name, row, view.own)
    try:
        return view.row.model_validate(row)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'row'}: "
            f"{problem['msg'].removeprefix('Value error, ')}"
            for problem in error.errors()
        )
        raise SchemaError(f"view {name!r}: {problems}") from error
