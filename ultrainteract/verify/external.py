"""Math-Verify, for formulas that our own reader does not read: sums, integrals, named sets.

Only its LaTeX parser is used. `sympify` of a string, which evaluates it as Python, takes
numbers only. Its numeric comparison rounds to six decimals and forgives
percent signs, so that decimals and percentages are never left to it.
"""

import logging
import re
from collections.abc import Callable
from functools import cache

from ultrainteract.verify.screen import depth
from ultrainteract.verify.surface import CLOSE, OPEN

_decimals = re.compile(r"\.\d|%|\d,\d")
_number = re.compile(r"(Integer|Float) ?\( ?'?([0-9.]+(?:[eE][+-]?[0-9]{1,3})?)'? ?\)")
# Its parser takes seconds over long texts, deep ones and such as leave a bracket open.
_longest, _deepest = 400, 15
_large = re.compile(r"\^\s*\{?\s*-?\d{4}|\d{4}\s*\}?\s*!")
_relation = re.compile(r"[=<>]|\\(?:le|ge|ne|lt|gt|in)(?![A-Za-z])")
# What its normalisation drops silently: two texts that differ there only would seem equal.
# Words it multiplies letter by letter: `evil` is `live`.
_foreign = re.compile(
    r"[?']|\d\s*_|\b0[xbo]|(?<![\\A-Za-z])[A-Za-z]{4,}|\\(?:begin|dots|cdots|ldots|cases|if|mid)(?![A-Za-z])|\.\.\."
)


def accepts(left: str, right: str) -> bool:
    """Whether Math-Verify holds two tidied texts equal. False also for what it cannot read."""
    # It takes the last side of a relation for its value: |x| = 5 for 5.
    if _relates(left) and not _relates(right):
        return False
    for text in (left, right):
        if len(text) > _longest or depth(text) not in range(_deepest):
            return False
        if (
            _large.search(text)
            or _decimals.search(text)
            or _foreign.search(text)
            or OPEN in text
            or CLOSE in text
        ):
            return False
    return _verifier()(left, right)


def _relates(text: str) -> bool:
    return bool(_relation.search(re.sub(r"_\s*\{[^{}]*\}", "", text)))


@cache
def _verifier() -> Callable[[str, str], bool]:
    """Imported at the first use: a second and 60 MB that most workers never need."""
    from latex2sympy2_extended import NormalizationConfig  # noqa: PLC0415
    from math_verify import LatexExtractionConfig, parse, verify  # noqa: PLC0415
    from sympy.parsing import sympy_parser  # noqa: PLC0415

    sympy_parser.eval_expr = _literal
    logging.getLogger("math_verify").setLevel(logging.CRITICAL)
    config = [
        LatexExtractionConfig(
            normalization_config=NormalizationConfig(
                basic_latex=True, units=False, malformed_operators=False, nits=False,
                boxed="none", equations=False,
            )
        )
    ]  # fmt: skip

    def verifier(left: str, right: str) -> bool:
        # Its own time limits use SIGALRM; the process has a limit of its own.
        ours, gold = (
            parse(
                f"${text.replace('$', ' ')}$",
                config,
                parsing_timeout=None,
                fallback_mode="no_fallback",
            )
            for text in (left, right)
        )
        if not ours or not gold or isinstance(ours[0], str) or isinstance(gold[0], str):
            return False
        return bool(verify(gold, ours, timeout_seconds=None))

    return verifier


def _literal(code: str, *_: object) -> object:
    """In place of sympy's `eval`: the number in `Integer (6 )`, and nothing else."""
    import sympy  # noqa: PLC0415

    match = _number.fullmatch(code.strip())
    if match is None:
        raise ValueError("text is never evaluated")
    return sympy.Integer(match[2]) if match[1] == "Integer" else sympy.Float(match[2])
