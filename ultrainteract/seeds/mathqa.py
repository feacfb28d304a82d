"""MathQA: word problems with five options and a formula by annotators (arXiv 1905.13319).

The answer is the right option's text, tidied of its tokens; the letter stands in `meta`. There,
`stratum` is the formula without its numbers: selection takes a few problems of each. In one row
of three the formula contradicts the option that is called right: often the option is wrong, so a
run takes the rows where both agree (`keep`).
"""

import ast
import re
from collections.abc import Iterator

from ultrainteract.seeds.choices import choice
from ultrainteract.seeds.formula import agrees
from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed

_LETTERS = "abcde"
_LONGEST = 2000
# Where a rationale names its letter, in characters from the end.
_END = 200
_UNPARSABLE = "options that cannot be parsed"
# How tokens of an option grow together again, in this order.
_TIDY = (
    (re.compile(r"(?<=\d) \. (?=\d)"), "."),
    (re.compile(r"(?<=\d) , (?=\d{3},\d{3}\b)"), ","),
    (re.compile(r"(?<=\d) ([/:]) (?=\d)"), r"\1"),
    (re.compile(r"(?<=\d) %"), "%"),
    (re.compile(r"^- (?=[\d.])"), "-"),
    (re.compile(r"\bsq \. ?"), "sq "),
    # Rupees, and what tokenising made of them; the number alone can be graded.
    (re.compile(r"^(?:rs|re|s|w) ?\.? (?=\d)"), ""),
    (re.compile(r"^\$ (?=\d)"), "$"),
    (re.compile(r"[ .,]+$"), ""),
)
# A single letter may be a variable: a grader takes it for a unit where it is spelt out only.
_METRES = re.compile(r"\d m\b|met(?:er|re)|k ?m ?(?:p ?h|/ ?h)")
_METRE = re.compile(r"(?<=\d) (sq |cubic )?m$")
_NO_VALUE = re.compile(
    r"\b(?:none|inadequate|insufficient|cannot|can ?not|can't|not enough|all of|any of|"
    r"both of|neither)\b"
)
_NAMED = re.compile(
    r"\W*\b(?:the )?(?:correct )?(?:answer|ans|option|choice)\b[^a-z0-9]*"
    r"(?:(?:is|be|should|must|answer|option|choice)\b[^a-z0-9]*)*\(?[a-e]\)?\W*$"
)
_ALONE = re.compile(r"(?<=\w) [a-e](?: \))?\W*$")
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?")
_DECIMAL = re.compile(r"\d\.\d")


@seed(
    "mathqa",
    environments=("math_pot", "math_cot"),
    hub=Hub("regisss/math_qa", files=("*train*.parquet",)),
    licence="apache-2.0",
    keep={"formula_agrees": ("yes",)},
)
def mathqa(row: Row) -> Question:
    """Word problems with options: Problem, options, correct, Rationale, annotated_formula."""
    problem, correct = row.text("Problem"), row.text("correct").lower()
    if correct not in tuple(_LETTERS):
        raise Skip("correct is no letter from a to e")
    texts = _options(row.text("options"))
    if _METRES.search(problem):
        texts = tuple(_METRE.sub(r" \1meters", text) for text in texts)
    options = choice(texts, _LETTERS.index(correct))
    if _NO_VALUE.search(options.value):
        raise Skip("the right option is no value, such as 'none of these'")
    formula = row.optional("annotated_formula")
    meta = {
        "category": row.optional("category"),
        "formula": formula,
        "stratum": _NUMBER.sub("n", formula).replace(" ", ""),
        "formula_agrees": "yes" if agrees(formula, options.value) else "no",
        **options.meta,
    }
    if _DECIMAL.search(options.value):
        meta["rounded"] = "yes"
    return Question(
        f"{problem}\n\n{options.asked}",
        answer=options.value,
        rationale=_rationale(row.optional("Rationale")),
        meta=meta,
    )


def _options(text: str) -> tuple[str, ...]:
    if len(text) > _LONGEST:
        raise Skip(_UNPARSABLE)
    if text.startswith("["):
        # One row in forty holds the list as Python writes it.
        try:
            listed = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError) as error:
            raise Skip(_UNPARSABLE) from error
        text = " , ".join(map(str, listed))
    return tuple(_split(text))


def _split(text: str) -> Iterator[str]:
    """The texts between the letters. Values hold commas, and sometimes their letter once more."""
    ends = [_marker(text, letter) for letter in _LETTERS]
    starts = [end for _, end in ends]
    stops = [start for start, _ in ends[1:]] + [len(text)]
    if starts != sorted(starts):
        raise Skip(_UNPARSABLE)
    for letter, start, stop in zip(_LETTERS, starts, stops, strict=True):
        value = re.sub(rf"^\s*{letter} \)", "", text[start:stop]).strip()
        for pattern, replacement in _TIDY:
            value = pattern.sub(replacement, value)
        yield value


def _marker(text: str, letter: str) -> tuple[int, int]:
    found = re.search(rf"(?:^|,)\s*{letter}\s*\)", text)
    if not found:
        raise Skip(_UNPARSABLE)
    return found.span()


def _rationale(text: str) -> str:
    """Without the quotes around it, and without the letter that it ends in."""
    plain = text.strip('" ')
    told, end = plain[:-_END], plain[-_END:]
    return (told + _ALONE.sub("", _NAMED.sub("", end))).strip()
