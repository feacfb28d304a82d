"""Magicoder-Evol-Instruct: instructions without tests; a judge model gates them, and they give
SFT rows only (arXiv 2312.02120). Only those that Python answers are taken: the tool is Python."""

import ast
import re
import warnings

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed
from ultrainteract.types import digest

SHORTEST, LONGEST = 20, 12_000
_FENCE = re.compile(
    r"^[ \t]*```[ \t]*([\w+#.-]*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE
)
_PYTHON = frozenset({"python", "python3", "py", "py3"})


@seed(
    "magicoder_evol_instruct",
    environments=("coding",),
    hub=Hub(
        "ise-uiuc/Magicoder-Evol-Instruct-110K",
        files=("*.jsonl",),
        revision="b0079beaa0361d82412520b873715bee59cc7dd4",
    ),
    licence="apache-2.0",
)
def magicoder_evol_instruct(row: Row) -> Question:
    """Coding instructions and a model's response: SFT rows only, gated by a judge model."""
    instruction, response = row.text("instruction"), row.text("response")
    if not SHORTEST <= len(instruction) <= LONGEST:
        raise Skip(f"instruction of fewer than {SHORTEST} or more than {LONGEST} characters")
    if not _in_python(instruction, response):
        raise Skip("not answered in Python")
    return Question(
        instruction,
        answer=response,
        id=digest(" ".join(instruction.split()))[:16],
        meta={"kind": "opinion", "gate": "judge"},
    )


def _in_python(instruction: str, response: str) -> bool:
    blocks = [(hit.group(1).lower(), hit.group(2)) for hit in _FENCE.finditer(response)]
    named = {language for language, _ in blocks if language}
    if named:
        return bool(named & _PYTHON)
    if re.search(r"\bpython\b", instruction, re.IGNORECASE):
        return True
    return any(_parses(code) for _, code in blocks or [("", response)])


def _parses(code: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bool(ast.parse(code).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
