"""Mathematics in words: an action is numbered steps and a last line `Answer: ...`."""

from typing import ClassVar

from ultrainteract import (
    Claim,
    Environment,
    ExecResult,
    Guide,
    Instruction,
    Message,
    Node,
    Problem,
    Prompt,
    Reading,
    Task,
    answer_line,
    claim_on,
    hide_answer,
    read_answer,
    register_environment,
)


@register_environment
class MathCot(Environment):
    """Chain of thought."""

    name: ClassVar[str] = "math_cot"
    task: ClassVar[Task] = Task.MATH_COT
    schemas: ClassVar[tuple[str, ...]] = ("chain_of_thought",)

    def prompt(self, problem: Problem) -> str:
        """Task and statement."""
        return Prompt.load("math_cot/problem").render(statement=problem.statement)

    def opening(
        self,
        instruction: Instruction,  # noqa: ARG002
        schema: str,
        guidance: str = "",
    ) -> tuple[Message, ...]:
        """The rules and one worked example."""
        example = Prompt.load("math_cot/example").render()
        return (
            Message("system", Prompt.load("math_cot/actor").render(guidance=guidance)),
            Message("user", Prompt.load("math_cot/problem").render(statement=example)),
            Message("assistant", Prompt.load(f"math_cot/example_{schema}").render()),
        )

    def read(
        self,
        instruction: Instruction,  # noqa: ARG002
        reply: str,
        *,
        truncated: bool,
    ) -> Reading:
        """Everything up to the first answer line; what follows is talk."""
        return read_answer(reply, truncated=truncated)

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
        """Problem, reference and attempt."""
        reference = instruction.reference
        asked = Prompt.load("math_cot/attempt").render(
            statement=instruction.statement,
            reference=reference.rationale or f"The answer is {reference.answer}.",
            action=node.action.text,
            output="",
        )
        return (
            Message("system", Prompt.load("math_cot/critic").render()),
            Message("user", asked),
        )

    def guides(self, instruction: Instruction) -> tuple[Guide, ...]:
        """The rationale with its numbers masked."""
        return (Guide("guided"),) if instruction.reference.rationale else ()

    def guided(self, instruction: Instruction, guide: Guide, draft: str) -> str:  # noqa: ARG002
        """An outline without the numbers that the problem does not give."""
        outline = hide_answer(
            instruction.reference.rationale, instruction.statement, instruction.reference.answer
        )
        return Prompt.load(f"math_cot/{guide.name}").render(rationale=outline)
