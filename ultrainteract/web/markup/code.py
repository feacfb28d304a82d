"""Code as coloured lines: classes alone, which the style sheet gives a colour in light and dark."""

from collections.abc import Iterator
from functools import lru_cache

from markupsafe import Markup
from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

# Letters beyond which code stays plain: colouring is linear, but a page waits for it.
_LONGEST = 50_000
_CLASSES = (
    (Comment, "c"),
    (String, "s"),
    (Number, "m"),
    (Keyword, "k"),
    (Name.Function, "f"),
    (Name.Class, "f"),
    (Name.Builtin, "b"),
    (Name.Decorator, "b"),
    (Name.Exception, "b"),
)


@lru_cache(maxsize=1024)
def code_lines(code: str, language: str = "python") -> tuple[Markup, ...]:
    """A line of HTML for each line of `code`, without line ends."""
    lexer = _lexer(language)
    if lexer is None or len(code) > _LONGEST:
        return tuple(Markup("{}").format(line) for line in code.split("\n"))
    return tuple(_lines(lexer, code))


@lru_cache(maxsize=32)
def _lexer(language: str) -> Lexer | None:
    try:
        return get_lexer_by_name(language or "python", stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def _lines(lexer: Lexer, code: str) -> Iterator[Markup]:
    line = Markup()
    for kind, value in lexer.get_tokens(code):
        first, *others = value.split("\n")
        line += _span(kind, first)
        for part in others:
            yield line
            line = _span(kind, part)
    yield line


def _span(kind: _TokenType, value: str) -> Markup:
    name = next((name for token, name in _CLASSES if kind in token), "")
    if not name or not value:
        return Markup("{}").format(value)
    return Markup('<span class="{}">{}</span>').format(name, value)
