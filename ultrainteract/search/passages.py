"""A local index over a problem's own passages, ranked by BM25 (Robertson and Zaragoza, 2009)."""

import json
import math
import re
from collections import Counter
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+")
_K1, _B = 1.5, 0.75
_TITLE = 3
NOTHING = "No article found. Try another query."


@dataclass(frozen=True, slots=True)
class Passage:
    """An article's title and the text that is known of it."""

    title: str
    text: str


def read_passages(context: str) -> tuple[Passage, ...]:
    """The passages of `meta["context"]`: a JSON list of [title, [sentences]]; empty for none."""
    return tuple(
        Passage(title, " ".join(sentence.strip() for sentence in sentences))
        for title, sentences in json.loads(context or "[]")
    )


def search_passages(query: str, passages: tuple[Passage, ...], results: int) -> str:
    """The best passages with a word of the query, best first, as text."""
    documents = [_words(passage.title) * _TITLE + _words(passage.text) for passage in passages]
    scores = [_score(set(_words(query)), document, documents) for document in documents]
    ranked = sorted(range(len(passages)), key=lambda place: (-scores[place], place))
    found = [passages[place] for place in ranked[:results] if scores[place] > 0]
    return "\n\n".join(f"{one.title}: {one.text}" for one in found) or NOTHING


def _score(query: set[str], document: list[str], documents: list[list[str]]) -> float:
    counts = Counter(document)
    mean = sum(map(len, documents)) / len(documents)
    total = 0.0
    # Sorted: sums of floats depend on their order, that of a set on the process.
    for word in sorted(query & counts.keys()):
        having = sum(word in other for other in documents)
        rarity = math.log(1 + (len(documents) - having + 0.5) / (having + 0.5))
        weight = counts[word] + _K1 * (1 - _B + _B * len(document) / mean)
        total += rarity * counts[word] * (_K1 + 1) / weight
    return total


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
