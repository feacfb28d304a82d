"""Evaluates a scalar at a point: fractions exactly while they stay fractions, else 50 digits.

No simplification: two expressions are compared by their values at fixed generic points, which
cannot hang as a simplifier does. Each evaluation is bounded by the size of its powers.
"""

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import comb, factorial, gcd, isqrt, lcm
from typing import Any, TypeAlias

import mpmath

from ultrainteract.verify.names import listed
from ultrainteract.verify.screen import FACTORIAL
from ultrainteract.verify.tree import Apply, Node, Number, Symbol, Unreadable

DIGITS = 60
_leading_bits = 4096
_power_bits = 400_000
_power = 99_999
_largest = 10**400

# mpmath's numbers have no stubs; every value here is a Fraction, an mpf or an mpc.
Value: TypeAlias = Any

_constants: dict[str, Callable[[], Value]] = {
    "pi": lambda: +mpmath.pi,
    "e": lambda: +mpmath.e,
    "i": lambda: mpmath.mpc(0, 1),
    "oo": lambda: mpmath.inf,
    "phi_": lambda: +mpmath.phi,
}
_periodic = frozenset(listed("sin cos tan cot sec csc"))
_analytic: dict[str, Callable[..., Value]] = {
    name: getattr(mpmath, name)
    for name in listed(
        "sin cos tan cot sec csc sinh cosh tanh coth acos asin atan acot asec acsc asinh acosh "
        "atanh exp re im conj sign atan2"
    )
} | {
    "ln": mpmath.log,
    "log": mpmath.log,
    "lg": mpmath.log10,
    "log2": lambda x: mpmath.log(x, 2),
    "cbrt": lambda x: _root(x, mpmath.mpf(3)),
    "conjugate": mpmath.conj,
    "cis": lambda x: mpmath.exp(mpmath.mpc(0, 1) * x),
    "deg": lambda x: x * mpmath.pi / 180,
}


class Undefined(Exception):
    """No value at this point: a division by zero, an infinity less another."""


def evaluate(node: Node, point: Mapping[str, Value]) -> Value:
    """The value of a scalar. Raises Undefined, or Unreadable for what is no scalar or too big."""
    match node:
        case Number(value):
            return value
        case Symbol(name):
            if name in point:
                return point[name]
            if name in _constants:
                return _constants[name]()
            raise Unreadable(f"{name} has no value")
        case Apply(head, args):
            values = [evaluate(arg, point) for arg in args]
            try:
                return _apply(head, values)
            # What mpmath raises outside a function's domain, and for a wrong number of arguments.
            except (ValueError, ZeroDivisionError, TypeError, OverflowError, IndexError) as error:
                raise Undefined(str(error)) from error
    raise Unreadable("a structure where a value is due")


def real(value: Value) -> Value:
    """As mpmath's number."""
    if isinstance(value, Fraction):
        return _float(value.numerator) / _float(value.denominator)
    return value


def _float(number: int) -> Value:
    """Of a huge integer the leading bits: mpmath drops trailing zeros a byte at a time."""
    spare = max(0, number.bit_length() - _leading_bits)
    return mpmath.ldexp(mpmath.mpf(number >> spare), spare)


def _apply(head: str, values: list[Value]) -> Value:  # noqa: C901, PLR0911  a table of operators
    match head, values:
        case "neg", [a]:
            return -a
        case "+", [a, b]:
            return _joined(a, b, lambda x, y: x + y)
        case "*", [a, b]:
            return _joined(a, b, lambda x, y: x * y)
        case "/", [a, b]:
            return _quotient(a, b)
        case "%", [a]:
            return a / 100
        case "**", [a, b]:
            return _raised(a, b)
        case "sqrt", [a]:
            return _square_root(a)
        case "abs", [a]:
            return abs(a)
        case (("min" | "max"), [_, *_]):
            return (min if head == "min" else max)(map(_ordered, values))
        case (("factorial" | "binomial" | "gcd" | "lcm" | "floor" | "ceiling"), _):
            return _whole(head, values)
        case "root", [a, b]:
            return _root(real(a), real(b))
    return _smoothly(head, [*map(real, values)])


def _smoothly(head: str, values: list[Value]) -> Value:
    if head not in _analytic:
        raise Unreadable(f"function {head}")
    if head in _periodic and abs(values[0]) > _largest:
        raise Unreadable(f"{head} of a huge value")
    return _finite(_analytic[head](*values))


def _joined(a: Value, b: Value, operation: Callable[[Value, Value], Value]) -> Value:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return operation(a, b)
    return _finite(operation(real(a), real(b)))


def _finite(value: Value) -> Value:
    if mpmath.isnan(value):
        raise Undefined("no number")
    return value


def _quotient(a: Value, b: Value) -> Value:
    if b == 0:
        raise Undefined("division by zero")
    return _joined(a, b, lambda x, y: x / y)


def _raised(a: Value, b: Value) -> Value:
    if (isinstance(b, Fraction) and abs(b) > _power) or (
        abs(real(b)) > _power and abs(b) != mpmath.inf
    ):
        raise Unreadable(f"an exponent beyond {_power}")
    if isinstance(a, Fraction) and isinstance(b, Fraction) and b.denominator == 1:
        if a == 0 and b < 0:
            raise Undefined("division by zero")
        if abs(b) * max(a.numerator.bit_length(), a.denominator.bit_length()) <= _power_bits:
            return a ** int(b)
    if a == 0:
        if real(b).real <= 0 if b != 0 else False:
            raise Undefined("a power of zero")
        return Fraction(0) if b != 0 else Fraction(1)
    base, exponent = real(a), real(b)
    if mpmath.isinf(base) or mpmath.isinf(exponent):
        raise Undefined("an infinite power")
    if isinstance(b, Fraction) and b.denominator == 2:  # noqa: PLR2004
        return mpmath.sqrt(base) ** b.numerator
    return _finite(mpmath.power(base, exponent))


def _square_root(a: Value) -> Value:
    if isinstance(a, Fraction) and a >= 0:
        top, bottom = isqrt(a.numerator), isqrt(a.denominator)
        if top * top == a.numerator and bottom * bottom == a.denominator:
            return Fraction(top, bottom)
    return mpmath.sqrt(real(a))


def _root(x: Value, n: Value) -> Value:
    """The real root where there is one: the cube root of -8 is -2."""
    if n == 0:
        raise Undefined("the zeroth root")
    odd = mpmath.im(x) == 0 and mpmath.re(x) < 0 and n == int(n) and int(n) % 2
    return -mpmath.power(-x, 1 / n) if odd else mpmath.power(x, 1 / n)


def _ordered(value: Value) -> Value:
    if isinstance(value, mpmath.mpc):
        raise Undefined("order of complex numbers")
    return value


def _whole(head: str, values: list[Value]) -> Value:
    if head in ("floor", "ceiling"):
        if abs(real(values[0])) > _largest:
            raise Unreadable(f"{head} of a huge value")
        step = mpmath.floor if head == "floor" else mpmath.ceil
        return Fraction(int(step(_ordered(real(values[0])))))
    if not all(isinstance(value, Fraction) and value.denominator == 1 for value in values):
        return _smooth(head, values)
    numbers = [int(value) for value in values]
    if any(abs(n) > _power for n in numbers) and head in ("factorial", "binomial"):
        raise Unreadable(f"{head} of more than {_power}")
    match head, numbers:
        case "factorial", [n] if 0 <= n <= FACTORIAL:
            return Fraction(factorial(n))
        case "binomial", [n, k] if n >= 0 and min(k, n - k) <= FACTORIAL:
            return Fraction(comb(n, k) if k >= 0 else 0)
        case "gcd", [_, *_]:
            return Fraction(gcd(*numbers))
        case "lcm", [_, *_]:
            return Fraction(lcm(*numbers))
    raise Unreadable(f"{head} out of bounds")


def _smooth(head: str, values: list[Value]) -> Value:
    """Factorials of variables, by the gamma function."""
    function = {"factorial": mpmath.factorial, "binomial": mpmath.binomial}.get(head)
    if function is None or any(abs(real(value)) > FACTORIAL for value in values):
        raise Unreadable(f"{head} of such values")
    return _finite(function(*map(real, values)))
