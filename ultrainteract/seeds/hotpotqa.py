"""HotpotQA: questions over two articles, to be found by searching (arXiv 1809.09600).

The articles are kept out of the statement, as the paper does; `meta["context"]` holds them for a
local search, as a JSON list of [title, [sentences]], and `meta["supporting"]` the ones that
matter, as [title, sentence from 0].
"""

import json
from collections.abc import Sequence

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, as_text, seed


@seed(
    "hotpotqa",
    environments="logic_search",
    hub=Hub("hotpotqa/hotpot_qa", files=("distractor/train-*.parquet",)),
    licence="cc-by-sa-4.0",
)
def hotpotqa(row: Row) -> Question:
    """Questions over two articles: question, answer, context, supporting_facts, type, level."""
    question, answer = row.text("question"), row.text("answer")
    context = [
        (_title(title), _sentences(sentences))
        for title, sentences in _pairs(row, "context", "title", "sentences")
    ]
    if not context:
        raise Skip("empty field context")
    # Numbers beyond the last sentence of an article occur; they are for people and critics only.
    supporting = [
        (_title(title), as_text(place, "place of a sentence"))
        for title, place in _pairs(row, "supporting_facts", "title", "sent_id")
    ]
    return Question(
        question,
        answer=answer,
        id=row.optional("id") or row.optional("_id"),
        meta={
            "kind": "yes_no" if answer.lower() in ("yes", "no") else "hotpotqa",
            "type": row.optional("type"),
            "level": row.optional("level"),
            "context": json.dumps(context, ensure_ascii=False),
            "supporting": json.dumps(supporting, ensure_ascii=False),
        },
    )


def _pairs(row: Row, key: str, first: str, second: str) -> list[tuple[object, object]]:
    """The two shapes as one: a dict of two lists, or a list of pairs or of dicts."""
    match row[key]:
        case {**lists} if first in lists and second in lists:
            left, right = lists[first], lists[second]
            if not isinstance(left, list) or not isinstance(right, list):
                raise Skip(f"{key} holds no lists")
            if len(left) != len(right):
                raise Skip(f"{key} has lists of different lengths")
            return list(zip(left, right, strict=True))
        case list(items):
            return [_pair(item, key, first, second) for item in items]
        case _:
            raise Skip(f"{key} is neither lists by name nor a list of pairs")


def _pair(item: object, key: str, first: str, second: str) -> tuple[object, object]:
    match item:
        case {**fields} if first in fields and second in fields:
            return fields[first], fields[second]
        case [left, right]:
            return left, right
        case _:
            raise Skip(f"{key} holds something else than pairs")


def _title(value: object) -> str:
    return as_text(value, "title of an article")


def _sentences(value: object) -> Sequence[str]:
    if not isinstance(value, list):
        raise Skip("the sentences of an article are no list")
    return [as_text(sentence, "sentence of an article") for sentence in value]
