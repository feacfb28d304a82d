"""The nouns of the pipeline, frozen: a table of contents for the package.

A seed dataset yields `Problem`s; a problem in one environment is an `Instruction`; a model
answers with an `Action`, the world with an `Observation`, the grader with a `Verdict`, the
critic with a `Critique`. Everything here pickles, compares by value and turns into JSON.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias, TypeVar, cast

import msgspec
from pydantic import TypeAdapter

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

# Any JSON value; recursive aliases need Python 3.12, so nesting is only said, not typed.
JSON: TypeAlias = "str | int | float | bool | Sequence[object] | Mapping[str, object] | None"


class Task(StrEnum):
    """The four task names of the published dataset, spelt as it spells them."""

    CODING = "Coding"
    MATH_COT = "Math_CoT"
    MATH_POT = "Math_PoT"
    LOGIC = "Logic"


class Judgement(StrEnum):
    """What the ground truth says of an answer; only the first two reach a pair."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    UNVERIFIED = "unverified"


class NodeKind(StrEnum):
    """What an action is: an answer to grade, a step on the way, or a reply that is neither."""

    ANSWER = "answer"
    STEP = "step"
    MALFORMED = "malformed"


class StopReason(StrEnum):
    """Why a tree stopped growing. `TREE_BUDGET`, its own limit, is no end once that is raised."""

    MAX_TURNS = "max_turns"
    ALL_CORRECT = "all_correct"
    NOTHING_TO_EXPAND = "nothing_to_expand"
    NO_TESTS = "no_tests"
    TOO_EASY = "too_easy"
    ALL_CORRECT_EARLY = "all_correct_early"
    NEVER_CORRECT = "never_correct"
    TREE_BUDGET = "tree_budget"


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Reference:
    """The ground truth of a problem: a final answer, and a worked solution where there is one."""

    answer: str
    rationale: str = ""
    solutions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A row of a seed dataset, and the environments it is to be solved in."""

    dataset: str
    native_id: str
    statement: str
    reference: Reference
    environments: tuple[str, ...]
    meta: Mapping[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The same for every environment: groups splits. 16 hex digits."""
        return digest([self.dataset, self.native_id])[:16]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One problem in one environment: the root of one tree.

    `id` hashes dataset, native id and environment (16 hex digits); the published `parent_id`.
    `prompt` is what the first user turn says, tool description included.
    """

    id: str
    problem_id: str
    dataset: str
    environment: str
    task: Task
    statement: str
    prompt: str
    reference: Reference
    meta: Mapping[str, str] = field(default_factory=dict)
    native_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one or more model calls."""

    prompt_tokens: int = 0
    completion_tokens: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
        )


@dataclass(frozen=True, slots=True)
class Spent:
    """Model calls, their tokens, and the seconds they were under way, summed. Time, which no two
    runs share, makes no difference between two of them."""

    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    seconds: float = field(default=0.0, compare=False)

    @property
    def tokens(self) -> int:
        """Prompt and completion."""
        return self.usage.prompt_tokens + self.usage.completion_tokens


@dataclass(frozen=True, slots=True)
class Sampling:
    """How an action was drawn. `rung` counts the ladder from 0; `draw` the samples of a turn.

    `completion_tokens` is the action's share, by length, of what its request took; 0: unknown.
    """

    model: str
    rung: int
    draw: int
    schema: str
    seed: int
    temperature: float
    guided: str = ""
    finish_reason: str = "stop"
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Action:
    """A model's reply, cut to what is published, and the code in it (empty without a tool)."""

    text: str
    code: str
    sampling: Sampling


class Outcome(StrEnum):
    """How an execution ended, decided outside the program."""

    OK = "ok"
    EXCEPTION = "exception"
    SYNTAX = "syntax"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OUTPUT = "output_limit"
    KILLED = "killed"


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one execution. `seconds` of wall time, `memory_mb` of address space a cell,
    `pids` processes and threads of its own, `output_chars` kept of what it prints, `calls` of
    host tools."""

    seconds: float = 10.0
    memory_mb: int = 1024
    pids: int = 128
    output_chars: int = 4000
    calls: int = 100


@dataclass(frozen=True, slots=True)
class ExecResult:
    """What a program did: everything it printed, the echo of a last expression, a traceback.

    `output` keeps head and tail and says what was cut, at most `Limits.output_chars` (plus that
    one line). A script's standard error is kept apart in `errors`. Both are untrusted text.
    """

    outcome: Outcome
    output: str
    errors: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """What the program printed, or its traceback; `outcome` is None without one."""

    text: str = ""
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A question to a grader: is `predicted` equal to `gold`, by the rules of `kind`?

    `kind` names a rule set of `verify`; `context` is what that needs beside the gold (options,
    canonical values, a dataset's tolerance): the text of a `verify.context.Context`, or empty.
    """

    kind: str
    predicted: str
    gold: str
    context: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement with the rule that decided, the grader's version, and a reason in words.

    `shown` is what a model may read of it, where grading ran the model's program.
    """

    judgement: Judgement
    rule: str
    grader: str
    reason: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Critique:
    """What the critic said of an incorrect action, already past the leak guard.

    `redrawn` counts the leaking drafts thrown away, `masked` the spans blotted out of the last.
    """

    text: str
    model: str
    redrawn: int = 0
    masked: int = 0


@dataclass(frozen=True, slots=True)
class Loss:
    """A sample that was asked for and never came, with the reason the endpoint gave."""

    turn: int
    model: str
    samples: int
    reason: str


# Much is hashed: this takes a seventh of the time that `json` does.
_encoder = msgspec.json.Encoder(order="sorted")


def canonical(value: "JSON | DataclassInstance") -> bytes:
    """One byte string for one JSON value: sorted keys, no spaces, UTF-8.

    A dataclass, anywhere in it, counts as the object of its fields.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        # Half a surrogate pair, which a program may print.
        plain = msgspec.to_builtins(value, order="sorted")
        return json.dumps(plain, separators=(",", ":")).encode()


def digest(value: "JSON | DataclassInstance") -> str:
    """BLAKE2b-160 of the canonical form, 40 hex digits."""
    return hashlib.blake2b(canonical(value), digest_size=20).hexdigest()


_adapters: dict[type, TypeAdapter[object]] = {}


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The (de)serialiser of one of these types, made once; how they reach disk or wire."""
    found = _adapters.get(kind) or _adapters.setdefault(kind, TypeAdapter(kind))
    return cast("TypeAdapter[T]", found)
