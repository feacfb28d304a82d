"""What Python, numpy and sympy print, put in the form that the reader knows.

Numpy prints arrays without commas; mpmath, decimal and numpy wrap their numbers; sympy joins
inequalities by `&` and `|`. Texts only: nothing is parsed here.
"""

import re

_cell = re.compile(
    r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?:[+-](?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)?j?"
    r"|[+-]?\d+/\d+|True|False|[+-]?(?:nan|inf)|(?:Fraction|Rational)\([^()]*\)"
    r"|[+-]?(?:\d+\*)?(?:sqrt\(\d+\)|[a-z])(?:/\d+)?"
)
_cells = re.compile(r"(?:[^\s()\[\]]|\([^()]*\))+|[\[\]]")
_wrapped = [
    (re.compile(pattern), put)
    for pattern, put in (
        (r"\b(?:np|numpy)\.(?:float|int|uint|complex|bool|str)\d*_?\(([^()]*)\)", r"\1"),
        (r"\b(?:np|numpy)\.(True|False)_", r"\1"),
        (r"\b(?:np|numpy|math|cmath|sympy|sp|mpmath|torch)\.(?=[A-Za-z])", ""),
        (r"\b(?:mpf|Decimal|float)\('([^']*)'\)", r"\1"),
        (r"\bmpc\(real='([^']*)', imag='([^']*)'\)", r"(\1 + (\2)*I)"),
        (r"\bPoly\(([^,()]*(?:\([^()]*\)[^,()]*)*), [a-z]+(?:, [a-z]+)*, domain='[^']*'\)", r"\1"),
        (r"\bdict_(?:values|keys)\((\[[^()]*\])\)", r"\1"),
        (r"(?<=[\])]), dtype=[\w.']+(?=\))", ""),
        (r"\btensor\((?=\[)", "array("),
        (r"(?<=[{,])(\s*)'([A-Za-z]\w*)'(?=\s*:)", r"\1\2"),
        (r"(?<=\)) & (?=\()", r" \\cap "),
        (r"(?<=\)) \| (?=\()", r" \\cup "),
    )
]


def plain(text: str) -> str:
    """The text with commas between the cells of arrays and its wrappers taken off."""
    for pattern, put in _wrapped:
        text = pattern.sub(put, text)
    inside = text.removeprefix("array(").removesuffix(")") if text.startswith("array(") else text
    spaced = _array(inside)
    return text if spaced is None else text.replace(inside, spaced)


def _array(text: str) -> str | None:
    """`[[6 0]\\n [12 6]]` as `[[6, 0], [12, 6]]`; None if it is no such array."""
    if not (text.startswith("[") and text.endswith("]")) or "\\" in text:
        return None
    pieces = _cells.findall(text)
    cells = [piece for piece in pieces if piece not in "[]"]
    rows = pieces.count("[") - 1
    if not (len(cells) > 1 or rows > 0) or not all(map(_cell.fullmatch, cells)):
        return None
    parted: list[str] = []
    for before, piece in zip(["", *pieces], pieces, strict=False):
        comma = piece != "]" and before not in ("", "[")
        parted.append(f", {piece}" if comma else piece)
    return "".join(parted)
