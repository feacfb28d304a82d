"""Seed datasets by name: a function that turns one native row into a `Question`.

A seed lives in the package (one module each, named like it), in a user's file
(`ultrainteract.seeds.plugin.load_plugin`) or behind the entry-point group `ultrainteract.seeds`.
Modules and packages are imported when their name is asked for, never to list names.
"""

import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from math import isfinite
from pathlib import Path
from typing import TypeAlias, TypeVar

from ultrainteract.errors import PluginError, unknown
from ultrainteract.seeds.plugin import foreign

GROUP = "ultrainteract.seeds"
# The paper's twelve, in the order of its table; `apps` has TACO's problems and is none of them.
ALL = (
    "gsm8k", "math", "mathqa", "numglue", "tabmwp", "codecontests", "taco", "wikitablequestions",
    "magicoder_evol_instruct", "reclor", "hotpotqa", "strategyqa",
)  # fmt: skip
# The interpreter turns no longer number into text or out of it.
DIGITS = 4300
_TOO_LONG = 10**DIGITS
_SAMPLES = Path(__file__).parent / "samples"


class Skip(Exception):
    """Raised by a row function for a row that is no problem; the message is counted."""


class Row(dict[str, object]):
    """A native row. A field that is not there skips the row, for a reason that names it.

    `file` is where it was read, for tables that lie beside it; `key` its name in a file that is
    one object of rows, else empty.
    """

    file: Path | None = None
    key: str = ""

    def __missing__(self, key: str) -> object:
        raise Skip(f"missing field {key}")

    def text(self, key: str) -> str:
        """The field as text, stripped. Skips a row where it is absent, empty or no text."""
        value = as_text(self[key], key)
        if not value:
            raise Skip(f"empty field {key}")
        return value

    def optional(self, key: str) -> str:
        """The field as text; empty where it is absent or None. Skips what is no text."""
        return as_text(self.get(key), key)

    def texts(self, key: str) -> tuple[str, ...]:
        """The field's items as text. Skips a row where it is absent or no list of texts."""
        value = self[key]
        if not isinstance(value, list | tuple):
            raise Skip(f"{key} is of type {type(value).__name__}, not a list")
        return tuple(as_text(item, f"item of {key}") for item in value)


@dataclass(frozen=True, slots=True)
class Question:
    """What a row function returns: a problem without the bookkeeping.

    `answer` may be a number. `id` is the row's own identity where the dataset has one; without
    it the statement's text identifies the problem, whichever source it comes from.
    `environments` narrows the seed's for this row.
    """

    statement: str
    answer: str | float | None
    rationale: str | None = ""
    solutions: tuple[str, ...] = ()
    id: str = ""
    environments: tuple[str, ...] = ()
    meta: Mapping[str, str] = field(default_factory=dict)


RowFunction: TypeAlias = Callable[[Row], Question]
F = TypeVar("F", bound=RowFunction)


@dataclass(frozen=True, slots=True)
class Hub:
    """Files of a dataset repository: the ones that match a pattern of `files`, in name order.

    `revision` is a full commit hash, a branch, or empty for `main`; a branch is resolved to its
    commit when it is loaded. Files are read as they are: no loading script ever runs.
    """

    id: str
    files: tuple[str, ...] = ("*train*.parquet", "*train*.jsonl")
    revision: str = ""


@dataclass(frozen=True, slots=True)
class Seed:
    """A registered seed dataset. `file` and `hub` say where its rows are, `sample` holds rows to
    try it with; `defined` is the source file of the row function, `title` its docstring.

    `elsewhere` names the file that holds the dataset where no hub does. `keep` is the default
    selection: the values of `Problem.meta` that are taken, by key; "" where the key is absent.
    """

    name: str
    environments: tuple[str, ...]
    function: RowFunction
    defined: Path
    title: str
    file: Path | None = None
    hub: Hub | None = None
    sample: Path | None = None
    licence: str = ""
    elsewhere: str = ""
    keep: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def shipped(self) -> bool:
        """Whether it is part of this package."""
        return self.function.__module__ == f"{__package__}.{self.name}"

    def left_out(self, meta: Mapping[str, str], aside: Collection[str] = ()) -> str:
        """Why `keep` leaves a problem out, in words; empty for one that is taken.

        `aside` are keys that somebody else decides.
        """
        for key, taken in self.keep.items():
            value = meta.get(key, "")
            if key not in aside and value not in taken:
                listed = ", ".join(one or "none" for one in taken)
                return f"{key} {value or 'unknown'} (taken: {listed})"
        return ""


_registered: dict[str, Seed] = {}


def seed(
    name: str,
    *,
    environments: str | Sequence[str],
    source: str | Path = "",
    hub: Hub | str | None = None,
    licence: str = "",
    elsewhere: str = "",
    keep: Mapping[str, Sequence[str]] | None = None,
) -> Callable[[F], F]:
    """Decorator: register a row function under `name`.

    `source` is a local file, relative to the file of the function; `hub` a dataset repository.
    `elsewhere` and `keep` are those of `Seed`. A `samples/<name>.jsonl` beside the function's
    file serves when the hub can't be reached.
    Raises `PluginError` where another function has the name.
    """

    def register(function: F) -> F:
        defined = Path(function.__code__.co_filename).resolve()
        sample = defined.parent / "samples" / f"{name}.jsonl"
        _add(
            Seed(
                name=name,
                environments=(
                    (environments,) if isinstance(environments, str) else tuple(environments)
                ),
                function=function,
                defined=defined,
                title=(function.__doc__ or "").strip().partition("\n")[0],
                file=defined.parent / source if source else None,
                hub=Hub(hub) if isinstance(hub, str) else hub,
                sample=sample if sample.is_file() else None,
                licence=licence,
                elsewhere=elsewhere,
                keep={key: tuple(values) for key, values in (keep or {}).items()},
            )
        )
        return function

    return register


def seeds() -> tuple[str, ...]:
    """Names of the shipped, the installed and the registered ones, sorted; imports nothing."""
    installed = {point.name for point in entry_points(group=GROUP)}
    return tuple(sorted(_shipped() | installed | _registered.keys()))


def named(names: str) -> tuple[str, ...]:
    """The datasets of `math`, `math,gsm8k` or `all`, each once, in that order.

    Raises `UnknownName` where no name is given; whether they exist is for `load_seed` to say.
    """
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise unknown("seed dataset", names, (*seeds(), "all"))
    listed = (one for name in wanted for one in (ALL if name == "all" else (name,)))
    return tuple(dict.fromkeys(listed))


def load_seed(name: str) -> Seed:
    """The seed of that name. Raises `UnknownName`, or `PluginError` for a package that raises
    at import, registers another name, or takes one that exists."""
    points = [point for point in entry_points(group=GROUP) if point.name == name]
    owners = [f"package {point.dist.name if point.dist else point.value}" for point in points]
    if name in _shipped():
        owners.append("ultrainteract")
    if len(owners) > 1:
        raise PluginError(f"seed dataset {name!r} has several owners: {', '.join(owners)}")
    if name not in _registered:
        if not owners:
            raise unknown("seed dataset", name, seeds())
        for point in points:
            with foreign(f"entry point {name!r} of {owners[0]}"):
                point.load()
        if not points:
            importlib.import_module(f"{__package__}.{name}")
    if name not in _registered:
        raise PluginError(f"{owners[0]} registers no seed {name!r}, as its entry point promises")
    return _registered[name]


@cache
def _shipped() -> frozenset[str]:
    # Every shipped seed has a sample; other modules of this folder have none.
    return frozenset(path.stem for path in _SAMPLES.glob("*.jsonl"))


def _add(new: Seed) -> None:
    old = _registered.get(new.name)
    place = old.defined if old else _SAMPLES.parent / f"{new.name}.py"
    taken = old is not None or new.name in _shipped()
    if taken and not new.shipped and (old is None or _identity(old) != _identity(new)):
        raise PluginError(
            f"seed dataset {new.name!r} is registered twice: in {place} and in {new.defined}; "
            "give one of them another name"
        )
    _registered[new.name] = new


def _identity(one: Seed) -> tuple[Path, str]:
    return one.defined, one.function.__qualname__


def as_text(value: object, what: str) -> str:
    """Text and numbers as stripped text, None as an empty one. Raises `Skip` for the rest."""
    match value:
        case None:
            return ""
        case str():
            return value.strip()
        case float() if not isfinite(value):
            raise Skip(f"{what} is no finite number")
        case int() | float() if not isinstance(value, bool):
            return digits(value, what)
        case _:
            raise Skip(f"{what} is of type {type(value).__name__}, not text")


def digits(value: float, what: str) -> str:
    """A number as Python writes it. Skips an integer that it would not write."""
    if abs(value) >= _TOO_LONG:
        raise Skip(f"{what} is a number of more than {DIGITS} digits")
    return str(value)
