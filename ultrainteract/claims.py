"""What is claimed of an instruction: its `meta` names the rules and what they have to know."""

import json
from functools import lru_cache

from ultrainteract.types import Claim, Instruction
from ultrainteract.verify.context import Context

# Of problems without ground truth: the judge model is asked, and such trees have no pairs.
OPINION = "opinion"
# Of problems with tests: the answer is a program.
PROGRAM = "program"
# Of programs whose output may differ and be right: then a difference decides nothing.
ANY_ANSWER = "any answer"


def kind_of(instruction: Instruction) -> str:
    """The `Claim.kind` of answers to an instruction: `meta["kind"]`, else mathematics."""
    return instruction.meta.get("kind") or "math"


def claim_on(instruction: Instruction, predicted: str) -> Claim:
    """The claim that `predicted` is the reference's answer.

    By `meta`: `options` are a choice's texts, `canonical` the values of WikiTableQuestions,
    `rounded` says that the reference is. For `PROGRAM` the tests stand in `meta["tests"]`; where
    more than the expected output may be right, the claim's context is `ANY_ANSWER`.
    """
    meta, kind = instruction.meta, kind_of(instruction)
    if kind == PROGRAM:
        lenient = meta.get("checker") == "any" or meta.get("tolerance") or meta.get("ignore_case")
        return Claim(kind, predicted, meta["tests"], ANY_ANSWER if lenient else "")
    context = _context(meta.get("options", ""), meta.get("canonical", ""), meta.get("rounded", ""))
    return Claim(kind, predicted, instruction.reference.answer, context)


@lru_cache(maxsize=256)
def _context(options: str, canonical: str, rounded: str) -> str:
    return Context(_listed(options), _listed(canonical), rounded=bool(rounded)).text()


def _listed(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text or "[]"))
