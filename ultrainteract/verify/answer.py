r"""Finds the answer in a text: a box, an `Answer:` line, `#### x`, what a program printed.

The order is that of how clearly an author marks it. Nothing is judged here.
"""

import re

_box = re.compile(r"\\(?:boxed|fbox)\s*")
# Between two boxes of one answer stand only separators: `\boxed{1}$ and $\boxed{2}`.
_joint = re.compile(r"[\s$,;.&]|\\quad|\\text\s*\{\s*(?:and|or)\s*\}|\b(?:and|or)\b|\\[,;() ]")
# ... or what one counts, and the name of the next: `\boxed{1} cats and $n = \boxed{2}`.
_counted = re.compile(
    r"[\s$\\)]*(?:[a-z]+\s+)?[,;\s]*(?:and|or)\b[\s$\\(]*(?:[A-Za-z]\w?(?:_\{?\w+\}?)?\s*=\s*)?"
)
_said = re.compile(
    r"(?:final\s+)?answer\s*(?:is|:|=|is\s*:)+[ \t]*(?P<answer>[^\n]+)", re.IGNORECASE
)
_display = re.compile(r"\${2}|(?<!\\)\\[()\[\]]")
_maths = re.compile(r"\$([^$]+)\$")
_then = re.compile(r"\s+(?:is|are|equals|=)\s+([-\d\\(\[].*)")
_between = re.compile(r"\s*(?:,|,?\s*(?:and|or))\s*")
_hash = re.compile(r"^####\s*(.+)$", re.MULTILINE)
_wrapper = re.compile(
    r"^(?:(?:so|thus|hence|therefore)[, ]+)?(?:the\s+)?(?:final\s+)?"
    r"(?:answer|result|output|solution|ans|value)\s*(?:is\s*:?|:|=)\s*",
    re.IGNORECASE,
)
_ended = re.compile(r"<\|endoftext\|>|</s>|\n\s*(?:Problem|Question|Q|Exercise)(?: \d+)?:\s")
# Between two of these an author may have thought better of it.
_turns = re.compile(r"<\|im_(?:start|end)\|>|I hope (?:it|this) is correct")
_picked = re.compile(
    r"\b(?:answer|option|choice)\s*(?:is|:)+\s*\(?([A-J])\)?(?=,?\s+(?:because|since|as|not)\b)"
)
_closings = {r"\]": r"\[", r"\)": r"\(", "$$": "$$"}
# A final answer that is a whole sentence: "The volume of $ABCD$ is 120".
_sentence_start = re.compile(r"(?:The|There|Its|Their|This|That|These|So|Thus)\s.*\b(?:is|are)\s")
_label = re.compile(r"^[A-Za-z][A-Za-z_' ]{2,60}(?:\([^()]{0,20}\))?\s*[:=]\s+(?=\S)")
# A final sentence: what follows its last "is", "=" or "are".
_is = re.compile(r"(?:\bis\b|\bare\b|\bequals\b|=|:)\s*(?:located |about |approximately )?")


def _braced(text: str, start: int) -> tuple[str, int]:
    """The content of the brace group at `start`, and where it ends; all the rest if unclosed."""
    depth, position = 0, start
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 2
            continue
        depth += (character == "{") - (character == "}")
        position += 1
        if depth == 0:
            return text[start + 1 : position - 1], position
    return text[start + 1 :], len(text)


def _boxes(text: str) -> list[tuple[int, int, str]]:
    boxes: list[tuple[int, int, str]] = []
    position = 0
    while match := _box.search(text, position):
        if match.end() < len(text) and text[match.end()] == "{":
            content, position = _braced(text, match.end())
        else:
            bare = re.compile(r"[^\s$.,;]*").match(text, match.end())
            content, position = (bare[0], bare.end()) if bare else ("", match.end())
        boxes.append((match.start(), max(position, match.end()), content.strip()))
    return boxes


def boxed(solution: str) -> str | None:
    r"""What the last box of a solution holds (`\boxed{x}`, `\boxed 5`, `\fbox{x}`), or None."""
    boxes = all_boxed(solution)
    return boxes[-1] if boxes else None


def all_boxed(solution: str) -> tuple[str, ...]:
    """What each box of a solution holds, in order."""
    return tuple(content for _, _, content in _boxes(solution))


def find(text: str) -> str:
    r"""The answer a text states; empty if it states none.

    The last box (boxes joined by "and" count as one answer), else the last `#### x`, else what
    follows the last "answer is" or `Answer:`, else what the last sentence says. Turns that mark
    different answers state none.
    """
    turns = [turn for turn in _turns.split(_first(text)) if re.search(r"\w", turn)]
    marked = list(dict.fromkeys(_found(turn) for turn in turns if _marks(turn)))
    if len(marked) > 1:
        return ""
    return marked[0] if marked else _found(turns[0] if turns else "")


def _marks(turn: str) -> bool:
    return bool(_box.search(turn) or _hash.search(turn) or _said.search(turn))


def _first(text: str) -> str:
    """Up to where a model went on to another problem."""
    return next((part for part in _ended.split(text) if part.strip()), "")


def _found(text: str) -> str:
    if boxes := _boxes(text):
        parts = [boxes[-1][2]]
        for left, right in zip(reversed(boxes[:-1]), reversed(boxes[1:]), strict=True):
            between = text[left[1] : right[0]]
            if _joint.sub("", between) and not _counted.fullmatch(between):
                break
            parts.append(left[2])
        return ", ".join(part for part in reversed(parts) if part)
    if marked := _hash.findall(text):
        return str(marked[-1]).strip()
    if picked := list(_picked.finditer(text)):
        return str(picked[-1][1])
    if said := list(_said.finditer(text)):
        answer = said[-1]["answer"]
        while again := _said.search(answer):  # "Final Answer: The final answer is 5."
            answer = again["answer"]
        answer = _sentence(answer)
        return _last_statement(answer) if _sentence_start.match(answer) else answer
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _last_statement(_closing_line(lines)) if lines else ""


def _closing_line(lines: list[str]) -> str:
    """The last line; a formula displayed over several lines is one."""
    start = len(lines) - 1
    if opening := _closings.get(lines[-1]):
        start = next((at for at in range(start - 1, -1, -1) if opening in lines[at]), start)
    return " ".join(lines[start:])


def _sentence(text: str) -> str:
    """Up to the full stop that ends a sentence; a decimal point ends none."""
    return re.split(r"\.(?:\s|$)", text.strip().strip("*").strip(), maxsplit=1)[0].strip(" :*")


def _last_statement(line: str) -> str:
    line = _display.sub("$", line).replace("**", "")
    sentence = [part for part in re.split(r"(?<=[.!?])\s+", line) if part][-1].rstrip(" .")
    maths = list(_maths.finditer(sentence))
    if maths and (stated := _then.fullmatch(sentence, maths[-1].end())):
        return stated[1]
    if maths and not sentence.startswith("$"):
        return _joint_maths(sentence, maths)
    sentence = maths[0][1] if maths and maths[0].span() == (0, len(sentence)) else sentence
    said = list(_is.finditer(sentence))
    if said and " " in sentence[: said[-1].start()].strip():
        return sentence[said[-1].end() :].strip()
    choice = re.search(r"\b(?:is|it's|option|choice)\s*\(?([A-Z])\)?$", sentence)
    return choice[1] if choice else sentence.strip()


def _joint_maths(sentence: str, maths: list[re.Match[str]]) -> str:
    """The last formula, and those before it that only commas and "and" part from it."""
    first = len(maths) - 1
    while first > 0 and _between.fullmatch(sentence[maths[first - 1].end() : maths[first].start()]):
        first -= 1
    return ", ".join(match[1].strip() for match in maths[first:])


def printed_answer(output: str) -> str:
    """The answer in what a program printed: its last non-empty line, or value of several lines.

    A matrix that sympy or numpy prints over several lines is one answer. `Answer:`, "The answer
    is" and labels such as `Total cost:` are stripped. Empty if it printed nothing.
    """
    lines = [line.rstrip() for line in output.strip().splitlines() if line.strip()]
    if not lines:
        return ""
    start = len(lines) - 1
    while start > 0 and _unclosed("\n".join(lines[start:])):
        start -= 1
    answer = " ".join(lines[start:]) if not _unclosed("\n".join(lines[start:])) else lines[-1]
    answer = answer.strip()
    if boxed_answer := boxed(answer):
        return boxed_answer
    stripped = _wrapper.sub("", answer, count=1)
    return _label.sub("", stripped, count=1).strip() if stripped == answer else stripped.strip()


def _unclosed(text: str) -> bool:
    """More closing than opening brackets: the value began on an earlier line."""
    closing = sum(map(text.count, ")]}"))
    opening = sum(map(text.count, "([{"))
    # Intervals such as (0, 1] balance by number, not by kind.
    return closing > opening
