"""Untrusted text as HTML."""

import html
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultrainteract.web.markup.difference import sides
from ultrainteract.web.markup.mathematics import mathml
from ultrainteract.web.markup.text import formula, inline, plain_code, rich

TAGS = re.compile(r"<[^>]*>")
# What pages may hold of a model's text: our own elements, each with a class at most.
OURS = re.compile(
    r'</?(?:div|span|pre|code|mark)(?: class="[\w ]*")?>'
    r'|</?(?:math|m[a-z]+|none)(?: [a-z]+="[^"<>]*")*>'
)


def read(markup: str) -> str:
    """What a reader sees."""
    return html.unescape(TAGS.sub("", markup))


@given(st.text(alphabet=st.sampled_from("<>&\"'$\\`{}ab \n#^_"), max_size=60))
def test_nothing_but_our_own_elements_is_written(text: str) -> None:
    for markup in (rich(text), inline(text), formula(text), plain_code(text)):
        assert not TAGS.findall(OURS.sub("", markup)), markup


@given(st.text(alphabet="<>&\"'ab \n", max_size=60))
def test_a_text_without_formulas_reads_as_it_is_written(text: str) -> None:
    assert read(rich(text)).split() == text.split()


def test_code_is_coloured_and_keeps_every_letter() -> None:
    code = "def f(x):\n    return '</code><script>'  # &amp;\n"
    shown = plain_code(code)
    assert read(shown) == code
    assert '<span class="k">def</span>' in shown
    assert "<script" not in shown


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("so $x^2$ is", True),
        (r"so \(x^2\) is", True),
        (r"\[\frac{1}{2}\]", True),
        ("$$a\nb$$", True),
        (r"\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}", True),
        ("Answer: \\frac{1}{2}", True),
        ("it costs $5 and then $6", False),
        ("a$b$c", False),
        ("Answer: 5", False),
        (r"$\frac{$", False),
        ("$" + "x" * 3000 + "$", False),
        (r"\(" + "x" * 3000 + r"\)", False),
        (r"\(" * 9 + r"x^2\)", True),
        (r"$\def\x{\x\x}\x$", False),
    ],
)
def test_formulas_are_drawn_and_money_is_none(text: str, drawn: bool) -> None:
    assert ("<math" in rich(text)) == drawn
    if not drawn:
        assert read(rich(text)) == text


@pytest.mark.parametrize(
    "latex",
    [
        r"\text{<script>alert(1)</script>}",
        r"\text{&lt;img src=x onerror=alert(1)&gt;}",
        r"\href{javascript:alert(1)}{x}",
        r"\style{color:red}{x}",
        r"\class{evil}{x}",
        r"\color{url(//evil.example)}x",
    ],
)
def test_a_formula_brings_no_element_or_attribute_of_its_own(latex: str) -> None:
    shown = str(mathml(latex) or "")
    assert not TAGS.findall(OURS.sub("", shown))
    assert not re.search(r"<[^>]*(href|style|class|src|on\w+)=", shown)


def test_no_formula_is_an_error() -> None:
    lot = random.Random(0)
    parts = [r"\frac", "{", "}", "x", "^", "_", r"\left(", r"\right", r"\begin{matrix}", "&"]
    parts += [r"\end{matrix}", r"\\", r"\sqrt", "[", "]", r"\text{", r"\genfrac", r"\over", "<"]
    parts += [r"\hline", r"\limits", r"\begin", r"\end", r"\not", r"\hspace", r"\middle|", "'"]
    for _ in range(3000):
        mathml("".join(lot.choices(parts, k=lot.randint(1, 12))))
    for deep in ("{" * 1900, "{" * 990 + "}" * 990, r"\sqrt" * 390, "^" * 1999):
        mathml(deep)


def test_controls_and_turns_of_direction_are_shown() -> None:
    shown = read(rich("a\x00b\x1b[31m\u202ec\ud800"))
    assert shown == "a\u2400b\u241b[31m\u27e8U+202E\u27e9c\u27e8U+D800\u27e9"
    shown.encode()


def test_what_differs_is_marked_by_words_formulas_and_lines_of_code() -> None:
    one = "Step 1: add $x^2$ now\n```python\nx = 1\nprint(x)\n```\nAnswer: 3"
    other = "Step 1: take $x^3$ now\n```python\nx = 2\nprint(x)\n```\nAnswer: 3"
    found = sides(one, other)
    assert found.marked
    for markup, word, line in ((found.one, "add", "x = 1"), (found.other, "take", "x = 2")):
        (mark,) = re.findall(r"<mark>.*?</mark>", markup, re.DOTALL)
        assert word in read(mark)
        assert "<math" in mark
        (differs,) = re.findall(r'<span class="line differs">(.*)\n', markup)
        assert read(differs) == line
    same = sides(one, one)
    assert "<mark" not in same.one
    assert "differs" not in same.one


def test_texts_that_are_too_long_to_compare_are_shown_unmarked() -> None:
    found = sides("a " * 2000, "b " * 2000)
    assert not found.marked
    assert "<mark" not in found.one
