"""The value of a piece of text: digits, words, LaTeX or Python arithmetic, never by `eval`.

Exact fractions as far as they go, floats for roots and pi. What is no plain arithmetic has no
value here; the grader is asked about it.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TypeAlias

from ultrainteract.number_words import spelled

Number: TypeAlias = Fraction | float

_LENGTH, _BITS, _FACTORIAL = 200, 4000, 200
_NOTHING: Mapping[str, Number] = {}

_REWRITES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        (r"\\(?:left|right|displaystyle|boxed|\$|!|,|;|:| )|[$`]|\*\*(?=\s*$)", ""),
        (r"(?<=\d)(?:,|\{,\}|_)(?=\d{3}(?!\d))", ""),
        (r"\\(?:text|mathrm|mbox|textbf)\{([^{}]*)\}", r"\1"),
        (r"\^\s*\{?\\circ\}?|°|\\\$", ""),
        (r"\\[dtc]frac", r"\\frac"),
        (r"\\frac\s*(\d)\s*(\d)", r"\\frac{\1}{\2}"),
        (r"\\sqrt\s*(\d)", r"\\sqrt{\1}"),
        (r"√\s*(\d+(?:\.\d+)?)", r"sqrt(\1)"),
        (r"√\s*\(", "sqrt("),
        (r"(\d+)\s*\\frac\{(\d+)\}\{(\d+)\}", r"(\1+\2/\3)"),
        (r"\\cdot|\\times|\btimes\b|\bmultiplied by\b", "*"),
        (r"(?<![\d/.])(\d+)\s+(\d+)/(\d+)(?![\d/])", r"(\1+\2/\3)"),
        (r"(?<=\d)\s*(?:thousand|k)\b", "*1000"),
        (r"(?<=\d)\s*hundred\b", "*100"),
        (r"(?<=\d)\s*million\b", "*1000000"),
        (r"\\div|\bout of\b|\bdivided by\b|\bover\b", "/"),
        (r"\bplus\b", "+"),
        (r"\bminus\b|\bnegative\b", "-"),
        (r"\bhalf\s+of(?:\s+the)?\b", "(1/2)*"),
        (r"(\d+(?:\.\d+)?)\s*(?:\\?%|percent)\s+of(?:\s+the)?\b", r"(\1/100)*"),
        (r"(\d\s*/\s*\d+)\s+of(?:\s+the)?\b", r"(\1)*"),
        (r"\\pi\b|π", "pi"),
        (r"\b(?:math|np|numpy|sympy|sp)\.", ""),
    )
)
_NESTED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), becomes)
    for pattern, becomes in (
        (r"\\frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"((\1)/(\2))"),
        (r"\\binom\s*\{([^{}]*)\}\s*\{([^{}]*)\}", r"comb(\1,\2)"),
        (r"\\sqrt\s*\[(\d+)\]\s*\{([^{}]*)\}", r"((\2)^(1/\1))"),
        (r"\\sqrt\s*\{([^{}]*)\}", r"sqrt(\1)"),
        (r"\^\s*\{([^{}]*)\}", r"^(\1)"),
    )
)
_PLAIN = re.compile(r"(?:sqrt|comb|factorial|gcd|lcm|pi|(?<=\d)[eE][+-]?(?=\d)|[\d\s.+\-*/%(),])+")
_PERCENT = re.compile(r"\s*(?:\\?%|\bpercent\b|\bper cent\b)\s*$")
_FUNCTIONS: Mapping[str, Callable[..., float]] = {"sqrt": math.sqrt, "abs": abs}
_OPERATORS: Mapping[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda left, right: Fraction(left // right),
    ast.Mod: operator.mod,
}
_INTEGRAL: Mapping[str, Callable[..., int]] = {
    "comb": math.comb,
    "factorial": math.factorial,
    "gcd": math.gcd,
    "lcm": math.lcm,
}


def equal(one: Number, other: Number) -> bool:
    """Integers exactly; decimals and roots to a relative 1e-6, as the grader does."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        whole = one.denominator == other.denominator == 1
        slack = 0 if whole else max(abs(one), abs(other)) / 10**6
        return abs(one - other) <= slack
    try:
        return math.isclose(one, other, rel_tol=1e-6)
    except OverflowError:
        return False


def readings(text: str) -> tuple[Number, ...]:
    """Every value the text may mean: none, one, or two for a percentage (50 and 1/2)."""
    bare = _PERCENT.sub("", text)
    found = value(bare)
    if found is None:
        return ()
    return (found, found / 100) if bare != text else (found,)


def value(text: str) -> Number | None:
    """The number that the text denotes; None where it is not plain arithmetic."""
    words = spelled(text)
    if words is not None:
        return words
    plain = _python(text[:_LENGTH]) if len(text) <= _LENGTH else ""
    if not any(sign.isdigit() for sign in plain) and "pi" not in plain:
        return None
    if not _PLAIN.fullmatch(plain):
        return None
    return evaluate(plain)


def evaluate(expression: str, names: Mapping[str, Number] = _NOTHING) -> Number | None:
    """A Python arithmetic expression over `names`; None for anything else or too large."""
    try:
        return _walk(ast.parse(expression.strip(), mode="eval").body, names)
    except (SyntaxError, ValueError, ArithmeticError, TypeError, LookupError, RecursionError):
        return None


def _python(text: str) -> str:
    for pattern, becomes in _REWRITES:
        text = pattern.sub(becomes, text)
    for _ in range(8):
        before = text
        for pattern, becomes in _NESTED:
            text = pattern.sub(becomes, text)
        if text == before:
            break
    text = text.replace("{", "(").replace("}", ")").replace("^", "**")
    text = re.sub(r"(\d+)!", r"factorial(\1)", text)
    text = re.sub(r"(?<=[\d)])\s*(?=sqrt|pi|comb|\()|(?<=pi)\s*(?=\()|(?<=\))\s*(?=\d)", "*", text)
    # Python refuses 007; a critic that pads a number still states it.
    return re.sub(r"(?<![\d.])0+(?=\d)", "", text).strip()


def _walk(node: ast.expr, names: Mapping[str, Number]) -> Number:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return Fraction(repr(number))
        case ast.Name(id=name):
            return math.pi if name == "pi" else names[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            inner = _walk(operand, names)
            return -inner if isinstance(sign, ast.USub) else inner
        case ast.BinOp(left=left, op=op, right=right):
            return _apply(op, _walk(left, names), _walk(right, names))
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args, keywords=[]):
            return _call(name, [_walk(arg, names) for arg in args])
    raise TypeError(f"no arithmetic: {type(node).__name__}")


def _apply(op: ast.operator, left: Number, right: Number) -> Number:
    if isinstance(op, ast.Pow):
        return _power(left, right)
    found = _OPERATORS[type(op)](left, right)
    if isinstance(found, Fraction) and found.numerator.bit_length() > _BITS:
        raise OverflowError("number too large")
    return found


def _power(base: Number, exponent: Number) -> Number:
    if not isinstance(base, Fraction) or not isinstance(exponent, Fraction):
        return _real(float(base) ** float(exponent))
    if exponent.denominator != 1:
        return _real(float(base) ** float(exponent))
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if abs(exponent) * bits > _BITS:
        raise OverflowError("power too large")
    return Fraction(base) ** int(exponent)


def _real(result: object) -> float:
    if not isinstance(result, float) or not math.isfinite(result):
        raise ValueError("no finite real number")
    return result


def _call(name: str, args: list[Number]) -> Number:
    if name in _INTEGRAL:
        large = name in ("comb", "factorial") and any(arg > _FACTORIAL for arg in args)
        if large or any(arg != int(arg) for arg in args):
            raise OverflowError("no integer, or too large")
        return Fraction(_INTEGRAL[name](*map(int, args)))
    if name in ("int", "float", "round") and len(args) == 1:
        return {"int": Fraction(int(args[0])), "float": args[0]}.get(name, Fraction(round(args[0])))
    found = _FUNCTIONS[name](*args)
    return Fraction(found) if found == int(found) else found
