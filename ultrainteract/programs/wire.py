"""Values as tagged JSON text: how they cross between a program, its tests and the host.

Standard library only: the same source runs inside the sandbox. A JSON array is a list; whatever
JSON lacks is an object of one key, its tag. Plain values cross by value, subclasses as their
plain base, so no method of a program's own class comes along. What is not plain stays where it
is: `keep` names it, and only the name crosses.
"""

import json
import re
import sys
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from typing import Any, NoReturn, Protocol, cast

DEPTH = 100
ROOM = 2_500_000
JSON_INT = 2**63

_decode = json.JSONDecoder().decode
_quote = json.encoder.encode_basestring_ascii
_float_text = float.__repr__
_int_text = int.__repr__


class Uncrossable(Exception):
    """A value that cannot cross; the message says why."""


def foreign(value: object) -> NoReturn:
    """`keep` where nothing can be kept: raises Uncrossable with the type's name."""
    raise Uncrossable(f"a value of type {type(value).__name__} cannot cross")


class Writer:
    """Writes values as text of at most `ROOM` characters. `keep` gives the tag of what is not
    plain, and raises Uncrossable if it is not to cross."""

    def __init__(self, keep: Callable[[object], str] = foreign) -> None:
        self._keep = keep
        self._room = ROOM

    def write(self, value: object) -> str:
        """The value's text, pure ASCII. Raises Uncrossable."""
        self._room = ROOM
        return self.text(value, 0)

    def text(self, value: object, depth: int) -> str:
        """The text of one part, `depth` containers deep."""
        kind = type(value)
        if kind is str:
            text = _quote(cast("str", value))
        elif value is None:
            text = "null"
        elif depth > DEPTH:
            raise Uncrossable(f"nested deeper than {DEPTH}")
        else:
            form = next((FORMS[base] for base in kind.__mro__ if base in FORMS), None)
            text = form(self, value, depth) if form else self._keep(value)
        # The parts of a container are counted already.
        self._room -= 2 if text[0] in "[{" else len(text) + 1
        if self._room < 0:
            raise Uncrossable(f"larger than {ROOM} characters")
        return text

    def texts(self, parts: Iterable[object], depth: int) -> list[str]:
        """The texts of a container's parts."""
        return [self.text(part, depth + 1) for part in parts]


class Numeric(Protocol):
    """What numpy's scalars and arrays have."""

    dtype: object
    shape: tuple[int, ...]

    def tolist(self) -> object:
        """The plain value, or lists of them."""
        ...


Form = Callable[[Writer, object, int], str]


def _float(_: Writer, value: object, __: int) -> str:
    text = _float_text(cast("float", value))
    return f'{{"float":"{text}"}}' if text in {"nan", "inf", "-inf"} else text


def _int(writer: Writer, value: object, depth: int) -> str:
    plain = int.__add__(cast("int", value), 0)
    small = -JSON_INT < plain < JSON_INT
    return _int_text(plain) if small else f'{{"int":{writer.text(f"{plain:x}", depth)}}}'


def _bytes(tag: str) -> Form:
    return lambda writer, value, depth: (
        f'{{"{tag}":{writer.text(bytes(cast("bytes", value)).hex(), depth)}}}'
    )


def _iterated(kind: type[Iterable[object]], tag: str, *, ordered: bool = True) -> Form:
    def form(writer: Writer, value: object, depth: int) -> str:
        texts = writer.texts(kind.__iter__(cast("Iterable[object]", value)), depth)
        text = f"[{','.join(texts if ordered else sorted(texts))}]"
        return f'{{"{tag}":{text}}}' if tag else text

    return form


def _mapping(tag: str) -> Form:
    def form(writer: Writer, value: object, depth: int) -> str:
        pairs = [[key, item] for key, item in dict.items(cast("dict[object, object]", value))]
        return _tagged(tag, pairs, writer, depth)

    return form


def _parts(tag: str, *names: str) -> Form:
    return lambda writer, value, depth: _tagged(
        tag, [getattr(value, name) for name in names], writer, depth
    )


def _tagged(tag: str, parts: Iterable[object], writer: Writer, depth: int) -> str:
    return f'{{"{tag}":[{",".join(writer.texts(parts, depth))}]}}'


def _match(writer: Writer, value: object, depth: int) -> str:
    match = cast("re.Match[str]", value)
    if type(match.string) is not str:
        foreign(value)
    parts = [match.re.pattern, match.re.flags, match.string, match.start(), match.end()]
    return _tagged("match", parts, writer, depth)


def _scalar(writer: Writer, value: object, depth: int) -> str:
    parts = [type(value).__name__, cast("Numeric", value).tolist()]
    return _tagged("numpy", parts, writer, depth)


def _array(writer: Writer, value: object, depth: int) -> str:
    array = cast("Numeric", value)
    parts = [str(array.dtype), list(array.shape), array.tolist()]
    return _tagged("ndarray", parts, writer, depth)


FORMS: dict[object, Form] = {
    bool: lambda _, value, __: "true" if value else "false",
    int: _int,
    float: _float,
    str: lambda _, value, __: _quote(str.__str__(cast("str", value))),
    complex: _parts("complex", "real", "imag"),
    bytes: _bytes("bytes"),
    bytearray: _bytes("bytearray"),
    list: _iterated(list, ""),
    tuple: _iterated(tuple, "tuple"),
    set: _iterated(set, "set", ordered=False),
    frozenset: _iterated(frozenset, "frozenset", ordered=False),
    dict: _mapping("dict"),
    Counter: _mapping("counter"),
    OrderedDict: _mapping("ordered"),
    deque: _iterated(deque, "deque"),
    range: _parts("range", "start", "stop", "step"),
    Fraction: _parts("fraction", "numerator", "denominator"),
    Decimal: lambda writer, value, depth: _tagged(
        "decimal", [Decimal.__str__(cast("Decimal", value))], writer, depth
    ),
    re.Match: _match,
}
if numpy := sys.modules.get("numpy"):
    FORMS |= {numpy.generic: _scalar, numpy.ndarray: _array}


@contextmanager
def readable() -> Iterator[None]:
    """What a text of somebody else's making can raise, as Uncrossable."""
    try:
        yield
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        raise Uncrossable(f"unreadable: {type(error).__name__}: {str(error)[:200]}") from None
    except RecursionError:
        raise Uncrossable("unreadable: nested too deeply") from None


class Reader:
    """Reads such text, whoever wrote it. `opened` turns a kept value's tag and payload into
    something; `rich` brings numpy's values and matches back instead of their plain parts."""

    def __init__(self, opened: Callable[[str, object], object], *, rich: bool) -> None:
        self._opened = opened
        self._rich = rich

    def read(self, text: str) -> object:
        """The value. Raises Uncrossable for a text that is no value's."""
        with readable():
            return self.value(_decode(text))

    def answer(self, text: str) -> tuple[str, object]:
        """How a call went and the value that came of it. Raises Uncrossable."""
        with readable():
            ((how, data),) = _decode(text).items()
            return str(how), self.value(data)

    def value(self, data: object) -> object:
        """The value of decoded JSON."""
        if isinstance(data, list):
            return [self.value(item) for item in data]
        if not isinstance(data, dict):
            return data
        ((tag, payload),) = data.items()
        if tag in TAGS:
            return TAGS[tag](self.value(payload))
        return self._special(tag, payload)

    def _special(self, tag: str, payload: object) -> object:
        if tag not in {"numpy", "ndarray", "match"}:
            return self._opened(tag, payload)
        parts = cast("Parts", self.value(payload))
        if tag == "match":
            return _matched(*parts) if self._rich else foreign(re.Match)
        return _numpy(tag, parts) if self._rich else parts[-1]


Parts = list[Any]  # whatever the sender claims; a wrong shape raises, and is unreadable


def _dict(pairs: Parts) -> dict[object, object]:
    return {key: value for key, value in pairs}  # noqa: C416


TAGS: dict[str, Callable[[Any], object]] = {
    "int": lambda text: int(text, 16),
    "float": float,
    "complex": lambda parts: complex(*parts),
    "bytes": bytes.fromhex,
    "bytearray": bytearray.fromhex,
    "tuple": tuple,
    "set": set,
    "frozenset": frozenset,
    "dict": _dict,
    "counter": lambda pairs: Counter(_dict(pairs)),
    "ordered": lambda pairs: OrderedDict(_dict(pairs)),
    "deque": deque,
    "range": lambda parts: range(*parts),
    "fraction": lambda parts: Fraction(*parts),
    "decimal": lambda parts: Decimal(*parts),
}


def _matched(pattern: str, flags: int, text: str, start: int, end: int) -> object:
    match = re.compile(pattern, flags).match(text, start)
    if match is None or match.end() != end:
        raise Uncrossable("a match cannot cross")
    return match


def _numpy(tag: str, parts: Parts) -> object:
    numpy = sys.modules["numpy"]
    if tag == "numpy":
        kind = getattr(numpy, parts[0])
        if not issubclass(kind, numpy.generic):
            raise TypeError(f"{parts[0]} is no number")
        return kind(parts[1])
    return numpy.array(parts[2], dtype=parts[0]).reshape(parts[1])
