"""Tests by standard input and output: the program runs as a script, once a test.

Every run starts from the same untouched interpreter. Only what it printed counts, and only after
an end without an error.
"""

from ultrainteract.programs.grade import Failure, excerpt
from ultrainteract.programs.suite import Stdio
from ultrainteract.sandbox.base import Cell, Manner
from ultrainteract.sandbox.capture import FLOOD
from ultrainteract.types import Judgement, Limits, Outcome
from ultrainteract.verify.outputs import compare

# Room for white space and for a wrong answer's excerpt.
SPARE_CHARS = 4000


async def failure(
    root: Cell, source: str, test: Stdio, number: int, memory_mb: int
) -> Failure | None:
    """What is wrong with the program's answer to one test. Raises SandboxFault."""
    chars = 2 * len(test.output) + SPARE_CHARS
    if chars > FLOOD // 4:
        reason = f"{len(test.output)} characters are expected, more than are read"
        return Failure(number, "too large", error=reason, judgement=Judgement.UNVERIFIED)
    limits = Limits(seconds=test.seconds, memory_mb=memory_mb, output_chars=chars)
    result, cell = await root.run(source, Manner(stdin=test.input, script=True, limits=limits))
    await cell.close()
    given, got = excerpt(test.input), excerpt(result.output)
    wanted = excerpt(test.output) if test.public else ""
    if result.outcome is not Outcome.OK:
        error = excerpt(result.errors[-300:])
        return Failure(number, result.outcome, given, got, wanted, error)
    finding = compare(test.output, result.output)
    if finding.judgement == "correct":
        return None
    return Failure(number, "answer", given, got, wanted, finding.reason)
