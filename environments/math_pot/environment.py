"""Mathematics with a Python interpreter: an action ends in one code block, which is run.

The answer is the last thing the program prints. A program that prints nothing only prepared
something: a step, not an answer.
"""

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
    Tool,
    claim_on,
    fenced_python,
    printed_answer,
    read_program,
    register_environment,
    table_setup,
)


@register_environment
class MathPot(Environment):
    """Program of thought."""

    name: ClassVar[str] = "math_pot"
    task: ClassVar[Task] = Task.MATH_POT
    tools: ClassVar[tuple[Tool, ...]] = (Tool("python", "Python interpreter"),)
    schemas: ClassVar[tuple[str, ...]] = ("chain_of_thought", "modularisation")
    # The fence that closes the block (the one that opens it goes on with a language name), and
    # the output that models like to invent after it.
    stop: ClassVar[tuple[str, ...]] = ("\n```\n", "```output")

    def prompt(self, problem: Problem) -> str:
        """Tool list, task, statement."""
        return Prompt.load("math_pot/problem").render(
            statement=problem.statement, table=problem.meta.get("table", "")
        )

    def opening(
        self,
        instruction: Instruction,  # noqa: ARG002
        schema: str,
        guidance: str = "",
    ) -> tuple[Message, ...]:
        """The rules for that schema and one worked example: small models need to see the form."""
        example = Prompt.load("math_pot/example").render()
        return (
            Message(
                "system", Prompt.load("math_pot/actor").render(schema=schema, guidance=guidance)
            ),
            Message("user", Prompt.load("math_pot/problem").render(statement=example, table="")),
            Message("assistant", Prompt.load(f"math_pot/example_{schema}").render()),
        )

    def setup(self, instruction: Instruction) -> str:
        """The problem's table, where it has one, as the DataFrame `df`."""
        return table_setup(instruction)

    def read(
        self,
        instruction: Instruction,  # noqa: ARG002
        reply: str,
        *,
        truncated: bool,
    ) -> Reading:
        """Everything up to the end of the first python block; the rest is invented output."""
        return read_program(reply, truncated=truncated)

    def claim(
        self,
        instruction: Instruction,
        reading: Reading,  # noqa: ARG002
        result: ExecResult | None,
    ) -> Claim | None:
        """The last thing printed."""
        answer = printed_answer(result.output) if result else ""
        return claim_on(instruction, answer) if answer else None

    def criticise(self, instruction: Instruction, node: Node) -> tuple[Message, ...]:
        """Problem, reference, attempt and output."""
        reference = instruction.reference
        asked = Prompt.load("math_pot/attempt").render(
            statement=instruction.statement,
            reference=reference.rationale or f"The answer is {reference.answer}.",
            action=node.action.text,
            output=node.observation.text or "(nothing)",
        )
        return (
            Message("system", Prompt.load("math_pot/critic").render()),
            Message("user", asked),
        )

    def guides(self, instruction: Instruction) -> tuple[Guide, ...]:
        """The rationale is translated into code, then planned or rewritten as modular tools."""
        rationale = instruction.reference.rationale
        if not rationale:
            return ()
        draft = Prompt.load("math_pot/translate").render(
            statement=instruction.statement, rationale=rationale
        )
        return Guide("guided_plan", draft), Guide("guided_modular", draft)

    def guided(self, instruction: Instruction, guide: Guide, draft: str) -> str:  # noqa: ARG002
        """The translated program, to be explained or rewritten."""
        block = fenced_python(draft)
        return Prompt.load(f"math_pot/{guide.name}").render(code=block.code) if block else ""
