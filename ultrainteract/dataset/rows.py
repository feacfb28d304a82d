"""One row of each view, frozen, and what makes it fit to train on.

A row that breaks a rule here spoils training without an error: sides that are equal or empty,
a side that is more than the one assistant message, strings among message lists, a wrong action
under the loss. So a row checks itself when it is made.
"""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

_SURROGATE = re.compile("[\ud800-\udfff]")


def fold(text: str) -> str:
    """`text` with each run of white space as one space; two answers with one folding are equal."""
    return " ".join(text.split())


def _encodable(value: object) -> object:
    # A model's JSON may hold half a surrogate pair, which neither Arrow nor UTF-8 can store.
    if isinstance(value, str) and not value.isascii():
        return _SURROGATE.sub("\ufffd", value)
    return value


def _no_text(value: object) -> object:
    if isinstance(value, str):
        # Pydantic makes a row's error of a ValueError alone.
        raise ValueError(  # noqa: TRY004
            "a string where a list of messages belongs; a row must not mix the two"
        )
    return value


def _ends_with_user(messages: "tuple[ChatMessage, ...]") -> "tuple[ChatMessage, ...]":
    if not messages or messages[-1].role != "user":
        raise ValueError("a prompt ends with a user message")
    return messages


def _one_answer(messages: "tuple[ChatMessage, ...]") -> "tuple[ChatMessage, ...]":
    if len(messages) != 1 or messages[0].role != "assistant":
        roles = ", ".join(message.role for message in messages) or "nothing"
        raise ValueError(f"a side is one assistant message, here it is {roles}")
    if not fold(messages[0].content):
        raise ValueError("a side is empty")
    return messages


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


Text = Annotated[str, BeforeValidator(_encodable)]


class ChatMessage(_Frozen):
    """One message as chat templates take it. No `tool` role: several templates break on it."""

    role: Literal["system", "user", "assistant"]
    content: Text


Messages = Annotated[tuple[ChatMessage, ...], BeforeValidator(_no_text)]
Prompt = Annotated[Messages, AfterValidator(_ends_with_user)]
Side = Annotated[Messages, AfterValidator(_one_answer)]


class TrainedMessage(_Frozen):
    """A message of a trajectory; `train` says whether the loss covers it."""

    role: Literal["system", "user", "assistant"]
    content: Text
    train: bool


class Spoken(_Frozen):
    """A message as the original pair format has it."""

    model_config = ConfigDict(validate_by_name=True)

    speaker: Literal["user", "assistant"] = Field(alias="from")
    value: Text


class Metadata(_Frozen):
    """Where a row comes from. `models` wrote the actions of `nodes`, in that order."""

    models: tuple[str, ...]
    nodes: tuple[int, ...]
    prompts: str
    seed: int
    environment: str
    grader: str
    problem_id: str


class Row(_Frozen):
    """What the rows of every view say."""

    id: str
    parent_id: str
    task: str
    dataset: str


class PlacedRow(Row):
    """Our own views add the place in the tree and the origin."""

    depth: int
    turn: int
    metadata: Metadata


class PreferenceRow(PlacedRow):
    """A correct and an incorrect answer to one prompt."""

    prompt: Prompt
    chosen: Side
    rejected: Side

    @model_validator(mode="after")
    def _differ(self) -> Self:
        if fold(self.chosen[0].content) == fold(self.rejected[0].content):
            raise ValueError("chosen and rejected are equal after white-space folding")
        return self


class SftRow(PlacedRow):
    """A prompt and one correct answer."""

    prompt: Prompt
    completion: Side


class KtoRow(PlacedRow):
    """A prompt, one verified answer, and whether it is correct."""

    prompt: Prompt
    completion: Side
    label: bool


class TrajectoryRow(PlacedRow):
    """From the root to a correct answer, the only message under the loss."""

    messages: Annotated[tuple[TrainedMessage, ...], BeforeValidator(_no_text)]

    @model_validator(mode="after")
    def _train_the_leaf_alone(self) -> Self:
        *before, leaf = self.messages or (None,)
        if leaf is None or leaf.role != "assistant" or not leaf.train or not fold(leaf.content):
            raise ValueError("a trajectory ends with a correct answer to train on")
        if any(message is None or message.train for message in before):
            raise ValueError("a message before the last is trained on; it may be a wrong action")
        return self


class Draw(_Frozen):
    """How an action was drawn."""

    rung: int
    draw: int
    schema_: str = Field(alias="schema")
    seed: int
    temperature: float
    guided: str
    finish_reason: str


class NodeRow(PlacedRow):
    """One action with all that the world made of it; `tokens` is 0 where none were counted."""

    instruction: Text
    reference: Text
    node: int
    parent: int | None
    kind: str
    is_chosen: bool
    is_rejected: bool
    is_expanded: bool
    action: Text
    code: Text
    output: Text
    outcome: str | None
    verdict: str | None
    rule: str | None
    reason: Text | None
    critique: Text | None
    critic: str | None
    model: str
    sampling: Draw
    tokens: int


class OriginalPairRow(Row):
    """A row of the original pair dataset."""

    trajectory: Annotated[tuple[Spoken, ...], BeforeValidator(_no_text)]
    chosen: Text
    rejected: Text

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not self.trajectory or self.trajectory[-1].speaker != "user":
            raise ValueError("a trajectory ends with a user turn")
        if not fold(self.chosen) or not fold(self.rejected):
            raise ValueError("a side is empty")
        if fold(self.chosen) == fold(self.rejected):
            raise ValueError("chosen and rejected are equal after white-space folding")
        return self


class OriginalSftRow(Row):
    """A row of the original SFT dataset."""

    instruction: Text
    response: Text

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not fold(self.response):
            raise ValueError("the response is empty")
        return self
