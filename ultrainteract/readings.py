"""Replies read in the usual ways: as an answer line, or as a program."""

from ultrainteract.environment import Reading
from ultrainteract.replies import answer_line, fenced_python
from ultrainteract.types import NodeKind


def read_answer(reply: str, *, truncated: bool) -> Reading:
    """Everything up to the first answer line; what follows is talk."""
    found = answer_line(reply, truncated=truncated)
    if found is None:
        return malformed(reply, "no line 'Answer: ...'", truncated=truncated)
    return Reading(NodeKind.ANSWER, found.text)


def read_program(reply: str, *, truncated: bool, submitted: bool = False) -> Reading:
    """Everything up to the end of the first python block; the rest is invented output. For
    `submitted` see `Reading`."""
    block = fenced_python(reply, truncated=truncated)
    if block is None:
        return malformed(reply, "no python block", truncated=truncated)
    if not block.code.strip():
        return Reading(NodeKind.MALFORMED, block.text, reason="an empty python block")
    return Reading(NodeKind.ANSWER, block.text, block.code, submitted=submitted)


def malformed(reply: str, reason: str, *, truncated: bool) -> Reading:
    """A reply that says nothing in the form that was asked for."""
    reason = "cut off by the token limit" if truncated else reason
    return Reading(NodeKind.MALFORMED, reply.strip(), reason=reason)
