"""MathQA's `annotated_formula`, computed: `multiply(divide(4, 3), const_2)`.

The formulas are the annotators' and often wrong, or stop a step before the answer. Only what
needs no guess is computed; the rest, and what would take long, has no value.
"""

import math
import re
from collections.abc import Callable, Iterator, Mapping

_TOKEN = re.compile(r"\s*(?:([a-z_]\w*|-?\d+(?:\.\d+)?)|([(),]))")
_DEEPEST, _LONGEST = 40, 2000
_HUGE = 200
_TOLERANCE = 0.01
_SIMPLE = re.compile(
    r"\$?(?P<whole>-?[\d,]*\.?\d+)(?:\s(?P<over>\d+)/(?P<under>\d+)|[/:](?P<to>\d+(?:\.\d+)?))?"
    r"(?P<rest>(?:\s?[a-z%$\u00b0.]+)*)"
)
_NAMED = {"const_pi": math.pi, "const_deg_to_rad": math.pi / 180}

_OPERATORS: Mapping[str, Callable[..., float]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "power": math.pow,
    "sqrt": math.sqrt,
    "inverse": lambda a: 1 / a,
    "negate": lambda a: -a,
    "floor": math.floor,
    "max": max,
    "min": min,
    "log": math.log,
    "reminder": math.fmod,
    "factorial": lambda a: math.factorial(_small(a)),
    "choose": lambda a, b: math.comb(_small(a), _small(b)),
    "permutation": lambda a, b: math.perm(_small(a), _small(b)),
    "gcd": lambda a, b: math.gcd(_whole(a), _whole(b)),
    "lcm": lambda a, b: math.lcm(_whole(a), _whole(b)),
    "negate_prob": lambda a: 1 - a,
    "circle_area": lambda r: math.pi * r * r,
    "circumface": lambda r: 2 * math.pi * r,
    "square_area": lambda a: a * a,
    "square_perimeter": lambda a: 4 * a,
    "square_edge_by_area": math.sqrt,
    "square_edge_by_perimeter": lambda a: a / 4,
    "rectangle_area": lambda a, b: a * b,
    "rectangle_perimeter": lambda a, b: 2 * (a + b),
    "triangle_area": lambda a, b: a * b / 2,
    "triangle_perimeter": lambda a, b, c: a + b + c,
    "rhombus_area": lambda a, b: a * b / 2,
    "quadrilateral_area": lambda d, a, b: d * (a + b) / 2,
    "diagonal": math.hypot,
    "volume_cube": lambda a: a**3,
    "volume_rectangular_prism": lambda a, b, c: a * b * c,
    "volume_cylinder": lambda r, h: math.pi * r * r * h,
    "volume_cone": lambda r, h: math.pi * r * r * h / 3,
    "volume_sphere": lambda r: 4 * math.pi * r**3 / 3,
    "surface_cube": lambda a: 6 * a * a,
    "surface_sphere": lambda r: 4 * math.pi * r * r,
    "surface_cylinder": lambda r, h: 2 * math.pi * r * (r + h),
    "surface_rectangular_prism": lambda a, b, c: 2 * (a * b + b * c + a * c),
    "cube_edge_by_volume": math.cbrt,
    "speed": lambda distance, time: distance / time,
}


def computed(formula: str) -> float | None:
    """The formula's value; None where it is malformed, undefined or holds an unknown operator."""
    if len(formula) > _LONGEST:
        return None
    tokens = list(_tokens(formula))
    try:
        value, rest = _read(tokens, 0, 0)
        return float(value) if rest == len(tokens) and math.isfinite(value) else None
    except (ArithmeticError, ValueError, KeyError, IndexError, TypeError):
        return None


def agrees(formula: str, option: str) -> bool:
    """Whether the formula's value is the option's number, within 1 % (some are rounded)."""
    value, found = computed(formula), _SIMPLE.fullmatch(option)
    if value is None or not found:
        return False
    number = float(found["whole"].replace(",", ""))
    if found["over"]:
        number += float(found["over"]) / (float(found["under"]) or math.inf)
    if found["to"]:
        number /= float(found["to"]) or math.inf
    # The formulas do not agree on whether 24 % is 24 or 0.24.
    shares = (value, 100 * value) if "%" in found["rest"] else (value,)
    return any(math.isclose(one, number, rel_tol=_TOLERANCE) for one in shares)


def _tokens(text: str) -> Iterator[str]:
    at = 0
    text = text.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found:
            # No operator is called so: the whole is malformed.
            yield "?"
            return
        yield found[1] or found[2]
        at = found.end()


def _read(tokens: list[str], at: int, depth: int) -> tuple[float, int]:
    """The value of the term that starts at a token, and the place after it."""
    token = tokens[at]
    if depth > _DEEPEST:
        raise ValueError(token)
    if tokens[at + 1 : at + 2] != ["("]:
        return _number(token), at + 1
    arguments: list[float] = []
    at += 1
    while tokens[at] in "(,":
        value, at = _read(tokens, at + 1, depth + 1)
        arguments.append(value)
    if tokens[at] != ")":
        raise ValueError(tokens[at])
    return _OPERATORS[token](*arguments), at + 1


def _number(token: str) -> float:
    if token in _NAMED:
        return _NAMED[token]
    if token.startswith("const_"):
        # const_0_2778 is 0.2778.
        return float(token.removeprefix("const_").replace("_", "."))
    return float(token)


def _whole(value: float) -> int:
    if value != int(value):
        raise ValueError(value)
    return int(value)


def _small(value: float) -> int:
    if not 0 <= value <= _HUGE:
        raise ValueError(value)
    return _whole(value)
