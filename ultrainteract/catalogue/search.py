"""What a list of trees is narrowed to, and how the index is asked for it.

The words of a tree and what holds of it stand in one full-text index: of every action each
combination of turn, verdict, model and failure is a term, so that any filter is a merge of lists.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from itertools import combinations
from typing import Self

# A quoted phrase, or a word; a star at its end asks for what begins so.
_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')


@dataclass(frozen=True, slots=True)
class Search:
    """Filters; empty ones let everything through. `turn`, `verdict`, `model` and `failure` hold of
    one action together; `text` is words that all stand somewhere in the tree."""

    text: str = ""
    dataset: str = ""
    environment: str = ""
    state: str = ""
    turn: str = ""
    verdict: str = ""
    model: str = ""
    failure: str = ""
    mark: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Self:
        """Out of a query string; what it does not know is passed over."""
        names = {one.name for one in fields(cls)}
        return cls(**{key: value.strip() for key, value in given.items() if key in names})

    def given(self) -> dict[str, str]:
        """The filters that are set."""
        pairs = ((one.name, getattr(self, one.name)) for one in fields(self))
        return {name: value for name, value in pairs if value}

    def terms(self) -> tuple[str, ...]:
        """The words and phrases of `text` that can be looked for."""
        found = (phrase or word for phrase, word in _TERM.findall(self.text))
        return tuple(one for one in found if any(letter.isalnum() for letter in one))

    def match(self) -> str:
        """An FTS5 expression; empty where nothing is asked of the index."""
        asked = [f"facets : {one}" for one in self._tokens()]
        asked += [f"body : {_quoted(term)}" for term in self.terms()]
        return " AND ".join(asked)

    def _tokens(self) -> Iterator[str]:
        own = {key: getattr(self, key) for key in ("turn", "verdict", "model", "failure")}
        if held := {key: value for key, value in own.items() if value}:
            yield token(held)
        for key in ("dataset", "environment", "state"):
            if value := getattr(self, key):
                yield token({key: value})


@dataclass(frozen=True, slots=True)
class Held:
    """What holds of a tree, and of its actions each: what `Search` asks for."""

    tree: Mapping[str, str]
    actions: Iterable[Mapping[str, str]] = field(default=())

    def tokens(self) -> set[str]:
        """The terms of the index."""
        own = {token({key: value}) for key, value in self.tree.items()}
        for action in {tuple(sorted(one.items())) for one in self.actions}:
            own |= _subsets(action)
        return own


@lru_cache(maxsize=4096)
def _subsets(action: tuple[tuple[str, str], ...]) -> frozenset[str]:
    held = [pair for pair in action if pair[1]]
    sizes = range(1, len(held) + 1)
    return frozenset(token(dict(some)) for size in sizes for some in combinations(held, size))


def token(held: Mapping[str, str]) -> str:
    """One term for a combination: letters and digits alone, whatever its values hold."""
    text = "\n".join(f"{key}={value}" for key, value in sorted(held.items()))
    return f"t{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=7).hexdigest()}"


def _quoted(term: str) -> str:
    star = "*" if term.endswith("*") and len(term) > 2 else ""  # noqa: PLR2004
    return f'"{term.removesuffix("*")}"{star}'
