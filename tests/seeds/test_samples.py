"""Bundled samples are written for this project: no run of 13 words is shared with real data."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ultrainteract.seeds import load, registry

DATA = Path(__file__).parents[2] / "../shared/data"
SPACE = re.compile(r"\s*")
FILES = [
    path
    for folder in ("seeds", "eval")
    for path in sorted((DATA / folder).rglob("*"))
    if path.suffix in {".json", ".jsonl", ".gz"}
]


def grams(text: str) -> Iterator[str]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return (" ".join(words[start : start + 13]) for start in range(len(words) - 12))


def strings(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            yield from (text for inner in value.values() for text in strings(inner))
        case list():
            yield from (text for inner in value for text in strings(inner))


def texts(path: Path) -> Iterator[str]:
    """Every string of a file of JSON documents, one or many."""
    raw = path.read_bytes()
    content = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode().strip()
    position = 0
    while position < len(content):
        value, position = json.JSONDecoder().raw_decode(content, position)
        yield from strings(value)
        position = SPACE.match(content, position).end()  # type: ignore[union-attr]


def bundled() -> dict[str, str]:
    return {
        gram: problem.statement
        for name in sorted(registry._shipped())
        for problem in load(name, source="sample").problems
        for gram in grams(problem.statement)
    }


def test_a_shared_run_of_words_would_be_found() -> None:
    gram, statement = next(iter(bundled().items()))
    assert statement in {
        bundled()[found] for found in grams(f"Before. {gram} after") if found in bundled()
    }


@pytest.mark.skipif(not FILES, reason="no shared data")
def test_no_bundled_problem_shares_thirteen_words_with_real_data() -> None:
    ours = bundled()
    shared = {
        (path.name, ours[gram])
        for path in FILES
        for text in texts(path)
        for gram in grams(text)
        if gram in ours
    }
    assert shared == set()
