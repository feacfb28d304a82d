"""Programming: programs that tests grade, code over tables, and instructions without tests.

What a row asks for stands in its `meta`: tests of standard input and output or of a function, a
table whose answer is printed, or nothing but a judge model (`kind`).
"""

import json
from collections.abc import Mapping
from typing import ClassVar

from ultrainteract import (
    OPINION,
    PROGRAM,
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
    kind_of,
    read_program,
    register_environment,
    table_setup,
)

# More printed lines than these are a look at a table.
_LINES = 40
_SOLUTION = "guided_solution"


@register_environment
class Coding(Environment):
    """An action is numbered steps and one python block."""

    name: ClassVar[str] = "coding"
    task: ClassVar[Task] = Task.CODING
    tools: ClassVar[tuple[Tool, ...]] = (Tool("python", "Python interpreter"),)
    schemas: ClassVar[tuple[str, ...]] = ("chain_of_thought", "modularisation")
    stop: ClassVar[tuple[str, ...]] = ("\n```\n", "```output")

    def prompt(self, problem: Problem) -> str:
        """Task and statement, with the form that the tests want."""
        form = _form(problem.meta)
        return Prompt.load(f"coding/problem_{form}").render(
            statement=problem.statement, function=_function(problem.meta)
        )

    def opening(
        self, instruction: Instruction, schema: str, guidance: str = ""
    ) -> tuple[Message, ...]:
        """The rules for that form and schema, and one worked example of the form."""
        form = _form(instruction.meta)
        rules = Prompt.load("coding/actor").render(form=form, schema=schema, guidance=guidance)
        asked = Prompt.load(f"coding/problem_{form}").render(
            statement=Prompt.load(f"coding/example_{form}").render(), function="count_vowels"
        )
        answer = Prompt.load(f"coding/example_{form}_{schema}").render()
        return Message("system", rules), Message("user", asked), Message("assistant", answer)

    def setup(self, instruction: Instruction) -> str:
        """The problem's table, where it has one, as the DataFrame `df`."""
        return table_setup(instruction)

    def read(self, instruction: Instruction, reply: str, *, truncated: bool) -> Reading:
        """Everything up to the end of the first python block.

        Code over a table is run; a program for tests or for a judge is the answer itself.
        """
        submitted = kind_of(instruction) in (PROGRAM, OPINION)
        return read_program(reply, truncated=truncated, submitted=submitted)

    def claim(
        self, instruction: Instruction, reading: Reading, result: ExecResult | None
    ) -> Claim | None:
        """The program, or what the code printed; nothing or a lot of lines is no answer."""
        if reading.submitted:
            return claim_on(instruction, reading.code)
        printed = result.output.strip() if result else ""
        lines = len(printed.splitlines())
        return claim_on(instruction, printed) if 0 < lines <= _LINES else None

    def criticise(self, instruction: Instruction, node: Node) -> tuple[Message, ...]:
        """Task, reference, attempt and what came of it."""
        reference = instruction.reference
        solution = reference.solutions[0] if reference.solutions else reference.answer
        asked = Prompt.load("coding/attempt").render(
            statement=instruction.statement,
            reference=solution,
            action=node.action.text,
            output=node.observation.text or "(nothing)",
        )
        return Message("system", Prompt.load("coding/critic").render()), Message("user", asked)

    def guides(self, instruction: Instruction) -> tuple[Guide, ...]:
        """Each reference solution, to be explained with step marks, or refined."""
        return tuple(
            Guide(f"{_SOLUTION}_{way}_{number}", covers=str(number))
            for number in range(len(instruction.reference.solutions))
            for way in ("explain", "refine")
        )

    def guided(self, instruction: Instruction, guide: Guide, draft: str) -> str:  # noqa: ARG002
        """The solution with what to do with it."""
        _, way, number = guide.name.rsplit("_", 2)
        code = instruction.reference.solutions[int(number)]
        return Prompt.load(f"coding/guided_{way}").render(code=code)


def _tests(meta: Mapping[str, str]) -> dict[str, str]:
    tests: dict[str, str] = json.loads(meta.get("tests") or "{}")
    return tests


def _function(meta: Mapping[str, str]) -> str:
    """What the tests call, as they call it: `Solution.rotate` is a `rotate`. Empty for assertions
    that name no entry point."""
    tests = _tests(meta)
    name = tests.get("function") or tests.get("entry_point") or ""
    return name.rpartition(".")[2]


def _form(meta: Mapping[str, str]) -> str:
    if meta.get("table"):
        return "table"
    if meta.get("kind") == OPINION:
        return "free"
    return "function" if _tests(meta).get("type") in ("call", "assert") else "stdio"
