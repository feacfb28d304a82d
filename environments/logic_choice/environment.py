"""Logical reading comprehension with options: numbered steps and a last line `Answer: B`."""

from typing import ClassVar

from ultrainteract import (
    Claim,
    Environment,
    ExecResult,
    Instruction,
    Message,
    Node,
    Problem,
    Prompt,
    Reading,
    Task,
    answer_line,
    claim_on,
    read_answer,
    register_environment,
)


@register_environment
class LogicChoice(Environment):
    """Reasoning in text over the options of a question."""

    name: ClassVar[str] = "logic_choice"
    task: ClassVar[Task] = Task.LOGIC
    schemas: ClassVar[tuple[str, ...]] = ("chain_of_thought",)

    def prompt(self, problem: Problem) -> str:
        """Task and question with its options."""
        return Prompt.load("logic_choice/problem").render(statement=problem.statement)

    def opening(
        self,
        instruction: Instruction,  # noqa: ARG002
        schema: str,
        guidance: str = "",
    ) -> tuple[Message, ...]:
        """The rules and one worked example."""
        example = Prompt.load("logic_choice/example").render()
        return (
            Message("system", Prompt.load("logic_choice/actor").render(guidance=guidance)),
            Message("user", Prompt.load("logic_choice/problem").render(statement=example)),
            Message("assistant", Prompt.load(f"logic_choice/example_{schema}").render()),
        )

    def read(
        self,
        instruction: Instruction,  # noqa: ARG002
        reply: str,
        *,
        truncated: bool,
    ) -> Reading:
        """Everything up to the first answer line."""
        return read_answer(reply, truncated=truncated)

    def claim(
        self,
        instruction: Instruction,
        reading: Reading,
        result: ExecResult | None,  # noqa: ARG002
    ) -> Claim | None:
        """The option that the answer line names."""
        found = answer_line(reading.text)
        return claim_on(instruction, found.answer) if found else None

    def criticise(self, instruction: Instruction, node: Node) -> tuple[Message, ...]:
        """Question, right option and attempt."""
        asked = Prompt.load("logic_choice/attempt").render(
            statement=instruction.statement,
            reference=instruction.reference.answer,
            action=node.action.text,
        )
        return Message("system", Prompt.load("logic_choice/critic").render()), Message(
            "user", asked
        )
