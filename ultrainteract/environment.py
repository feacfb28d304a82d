"""A task family: what the model is told, what its reply means, what counts as an answer.

An environment is pure: it renders prompts and reads replies and program outputs. It asks no
model, runs no code and grades nothing; `grow` does, with what the environment hands it.
"""

import importlib
from dataclasses import dataclass
from typing import ClassVar, Protocol, TypeVar

from ultrainteract.errors import unknown
from ultrainteract.resources import folder
from ultrainteract.tree import Node
from ultrainteract.types import (
    Claim,
    ExecResult,
    Instruction,
    Message,
    NodeKind,
    Problem,
    Task,
    digest,
)


@dataclass(frozen=True, slots=True)
class Tool:
    """A line of the tool list in the prompt. Other names than `python` are functions of the host
    that its code can call."""

    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Reading:
    """A reply as the environment reads it: `text` is what is published, `code` what is run.

    `kind` is MALFORMED, with `reason`, for what reaches no pair: no answer, no code, a syntax
    error. STEP is never graded, whatever its code does; whether an ANSWER was only a step may
    need the program's output. Code that
    is `submitted` is not run in the notebook: it is the answer, and grading runs it.
    """

    kind: NodeKind
    text: str
    code: str = ""
    reason: str = ""
    submitted: bool = False


@dataclass(frozen=True, slots=True)
class Guide:
    """One ground-truth-guided way to a correct action (arXiv 2404.02078, section 2).

    `draft`, where given, is asked first, alone; what the model answers goes to
    `Environment.guided` with this guide's `name`. Guides of one reference solution share what
    they `cover`: when the guided rung is reached, each solution gets a correct action.
    """

    name: str
    draft: str = ""
    covers: str = ""


class Environment(Protocol):
    """What a folder of `environments/` defines, registered by name.

    `schemas` are the reasoning schemas drawn by lot, `stop` the strings at which a reply ends.
    One that inherits it has no tools, set-up and guides but its own.
    """

    name: ClassVar[str]
    task: ClassVar[Task]
    tools: ClassVar[tuple[Tool, ...]] = ()
    schemas: ClassVar[tuple[str, ...]]
    stop: ClassVar[tuple[str, ...]] = ()

    def prompt(self, problem: Problem) -> str:
        """The first user turn: tool list, task, statement. Published."""
        ...

    def opening(
        self, instruction: Instruction, schema: str, guidance: str = ""
    ) -> tuple[Message, ...]:
        """What comes before the problem: how to reason and to format, by the schema drawn for
        this action, and perhaps a worked example. Not published."""
        ...

    def setup(self, instruction: Instruction) -> str:  # noqa: ARG002
        """Code that the notebook has run before the first action; empty for none."""
        return ""

    def read(self, instruction: Instruction, reply: str, *, truncated: bool) -> Reading:
        """Cut and classify a reply; strips what the model invented after its action.

        `truncated` says that the token limit cut it off.
        """
        ...

    def claim(
        self, instruction: Instruction, reading: Reading, result: ExecResult | None
    ) -> Claim | None:
        """What is claimed, for the grader; None when this was a step and no answer.

        `result` is that of a program that ran to its end, None where nothing ran.
        """
        ...

    def criticise(self, instruction: Instruction, node: Node) -> tuple[Message, ...]:
        """What the critic is asked about an incorrect action, the reference included."""
        ...

    def guides(self, instruction: Instruction) -> tuple[Guide, ...]:  # noqa: ARG002
        """The guided ways this instruction's reference allows, in order of preference."""
        return ()

    def guided(self, instruction: Instruction, guide: Guide, draft: str) -> str:  # noqa: ARG002
        """The guidance that `opening` takes for this guide; `draft` is the model's reply to the
        guide's draft, empty where there is none. Empty: the draft is of no use."""
        return ""


_registered: dict[str, type[Environment]] = {}


E = TypeVar("E", bound=Environment)


def register_environment(kind: type[E]) -> type[E]:
    """Class decorator: register an environment under its `name`."""
    _registered[kind.name] = kind
    return kind


def environments() -> tuple[str, ...]:
    """Names of those shipped and those a plugin registered, sorted."""
    shipped = {path.parent.name for path in folder("environments").glob("*/environment.py")}
    return tuple(sorted(shipped | _registered.keys()))


def load_environment(name: str) -> Environment:
    """The environment of that name. Raises `UnknownName`."""
    if name not in _registered:
        if name not in environments():
            raise unknown("environment", name, environments())
        importlib.import_module(f"ultrainteract.environments.{name}.environment")
    return _registered[name]()


def instruct(problem: Problem, name: str) -> Instruction:
    """One problem in one environment. The id hashes dataset, native id and environment."""
    here = load_environment(name)
    return Instruction(
        id=digest([problem.dataset, problem.native_id, name])[:16],
        problem_id=problem.id,
        dataset=problem.dataset,
        environment=name,
        task=here.task,
        statement=problem.statement,
        prompt=here.prompt(problem),
        reference=problem.reference,
        meta=problem.meta,
        native_id=problem.native_id,
    )
