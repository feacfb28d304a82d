"""WikiTableQuestions rows; every bundled answer is computed from its table."""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.wikitablequestions import wikitablequestions
from ultrainteract.types import Problem

SHARED = Path(__file__).parents[2] / "../shared/data/seeds/wikitablequestions"
Record = Mapping[str, str]
Records = list[Record]
TABLE = {"header": ["A"], "rows": [["1"]], "name": "csv/1-csv/1.tsv"}


def number(text: str) -> float:
    return float("".join(sign for sign in text if sign.isdigit() or sign == "."))


def seconds(text: str) -> float:
    minutes, rest = text.split(":")
    return 60 * int(minutes) + int(rest)


def top(records: Records, column: str, of: Callable[[str], float] = number) -> Record:
    return max((one for one in records if one[column]), key=lambda one: of(one[column]))


def one_of(records: Records, column: str, value: str) -> Record:
    (found,) = [one for one in records if one[column] == value]
    return found


def unbeaten(games: Records) -> list[str]:
    won, lost = set(), set()
    for game in games:
        players = (game["White"], game["Black"])
        if game["Score"] in ("1-0", "0-1"):
            winner = players[game["Score"] == "0-1"]
            won.add(winner)
            lost.update(set(players) - {winner})
    return sorted(won - lost)


# Each computes the answer from the table's records alone.
PROOFS: Mapping[str, Callable[[Records], object]] = {
    "which lake has the largest": lambda t: top(t, "Area (km2)")["Lake"],
    "how many lakes freeze": lambda t: sum(one["Frozen in winter"] == "yes" for one in t),
    "what are the names of the lakes": lambda t: [
        one["Lake"] for one in t if number(one["Deepest point (m)"]) > 60
    ],
    "how many more boats": lambda t: (
        number(one_of(t, "Lake", "Lake Istra")["Boats"])
        - number(one_of(t, "Lake", "Sandsee")["Boats"])
    ),
    "in which hall was the first": lambda t: next(
        one["Hall"] for one in t if one["Result"] != "sold out"
    ),
    "how many concerts were sold": lambda t: sum(one["Result"] == "sold out" for one in t),
    "which hall was used only": lambda t: [
        hall
        for hall in dict.fromkeys(one["Hall"] for one in t)
        if {one["Concert"] for one in t if one["Hall"] == hall} == {"Autumn"}
    ],
    "how many tickets stayed": lambda t: next(
        number(one["Tickets"]) - number(one["Tickets.1"])
        for one in t
        if (one["Season"], one["Concert"]) == ("1999", "Spring")
    ),
    "who was faster on stage 2": lambda t: min(
        ("Luc Ferrand", "Pia Solheim"),
        key=lambda name: seconds(one_of(t, "Driver", name)["Stage 2"]),
    ),
    "who won the first stage": lambda t: top(t, "Stage 1", lambda text: -seconds(text))["Driver"],
    "which drivers did not": lambda t: [one["Driver"] for one in t if one["Retired after"]],
    "what car did the driver": lambda t: top(t, "Stage 1", seconds)["Car"],
    "which bread has been sold": lambda t: min(t, key=lambda one: int(one["Since"][-4:]))["Bread"],
    "when did the bakery begin": lambda t: one_of(t, "Bread", "Black Ring")["Since"],
    "how many breads can be": lambda t: sum(
        one["Days sold"] == "daily" or "Sat" in one["Days sold"].split("|") for one in t
    ),
    "what is the price": lambda t: top(t, "Price")["Price"],
    "what bridge was opened": lambda t: min(
        (one for one in t if int(one["Opened"]) > 1934), key=lambda one: int(one["Opened"])
    )["Bridge"],
    "how many bridges cross": lambda t: sum(one["Crosses"] == "River Ouzel" for one in t),
    "which types are there": lambda t: [
        kind for kind, count in Counter(one["Type"] for one in t).items() if count > 1
    ],
    "how many years lie": lambda t: (
        max(int(one["Opened"]) for one in t) - min(int(one["Opened"]) for one in t)
    ),
    "is the tarn crossing": lambda t: (
        "yes"
        if number(one_of(t, "Bridge", "Tarn Crossing")["Length"])
        > number(one_of(t, "Bridge", "Corrie Viaduct")["Length"])
        else "no"
    ),
    "how many games were": lambda t: sum("½" in one["Score"] for one in t),
    "which player never lost": unbeaten,
    "who had white": lambda t: top(t, "Moves")["White"],
}


def bundled() -> tuple[Problem, ...]:
    return load("wikitablequestions", source="sample").problems


def records(problem: Problem) -> Records:
    table = json.loads(problem.meta["table"])
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def row(**changes: object) -> Row:
    return Row({"id": "nt-1", "question": "q?", "answers": ["1"], "table": TABLE, **changes})


def test_every_bundled_question_has_its_own_proof() -> None:
    found = [[start for start in PROOFS if one.statement.startswith(start)] for one in bundled()]
    assert all(len(starts) == 1 for starts in found)
    assert sorted(starts[0] for starts in found) == sorted(PROOFS)
    assert len(found) >= 20


@pytest.mark.parametrize("start", PROOFS)
def test_bundled_answer_is_computed_from_its_table(start: str) -> None:
    problem = next(one for one in bundled() if one.statement.startswith(start))
    proved = PROOFS[start](records(problem))
    values = proved if isinstance(proved, list) else [proved]
    texts = [f"{one:g}" if isinstance(one, int | float) else str(one) for one in values]
    answers = json.loads(problem.meta["answers"])
    assert sorted(texts) == sorted(answers)
    assert problem.reference.answer == "|".join(answers)


def test_escapes_become_what_they_stand_for() -> None:
    table = {"header": ["A\\nB", "A B"], "rows": [["one\\ntwo", "x\\py\\\\z"]]}
    question = wikitablequestions(row(table=table))
    assert json.loads(question.meta["table"]) == {
        "columns": ["A B", "A B.1"],
        "rows": [["one  two", "x|y\\z"]],
    }
    assert "Table of 1 rows; two spaces in a cell stand for a line break:" in question.statement
    whole = wikitablequestions(row(question="a\\nb", answers=["c\\nd"]))
    assert whole.statement.startswith("a b\n\nTable of")
    assert whole.answer == "c d"
    assert "line break" not in whole.statement


def test_canonical_values_are_kept_where_each_answer_has_one() -> None:
    tagged = {"targetValue": "1,000|two", "targetCanon": "1000.0|two"}
    native = {"id": "nt-1", "question": "q?", "table": TABLE, **tagged}
    question = wikitablequestions(Row(native))
    assert json.loads(question.meta["canonical"]) == ["1000.0", "two"]
    assert question.answer == "1,000|two"
    assert "canonical" not in wikitablequestions(Row({**native, "targetCanon": "3"})).meta


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"id": "nu-12"}, "id of a test question"),
        ({"id": "ns-12"}, "id of a test question"),
        ({"answers": []}, "no answer"),
        ({"answers": [""]}, "no answer"),
        ({"answers": "1"}, "answers is of type str"),
        ({"table": {"header": [], "rows": []}}, "no header or no rows"),
        ({"table": {"header": ["A"], "rows": ["1"]}}, "a row that is no list"),
        ({"table": "csv"}, "table is of type str"),
    ],
)
def test_row_that_is_no_problem_is_skipped(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        wikitablequestions(row(**changes))


def test_missing_fields_are_named() -> None:
    for field in ("id", "question", "answers", "table"):
        native = row()
        del native[field]
        with pytest.raises(Skip, match=f"missing field {field}"):
            wikitablequestions(native)


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


HEADER = "id\tutterance\tcontext\ttargetValue\n"


@pytest.mark.parametrize("place", ["data/training.tsv", "training.tsv"])
def test_native_lines_find_their_tables(tmp_path: Path, place: str) -> None:
    write(tmp_path / "csv/204-csv/7.tsv", "Name\tPoints\nAnn\t3\nBo\\nB\t4\n")
    questions = write(tmp_path / place, HEADER + "nt-3\twho won?\tcsv/204-csv/7.csv\tBo B|Ann\n")
    (problem,) = load("wikitablequestions", source=questions).problems
    assert records(problem) == [
        {"Name": "Ann", "Points": "3"},
        {"Name": "Bo  B", "Points": "4"},
    ]
    assert problem.reference.answer == "Bo B|Ann"


@pytest.mark.parametrize("context", ["../../etc/passwd", "csv/1-csv/2.csv/../x", "csv/1-csv/2.csv"])
def test_table_that_is_not_there_skips_the_row(tmp_path: Path, context: str) -> None:
    questions = write(tmp_path / "a.tsv", HEADER + f"nt-3\twho?\t{context}\tAnn\n")
    loaded = load("wikitablequestions", source=questions, allow_empty=True)
    assert sum(loaded.skipped.values()) == 1


@natives("wikitablequestions")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    loaded = accounted("wikitablequestions", path, {"id", "question", "answers", "table"})
    assert max(len(one.statement) for one in loaded.problems) < 8000


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared data")
def test_both_native_forms_give_the_same_problems() -> None:
    rows = load("wikitablequestions", source=SHARED / "rows.jsonl").problems
    lines = load("wikitablequestions", source=SHARED / "rows_native.tsv").problems
    by_id = {one.native_id: one for one in lines}
    assert all(by_id[one.native_id] == one for one in rows)
