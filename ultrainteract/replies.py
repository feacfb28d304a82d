"""What environments share: the code block of a reply, a rationale without its numbers."""

import re
from dataclasses import dataclass

_OPEN = re.compile(r"```[ \t]*(?:python3?|py)[ \t]*\n", re.IGNORECASE)
_CLOSE = re.compile(r"^[ \t]*```", re.MULTILINE)
_NUMBER = re.compile(r"\d+(?:,\d{3})*(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class Fenced:
    """A python block: its code, and the text up to and including it, fence closed."""

    code: str
    text: str


def fenced_python(reply: str, *, truncated: bool = False) -> Fenced | None:
    """The first python block of a reply; None without one.

    A block that is not closed counts as ended by a stop sequence, unless the reply was
    `truncated` by its token limit.
    """
    opened = _OPEN.search(reply)
    if not opened:
        return None
    closed = _CLOSE.search(reply, opened.end())
    if not closed and truncated:
        return None
    code = reply[opened.end() : closed.start() if closed else len(reply)].rstrip()
    head = reply[: opened.start()].strip()
    return Fenced(code, f"{head}\n```python\n{code}\n```".lstrip())


def hide_answer(rationale: str, statement: str, answer: str) -> str:
    """A rationale with its answer, and every number the statement does not give, as `[?]`."""

    def hidden(match: re.Match[str]) -> str:
        return match[0] if match[0].replace(",", "") in given else "[?]"

    given = _numbers(statement) - _numbers(answer)
    return _NUMBER.sub(hidden, rationale.replace(answer, "[?]") if answer else rationale)


def _numbers(text: str) -> set[str]:
    return {match.replace(",", "") for match in _NUMBER.findall(text)}
