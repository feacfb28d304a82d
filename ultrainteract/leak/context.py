"""What the words around a number make of it: the answer, a label, an operand, or a mention.

`asserted` is the strong sign (`the answer should be 12`), needed where the problem itself gives
the number. `structural` is the excuse of small and labelling numbers (`Step 2`, `2 mistakes`).
"""

import re

_CLAUSE = re.compile(r"[.!?;](?=\s)|(?<!:)\n|\[\.\.\.\]|```")
_FILL = (
    r"(?:\s|\$|\b[a-zA-Z]\s*=|\\\(|\\\[|\*\*|\\boxed\{|\\text\{|[\"'`:,(=→]|"
    r"\b(?:in fact|actually|simply|just|exactly|only|really|indeed|therefore|thus|then|"
    r"equal to|option|choice|answer|letter|the|an?|"
    r"value|number|of|about|approximately)\b)*$"
)
_BEFORE = [
    re.compile(pattern + _FILL, re.IGNORECASE)
    for pattern in (
        (
            r"\b(?:answer|result|solution|outcome|output|conclusion|statement)s?\b"
            r"[^.;!?\n]{0,40}?"
            r"\b(?:is|are|was|were|be|been|equals?|as|to)\b"
        ),
        r"\b(?:answer|result|reference|ground truth|gold|solution|output)\b\s*[:=(]",
        (
            r"\b(?:should|must|ought to|has to|have to|needs to)\s+(?:\w+\s+)?(?:be|been|get|"
            r"gotten|equal|come out (?:as|to)|yield|give|read|print|show|return|obtain)"
        ),
        (
            r"\b(?:correct|right|true|actual|final|expected|desired|reference)\s+(?:\w+\s+){0,2}"
            r"(?:is|was|answer|value|result|one|count|total|number|sum|choice|option)\b"
        ),
        r"\\boxed\{",
    )
]
_YIELD = re.compile(
    r"(?<!you )\b(?:gets?|got|obtain(?:s|ed)?|yields?|giving|gives?|leads? to|results? in|"
    r"(?:that|which|this) (?:is|makes)|makes|i\.e\.|would be|ends? (?:up )?with|a total of|"
    r"comes? to|works? out to|evaluates? to|simplif(?:y|ies) to|leaving|leaves?|"
    r"(?:so|thus|therefore|hence)\b[^.;\n]{0,40}?(?:=|\bis|\bare))" + _FILL,
    re.IGNORECASE,
)
_COMPUTED = re.compile(r"[\d)}][\w\s]{0,25}[-+*/^]\s*[^=\n]{1,40}=\s*\$?$")
_AFTER = re.compile(
    r"[^\w\n]{0,4}(?:\w+\s+)?(?:(?:is|was|would be|should be|must be)\s+(?:indeed\s+|actually\s+)?"
    r"(?:the\s+|your\s+)?(?:correct|right|true|actual|final|expected|desired|answer|best)\b"
    r"|(?:\w+\s+){0,3}?(?:(?:left|in total|altogether|in all)(?![\w-])|remain)"
    r"|(?:as|for)\s+(?:the|your)\s+(?:\w+\s+)?(?:answer|result)\b)",
    re.IGNORECASE,
)
_CITED = re.compile(
    r"\b(?:problem|statement|question|text|exercise)\s+(?:\w+\s+)?(?:states?|says?|gives?|gave|"
    r"tells?|mentions?)\b|\baccording to the\b|\bas (?:given|stated)\b|\bis given\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"\b(?:steps?|lines?|turns?|equations?|eqs?\.?|parts?|cases?|attempts?|problems?|questions?|"
    r"sections?|theorems?|figures?|items?|iterations?|points?|reasons?|issues?|notes?|hints?|tips?|"
    r"errors?|mistakes?|python|version|example|rule|row|column|approach|method)\s*"
    r"(?:#|no\.?|number)?\s*[(\[]?(?:\d+\s*(?:,\s*and|,|and|&|or|to|through|-)\s*)*$|#\s*$",
    re.IGNORECASE,
)
_NOUNS = re.compile(
    r"\s+(?:\w+\s+){0,2}?(?P<noun>error|mistake|issue|problem|step|thing|part|bug|flaw|reason|"
    r"place|spot|sentence|line|attempt|case|method|approach|way|piece|idea|hint|equation|number|"
    r"value|side|question)s?\b",
    re.IGNORECASE,
)
_OPERAND = re.compile(
    r"(?:\b(?:by|times|plus|minus|power|power of|base|mod|modulo|factors? of|multiples? of|"
    r"divisible by|exponent|coefficient|root|add|adding|subtract|subtracting|index|division|from|"
    r"starts? (?:at|with)|non|equal to|than)|[-+*/<>≤≥≠_]|\\cdot|\\times|\\le|\\ge|_\{|%)"
    r"\s*[(\-]?\$?$",
    re.IGNORECASE,
)
_POWER = re.compile(r"\^\{?$|\*\*\s*$")
_THE = re.compile(
    r"\b(?:the|these|those|other|first|last|any|all|both|your|next|previous|least|most|no|"
    r"between|each|every)\s*$",
    re.IGNORECASE,
)
_GLUED = re.compile(r"[A-Za-z\\({√π](?![)\]])|-[A-Za-z]|\s*(?:[-+*/^]|\*\*)\s*[\w\\($]|\\cdot")
_EQUATION = re.compile(r"[A-Za-z][^=.\n]*[-+*/^][^=.\n]*=\s*$|[A-Za-z]\^\S*\s*=\s*$")
_INSIDE = re.compile(r"[\w}]\([^()]*$|\[[^\[\]]*$|\([^()]*,\s*$")
_CONSTANTS = frozenset({"12", "24", "60", "90", "100", "180", "360", "365", "1000"})


def before(text: str, start: int) -> str:
    """The clause up to `start`, at most 160 characters; blots and code fences end a clause."""
    clause = text[max(0, start - 160) : start]
    return _CLAUSE.split(clause)[-1]


def asserted(text: str, start: int, end: int) -> bool:
    """The words around say that this is the answer."""
    clause = before(text, start)
    if _CITED.search(clause):
        return False
    if any(cue.search(clause) for cue in _BEFORE) or _COMPUTED.search(clause):
        return True
    return bool(_YIELD.search(clause) or _AFTER.match(text[end : end + 60]))


def structural(text: str, start: int, end: int, statement: str) -> bool:
    """The number labels or counts parts of the work, or is a small operand of a method."""
    token, clause, rest = text[start:end].strip("$ "), before(text, start), text[end : end + 40]
    if _LABEL.search(clause) or _listed(text, start, end) or re.match(r"(?:st|nd|rd|th)\b", rest):
        return True
    if token in _CONSTANTS:
        return bool(_OPERAND.search(clause)) and not asserted(text, start, end)
    if not re.fullmatch(r"\d|10|[A-Za-z]{3,5}", token) or asserted(text, start, end):
        return False
    noun = _NOUNS.match(rest)
    if noun and noun["noun"].lower() not in statement.lower():
        return True
    if _POWER.search(clause):
        return token in ("2", "3")
    return token.lower() == "one" or any(
        (
            _OPERAND.search(clause),
            _THE.search(clause),
            _EQUATION.search(clause),
            _INSIDE.search(clause),
            _GLUED.match(rest),
        )
    )


def _listed(text: str, start: int, end: int) -> bool:
    """`2.` opens a line of a list whose `1.` is there, or `(2)` follows `(1)` in a sentence."""
    number = text[start:end].strip()
    if not re.fullmatch(r"\d{1,2}", number):
        return False
    line = text[text.rfind("\n", 0, start) + 1 : start]
    near = str(int(number) - 1) if int(number) > 1 else "2"
    if re.fullmatch(r"[\s>*#\-(]*", line) and re.match(r"[.):][*\s]*\S", text[end : end + 8]):
        return int(number) == 1 or bool(re.search(rf"^[\s>*#\-(]*{near}[.):]", text, re.MULTILINE))
    if not re.match(r"\)\s*[A-Za-z]", text[end : end + 4]):
        return False
    return bool(re.search(rf"(?<![\w.])\(?{near}\)\s*[A-Za-z]", text))
