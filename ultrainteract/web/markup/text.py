r"""A model's text as HTML: prose with its formulas, blocks of code. Nothing in it is HTML.

Text is cut into pieces (a word, a formula, a line of code), so that two texts can be compared by
pieces, and what differs is marked.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from ultrainteract.web.markup.clean import clean
from ultrainteract.web.markup.code import code_lines
from ultrainteract.web.markup.mathematics import LONGEST, mathml

_FENCE = re.compile(
    r"^```[ \t]*([\w+#-]*)[^\n]*\n(.*?)(?:^```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE
)
_WORD = re.compile(r"\S+\s*|\s+")
_MATRICES = "matrix|pmatrix|bmatrix|Bmatrix|vmatrix|Vmatrix|cases|aligned|align\\*?|array"
# As far as an opened formula is looked for its end: a model may open thousands and close none.
_SPAN = f".{{1,{LONGEST}}}?"
# Currency is no formula: a dollar that opens or closes one touches it, and no digit follows.
_FORMULA = re.compile(
    rf"\$\$(?P<shown>{_SPAN})\$\$"
    rf"|\\\[(?P<bracket>{_SPAN})\\\]"
    rf"|\\\((?P<paren>{_SPAN})\\\)"
    r"|(?<![\\$\w])\$(?P<dollar>[^\s$](?:[^$\n]*[^\s$\\])?)\$(?!\d)"
    rf"|(?P<bare>\\begin\{{(?P<name>{_MATRICES})\}}{_SPAN}\\end\{{(?P=name)\}})"
    r"|(?<=^Answer: )(?P<answer>[^$\n]*\\[^$\n]*)$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """What is compared and what is shown; `block` numbers the stretch of prose or code it is of."""

    plain: str
    html: Markup
    block: int
    code: bool = False


def pieces(text: str) -> tuple[Piece, ...]:
    """The text, cut."""
    return tuple(_cut(clean(text)))


def _cut(text: str) -> Iterator[Piece]:
    block = end = 0
    for fence in _FENCE.finditer(text):
        yield from _prose(text[end : fence.start()], block)
        for line, html in _code(fence[2].removesuffix("\n"), fence[1]):
            yield Piece(line.strip(), html, block + 1, code=True)
        block, end = block + 2, fence.end()
    yield from _prose(text[end:], block)


def _code(code: str, language: str) -> Iterator[tuple[str, Markup]]:
    return zip(code.split("\n"), code_lines(code, language), strict=True)


def _prose(text: str, block: int) -> Iterator[Piece]:
    end = 0
    stripped = text.strip("\n")
    for found in _FORMULA.finditer(stripped):
        yield from _words(stripped[end : found.start()], block)
        yield Piece(found[0], _formula(found), block)
        end = found.end()
    yield from _words(stripped[end:], block)


def _words(text: str, block: int) -> Iterator[Piece]:
    for word in _WORD.findall(text):
        yield Piece(word.strip(), Markup("{}").format(word), block)


def _formula(found: re.Match[str]) -> Markup:
    shown = found["shown"] or found["bracket"]
    latex = shown or found["paren"] or found["dollar"] or found["bare"] or found["answer"]
    drawn = mathml(latex, "block" if shown else "inline")
    return drawn or Markup("<code>{}</code>").format(found[0])


def render(cut: Sequence[Piece], marked: Collection[int] = ()) -> Markup:
    """The pieces as HTML, those of the numbers in `marked` marked."""
    html = Markup()
    numbered = [(number in marked, piece) for number, piece in enumerate(cut)]
    for _, block in groupby(numbered, key=lambda one: one[1].block):
        held = list(block)
        html += _lines(held) if held[0][1].code else _paragraph(held)
    return html


def _lines(held: Sequence[tuple[bool, Piece]]) -> Markup:
    lines = Markup("\n").join(
        Markup('<span class="line{}">{}</span>').format(" differs" if differs else "", piece.html)
        for differs, piece in held
    )
    return Markup('<pre class="code"><code>{}</code></pre>').format(lines)


def _paragraph(held: Sequence[tuple[bool, Piece]]) -> Markup:
    html = Markup()
    for differs, run in groupby(held, key=lambda one: one[0]):
        shown = Markup().join(piece.html for _, piece in run)
        html += Markup("<mark>{}</mark>").format(shown) if differs else shown
    return Markup('<div class="prose">{}</div>').format(html)


def rich(text: str) -> Markup:
    """A text as HTML."""
    return render(pieces(text))


def inline(text: str) -> Markup:
    """A text with its formulas as HTML within a line."""
    html, end, cleaned = Markup(), 0, clean(text)
    for found in _FORMULA.finditer(cleaned):
        html += Markup("{}{}").format(cleaned[end : found.start()], _formula(found))
        end = found.end()
    return html + cleaned[end:]


def formula(text: str) -> Markup:
    """A text that is one formula where it looks like one, such as a reference answer."""
    drawn = mathml(clean(text)) if "\\" in text and "$" not in text else None
    return drawn or rich(text)


def plain_code(text: str, language: str = "python") -> Markup:
    """Code that stands by itself."""
    lines = (html for _, html in _code(clean(text), language))
    shown = Markup("\n").join(Markup('<span class="line">{}</span>').format(one) for one in lines)
    return Markup('<pre class="code"><code>{}</code></pre>').format(shown)
