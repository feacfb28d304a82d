"""Questions to be searched for: an action searches by code, or ends in a line `Answer: ...`.

A search is a step: it is not graded, and one is chosen and expanded.
"""

import json
from collections.abc import Iterator, Mapping
from typing import ClassVar

from ultrainteract import (
    Claim,
    Environment,
    ExecResult,
    Instruction,
    Message,
    Node,
    NodeKind,
    Problem,
    Prompt,
    Reading,
    Task,
    Tool,
    answer_line,
    claim_on,
    fenced_python,
    malformed,
    register_environment,
)


@register_environment
class LogicSearch(Environment):
    """Reasoning over what `wikipedia_search` finds."""

    name: ClassVar[str] = "logic_search"
    task: ClassVar[Task] = Task.LOGIC
    tools: ClassVar[tuple[Tool, ...]] = (
        Tool("python", "Python interpreter"),
        Tool("wikipedia_search", "Wikipedia search"),
    )
    schemas: ClassVar[tuple[str, ...]] = ("chain_of_thought",)
    # The fence that closes the block, and the output that models like to invent after it.
    stop: ClassVar[tuple[str, ...]] = ("\n```\n", "```output")

    def prompt(self, problem: Problem) -> str:
        """Tool list, task and question."""
        return Prompt.load("logic_search/problem").render(statement=problem.statement)

    def opening(
        self,
        instruction: Instruction,  # noqa: ARG002
        schema: str,
        guidance: str = "",
    ) -> tuple[Message, ...]:
        """The rules and one worked example, from its search to its answer."""
        example = Prompt.load("logic_search/example").render()
        return (
            Message("system", Prompt.load("logic_search/actor").render(guidance=guidance)),
            Message("user", Prompt.load("logic_search/problem").render(statement=example)),
            Message("assistant", Prompt.load(f"logic_search/example_{schema}").render()),
            Message("user", Prompt.load("logic_search/example_found").render()),
            Message("assistant", Prompt.load("logic_search/example_answer").render()),
        )

    def read(
        self,
        instruction: Instruction,  # noqa: ARG002
        reply: str,
        *,
        truncated: bool,
    ) -> Reading:
        """A search or an answer, whichever comes first; the rest is invented."""
        block = fenced_python(reply, truncated=truncated)
        answer = answer_line(reply, truncated=truncated)
        if answer and (block is None or len(answer.text) <= block.start):
            return Reading(NodeKind.ANSWER, answer.text)
        if block and block.code.strip():
            return Reading(NodeKind.STEP, block.text, block.code)
        reason = "neither a python block nor a line 'Answer: ...'"
        return malformed(reply, reason, truncated=truncated)

    def claim(
        self,
        instruction: Instruction,
        reading: Reading,
        result: ExecResult | None,  # noqa: ARG002
    ) -> Claim | None:
        """What the answer line says."""
        found = answer_line(reading.text)
        return claim_on(instruction, found.answer) if found else None

    def criticise(self, instruction: Instruction, node: Node) -> tuple[Message, ...]:
        """Question, right answer, the facts behind it, and attempt."""
        asked = Prompt.load("logic_search/attempt").render(
            statement=instruction.statement,
            reference=instruction.reference.answer,
            facts="\n".join(_facts(instruction.meta)),
            action=node.action.text,
        )
        return Message("system", Prompt.load("logic_search/critic").render()), Message(
            "user", asked
        )


def _facts(meta: Mapping[str, str]) -> Iterator[str]:
    """What a dataset says of how its answer is found: facts, or the supporting sentences of its
    passages; places beyond a passage's end occur."""
    yield from json.loads(meta.get("facts") or "[]")
    passages = dict(json.loads(meta.get("context") or "[]"))
    for title, place in json.loads(meta.get("supporting") or "[]"):
        if place.isdecimal():
            yield from passages.get(title, [])[int(place) :][:1]
