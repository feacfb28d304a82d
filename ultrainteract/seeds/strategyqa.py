"""StrategyQA: yes or no, by a strategy that the question does not say (arXiv 2101.02235).

The annotators' facts are kept out of the statement; with the term's description they are the
passage of a local search.
"""

import json

from ultrainteract.seeds.registry import Hub, Question, Row, Skip, seed

_ANSWERS = {"yes": "yes", "true": "yes", "no": "no", "false": "no"}


@seed(
    "strategyqa",
    environments="logic_search",
    hub=Hub("tasksource/strategy-qa", files=("strategyQA_train.json",)),
    licence="mit",
)
def strategyqa(row: Row) -> Question:
    """Yes-or-no questions to be searched for: question, answer (a bool), facts, decomposition."""
    question, answer = row.text("question"), row["answer"]
    said = str(answer).strip().lower() if isinstance(answer, bool | str) else ""
    if said not in _ANSWERS:
        raise Skip("answer is neither yes nor no")
    facts = _texts(row, "facts")
    term, description = row.optional("term"), row.optional("description")
    passage = [text for text in (description, *facts) if text]
    meta = {
        "term": term,
        "facts": json.dumps(facts, ensure_ascii=False),
        "decomposition": json.dumps(_texts(row, "decomposition"), ensure_ascii=False),
        "context": json.dumps([[term or question, passage]] if passage else [], ensure_ascii=False),
    }
    return Question(
        question, answer=_ANSWERS[said], id=row.optional("qid"), meta={"kind": "yes_no", **meta}
    )


def _texts(row: Row, key: str) -> tuple[str, ...]:
    # One copy of the dataset holds the facts as one text.
    match row.get(key):
        case None:
            return ()
        case str() as text:
            return (text.strip(),) if text.strip() else ()
        case _:
            return row.texts(key)
