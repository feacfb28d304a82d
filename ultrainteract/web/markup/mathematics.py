r"""LaTeX as MathML, which browsers draw by themselves. What cannot be read stays as it is written.

The translator puts text into its output as it found it, so only elements and attributes of a list
are written out, and all text is escaped anew.
"""

from collections.abc import Iterator
from functools import lru_cache
from html import unescape
from xml.etree.ElementTree import Element

from latex2mathml import exceptions
from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape

# Letters of a formula beyond which it stays as it is written.
LONGEST = 2000
_ELEMENTS = """
math mrow mi mn mo ms mtext mspace mfrac msqrt mroot mstyle mpadded mphantom mfenced menclose
msub msup msubsup munder mover munderover mmultiscripts mtable mtr mtd mprescripts none
"""
_ATTRIBUTES = """
display mathvariant stretchy fence separator form lspace rspace minsize maxsize movablelimits
accent accentunder linethickness columnalign rowspacing columnspacing columnlines rowlines
displaystyle scriptlevel width height depth notation largeop symmetric
"""
_WRITTEN, _KEPT = frozenset(_ELEMENTS.split()), frozenset(_ATTRIBUTES.split())
# Its ways to say that it cannot read a formula: classes of its own, and what its slips raise.
_UNREADABLE: tuple[type[Exception], ...] = (
    *(
        one
        for one in vars(exceptions).values()
        if isinstance(one, type) and issubclass(one, Exception)
    ),
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
# A macro may call itself, or double itself.
_MACROS = ("\\def", "\\newcommand", "\\renewcommand", "\\let")


@lru_cache(maxsize=4096)
def mathml(latex: str, display: str = "inline") -> Markup | None:
    """The formula as MathML; None where it cannot be read."""
    if len(latex) > LONGEST or any(macro in latex for macro in _MACROS):
        return None
    try:
        return Markup("").join(_written(convert_to_element(latex, display=display)))
    except _UNREADABLE:
        return None


def _written(element: Element) -> Iterator[Markup]:
    """Raises ValueError for an element that is not listed."""
    if element.tag not in _WRITTEN:
        raise ValueError(f"{element.tag} is no element of MathML that pages may hold")
    held = Markup("").join(
        Markup(' {}="{}"').format(key, value)
        for key, value in element.attrib.items()
        if key in _KEPT
    )
    yield Markup("<{}{}>").format(element.tag, held)
    yield escape(_plain(element.text))
    for child in element:
        yield from _written(child)
        yield escape(_plain(child.tail))
    yield Markup("</{}>").format(element.tag)


def _plain(text: str | None) -> str:
    # The translator writes its signs as references to characters.
    return unescape(text or "")
