"""Cuts a tidied answer into tokens; the same ones for LaTeX and for what Python prints."""

import re
from dataclasses import dataclass
from typing import Literal

from ultrainteract.verify.names import CONSTANT, FUNCTION, GREEK, SETS, STRUCTURES
from ultrainteract.verify.surface import CLOSE, OPEN
from ultrainteract.verify.tree import Unreadable
from ultrainteract.verify.units import unit

Kind = Literal["number", "name", "sign", "begin", "end"]

_pattern = re.compile(
    r"(?P<begin>\\begin\s*\{(?:[pbB]?matrix|smallmatrix|array)\}(?:\{[lcr| ]*\})?)"
    r"|(?P<end>\\end\s*\{(?:[pbB]?matrix|smallmatrix|array)\})"
    r"|(?P<coded>0[xXbBoO][0-9A-Fa-f])"
    r"|(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]\d{2,3}(?!\d)|[eE]\d{1,3}(?![\dA-Za-z]))?)"
    r"|\\(?P<command>[A-Za-z]+)"
    r"|(?P<mark>\u2039[^\u2039\u203a]*\u203a)"
    r"|(?P<word>Interval\.(?:open|Lopen|Ropen)|Point[23]D|(?:log(?:2|10)|atan2)(?=\()|[A-Za-z]+)"
    r"|(?P<sign>\\\\|\\[{}|]|\*\*|<=|>=|!=|==|[-+*/^!_=<>:;,()\[\]{}|&'%$])"
    r"|(?P<space>\s+)"
)
# Commands that stand for a sign.
_signs = {
    "times": "*", "cdot": "*", "ast": "*", "div": "/", "le": "<=", "ge": ">=", "ne": "!=",
    "lt": "<", "gt": ">", "cup": "cup", "cap": "cap", "setminus": "setminus", "in": "in",
    "pm": "±", "mp": "∓", "frac": "frac", "binom": "binom", "choose": "choose", "circ": "circ",
    "mid": "|", "colon": ":", "prime": "'", "land": ",", "equiv": "=", "cupdot": "cup",
    "backslash": "setminus",
}  # fmt: skip
_known = {**FUNCTION, **CONSTANT, **dict.fromkeys(GREEK), **dict.fromkeys(STRUCTURES), **SETS}
_longest = sorted((name for name in _known if len(name) > len("pi")), key=len, reverse=True)
_python_words = {"and": ",", "or": ",", "in": "in", "union": "cup", "U": "cup"}
# A run of letters that is no name is a product of variables only when short.
_product = 3


@dataclass(frozen=True, slots=True)
class Token:
    """`latex` tells `\\log` from `log`: their bases differ."""

    kind: Kind
    text: str
    latex: bool = False
    spaced: bool = False


def tokens(text: str) -> list[Token]:
    """The tokens of a tidied text. Raises Unreadable."""
    cut: list[Token] = []
    position, spaced = 0, False
    while position < len(text):
        match = _pattern.match(text, position)
        if match is None:
            raise Unreadable(f"character {text[position]!r}")
        if match["coded"]:
            raise Unreadable("digits of another base")
        position = match.end()
        if match.lastgroup == "space":
            spaced = True
            continue
        cut += _token(match, cut, spaced=spaced)
        spaced = False
    return cut


def _token(match: re.Match[str], before: list[Token], *, spaced: bool) -> list[Token]:
    text = match[0]
    match match.lastgroup:
        case "number" | "begin" | "end":
            return [Token(match.lastgroup, text, spaced=spaced)]
        case "sign":
            return [] if text == "$" else [Token("sign", text, spaced=spaced)]
        case "command":
            return [_command(text[1:])]
        case "mark":
            return _mark(text.removeprefix(OPEN).removesuffix(CLOSE).strip(), before)
        case _:
            return _word(text, before, spaced=spaced)


def _command(name: str) -> Token:
    if name in _signs:
        return Token("sign", _signs[name], latex=True)
    if name in _known:
        return Token("name", name, latex=True)
    raise Unreadable(f"command \\{name}")


def _mark(text: str, before: list[Token]) -> list[Token]:
    """A text mark: a joiner is a comma, a letter a variable, a unit after a value is dropped."""
    if text.lower().strip(" ,") in ("and", "or"):
        return [Token("sign", ",")]
    if (len(text) == 1 and text.isalpha()) or text in FUNCTION:
        return [Token("name", text, latex=True)]
    after_value = before and (before[-1].kind in ("number", "end") or before[-1].text in ")}]")
    if text.lower() == "only" or text == "" or (after_value and unit(f" {OPEN}{text}{CLOSE}")):
        return []
    raise Unreadable(f"text {text!r}")


def _word(text: str, before: list[Token], *, spaced: bool) -> list[Token]:
    last = [token.text for token in before[-2:]]
    subscript = last[-1:] == ["_"] or last == ["_", "{"]
    if text in _python_words and (len(text) > 1 or (before and before[-1].text in ")]}")):
        return [Token("sign", _python_words[text])]
    if text in _known or len(text) == 1 or subscript:
        return [Token("name", text, spaced=spaced)]
    pieces: list[Token] = []
    rest = text
    while rest:
        name = next((known for known in _longest if rest.startswith(known)), rest[0])
        pieces.append(Token("name", name))
        rest = rest[len(name) :]
    single = [len(piece.text) == 1 for piece in pieces]
    names = [at for at, piece in enumerate(pieces) if piece.text in FUNCTION]
    # `sinx` is a function of x, `since` is a word.
    if sum(single) > _product or (names and sum(single[names[-1] :]) > 1):
        raise Unreadable(f"word {text!r}")
    return pieces
