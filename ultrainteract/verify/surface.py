# ruff: noqa: RUF001, RUF002
"""One surface for an answer: dollar signs, spacing commands, Unicode and markdown are gone.

What LaTeX sets as text becomes a mark, `‹text›`, so that later rules can tell a unit or a word
from a product of variables. Nothing here parses; every pattern is linear in its input.
"""

import re

from ultrainteract.verify import printed

OPEN, CLOSE = "‹", "›"

_unicode = {
    "−": "-", "–": "-", "—": "-", "×": r"\times ", "·": r"\cdot ", "⋅": r"\cdot ",
    "÷": "/", "π": r"\pi ", "∞": r"\infty ", "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ",
    "⩾": r"\ge ", "≠": r"\ne ", "∪": r"\cup ", "∩": r"\cap ", "∈": r"\in ", "∅": r"\emptyset ",
    "°": r"^\circ ", "√": r"\sqrt ", "±": r"\pm ", "％": "%", "，": ",",
    "∓": r"\mp ", "（": "(", "）": ")", "\u00a0": " ", "“": '"', "”": '"', "’": "'", "‘": "'",
    "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
    "⌈": r"\lceil ", "⌉": r"\rceil ", "½": r"\frac{1}{2}",
    "θ": r"\theta ", "α": r"\alpha ", "β": r"\beta ", "λ": r"\lambda ",
}  # fmt: skip
_letters = str.maketrans(_unicode | {OPEN: " ", CLOSE: " "})
_raised = re.compile("[⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+")
_digits = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ", "-0123456789n")
_circled = re.compile("[\u2460-\u2473](?:[ ,]*[\u2460-\u2473])*")
# What is left of `\\frac` and `\\text` where a program took their first letters for an escape.
_escapes = [
    (re.compile(pattern), put)
    for pattern, put in (
        (r"(?<![A-Za-z\\])\f?rac(?=\{)", r"\\frac"),
        (r"(?<![A-Za-z\\])\t?ext(?=\{)", r"\\text"),
    )
]
_silent = re.compile(
    r"(?<!\\)\\(?:[,;:!> ]|(?:quad|qquad|displaystyle|textstyle|limits|mleft|mright)(?![A-Za-z])"
    r"|(?:left|right)(?![A-Za-z])\.?"
    r"|[bB]igg?[lr]?(?![A-Za-z])|hspace\*?\{[^{}]*\}|phantom\{[^{}]*\}|,)|~|\\$"
)
_same = [
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\\[dtc]frac(?![A-Za-z])", r"\\frac"),
        (r"\\(?:dbinom|tbinom)(?![A-Za-z])", r"\\binom"),
        (r"\\(?:leqslant|leq|leqq)(?![A-Za-z])", r"\\le"),
        (r"\\(?:geqslant|geq|geqq)(?![A-Za-z])", r"\\ge"),
        (r"\\neq(?![A-Za-z])", r"\\ne"),
        (r"\\(?:lbrack)(?![A-Za-z])", "["),
        (r"\\(?:rbrack)(?![A-Za-z])", "]"),
        (r"\\(?:lgroup|langle)(?![A-Za-z])", "("),
        (r"\\(?:rgroup|rangle)(?![A-Za-z])", ")"),
        (r"(?<=\d)\s*[xX]\s*(?=10\s*(?:\^|\*\*))", r"\\times "),
        (r"(?<=[RNZQC}])\s*\\\s+(?=\\?\{)", r"\\setminus "),
        (r"(?<=setminus)\s*\{([^{}]*)\}", r" \\{\1\\}"),
        (r"\\lbrace(?![A-Za-z])", r"\\{"),
        (r"\\rbrace(?![A-Za-z])", r"\\}"),
        (r"\\(?:lvert|rvert|vert)(?![A-Za-z])", "|"),
        (r"\\(?:varnothing|O)(?![A-Za-z])", r"\\emptyset"),
        (r"\\approx(?![A-Za-z])", "="),
        (r"\\(?:exponentialE)(?![A-Za-z])", "e "),
        (r"\\(?:imaginaryI|imaginaryJ)(?![A-Za-z])", "i "),
        (r"\{,\s*\}|(?<=\d),\s*\\!\s*(?=\d{3})", ","),
        (r"<sup>([^<>]*)</sup>", r"^{\1}"),
        (r"<sub>([^<>]*)</sub>", r"_{\1}"),
        (r"(?<=[\d\w}])\.(?=\s*[\])])", ""),
        (r"\^\{?\\(?:circ|degree)\}?|\\degree(?![A-Za-z])", r"^\\circ "),
        (r"\\operatorname\*?\{([A-Za-z]+)\}", r"\\\1 "),
        (r"\\(?:math(?:bf|bb|it|cal|sf)|boldsymbol|bm)\{([^{}]{1,3})\}", r" \1 "),
        (r"\\(?:overline|vec|hat)\{([A-Za-z]{1,3})\}", r" \1 "),
        (r"\\(?:nice|s|x|flat)frac(?![A-Za-z])", r"\\frac"),
        (r"\u2039\s*\\?\$\s*\u203a", "$"),
        (r"\\lfloor(?![A-Za-z])", " floor("),
        (r"\\lceil(?![A-Za-z])", " ceiling("),
        (r"(?:\bm ?)?\\angle(?![A-Za-z])", " "),
        (r"\\r(?:floor|ceil)(?![A-Za-z])", ")"),
        (r"\\cr(?![A-Za-z])|\\\\\[\d+ ?[a-z]{2}\]", r"\\\\"),
        (r"(?<=[RC}])\s*-\s*(?=\\\{)", r"\\setminus "),
        (r"\(\s*\{([^{}]*,[^{}]*)\}\s*\)", r"(\1)"),
        (r"\b(?:array|Array|ImmutableMatrix|ImmutableDenseMatrix)\((?=\[)", "Matrix("),
    )
]
_functions = re.compile(r"\\(?:text|mathrm|rm)\{(sin|cos|tan|cot|sec|csc|log|ln|exp)\}")
_text = re.compile(
    r"\\(?:text(?:bf|it|rm|normal|tt|sf)?|mathrm|mbox|hbox|emph|mathtt)\s*\{([^{}]*)\}"
)
_repeating = re.compile(r"(?<![\d.])(\d*)\.(\d*)\\(?:overline|bar)\s*\{(\d+)\}")
_grouped = re.compile(r"-?\d{1,3}(?:[ _]\d{3})+")
_lead = re.compile(
    r"(?:the\s+)?(?:final\s+)?answer\s*(?:is|:|=)+\s*|(?:approximately|about|roughly|approx\.?)\s+"
    r"|(?:\\approx|\\sim|≈|~|=)\s*", re.IGNORECASE
)  # fmt: skip
_angled = re.compile(r"<([^<>=]*,[^<>=]*)>")
_reals = re.compile(
    r"(?:the set of )?all (?:the )?reals?(?: numbers?)?(?: x)?"
    r"(?:,? (?:except|excluding|other than|but|not equal to)(?: for)?(?: x =)? "
    r"(?P<hole>-?[^ A-Za-z]+))?",
    re.IGNORECASE,
)
_box = re.compile(r"\\(?:boxed|fbox)\s*\{(.*)\}", re.DOTALL)
_longest_period = 40
_plain_number = re.compile(r"-?\d+(?:\.\d+)?")
_quotes = ("**", "`", '"', "'", "$$", "$")


def _unwrap(text: str) -> str:
    """Take off what encloses the whole answer: quotes, bold, dollar signs, a box."""
    while True:
        text = text.strip().removesuffix("\\").strip()
        for quote in _quotes:
            inner = text[len(quote) : -len(quote)]
            if len(text) > 2 * len(quote) and text == quote + inner + quote and quote not in inner:
                text = inner
                break
        else:
            if text.startswith((r"\(", r"\[")) and text.endswith((r"\)", r"\]")):
                text = text[2:-2]
            elif (box := _box.fullmatch(text)) and "boxed" not in box[1]:
                text = box[1]
            else:
                return text


def tidy(text: str) -> str:
    """The answer without decoration; words that LaTeX sets as text stand in `‹ ›`."""
    if _plain_number.fullmatch(text):
        return text
    text = _unwrap(text.strip().rstrip(".").rstrip() if not text.endswith("..") else text)
    text = printed.plain(_lead.sub("", text, count=1) if _lead.match(text) else text)
    for pattern, put in _escapes:
        text = pattern.sub(put, text)
    text = _raised.sub(_exponent, _circled.sub(_listed, text))
    text = _repeating.sub(_fraction, text).translate(_letters)
    if "\\begin" not in text:
        text = text.replace("\\\\", "\\")  # escaped once too often
    text = _functions.sub(r"\\\1 ", text)
    text = _text.sub(_marked, text)
    for pattern, put in _same:
        text = pattern.sub(put, text)
    text = _silent.sub(lambda match: "" if match[0] in (r"\!", r"\,") else " ", text)
    text = text.replace(r"\$", "$").replace(r"\%", "%")
    text = re.sub(r"\s+", " ", text).strip()
    text = text if text.endswith("..") else text.rstrip(".,").strip()
    if _grouped.fullmatch(text):
        text = re.sub("[ _]", "", text)
    elif angled := _angled.fullmatch(text):
        text = f"({angled[1]})"
    elif reals := _reals.fullmatch(unmark(text)):
        text = rf"R \setminus \{{{reals['hole']}\}}" if reals["hole"] else "R"
    return text if text.strip("$ ") else ""


def _marked(match: re.Match[str]) -> str:
    inside = match[1].strip()
    return f" {inside} " if inside.isdecimal() else f"{OPEN}{inside}{CLOSE}"


def _listed(match: re.Match[str]) -> str:
    """Circled numbers name statements: `②③` is 2, 3."""
    return ", ".join(str(ord(mark) - 0x245F) for mark in match[0] if mark not in " ,")


def _exponent(match: re.Match[str]) -> str:
    digits = match[0].translate(_digits)
    return f"^{digits}" if len(digits) == 1 else f"^{{{digits}}}"


def _fraction(match: re.Match[str]) -> str:
    """`0.1\\overline{6}` is 1/6."""
    whole, fixed, period = match[1] or "0", match[2], match[3]
    if len(whole + fixed + period) > _longest_period:
        return match[0]
    over = int(whole + fixed + period) - int(whole + fixed)
    return rf"\frac{{{over}}}{{{10 ** len(fixed) * (10 ** len(period) - 1)}}}"


def unmark(text: str) -> str:
    """The same with the marks taken off: text as a reader sees it."""
    return re.sub(r"\s+", " ", text.replace(OPEN, " ").replace(CLOSE, " ")).strip()
