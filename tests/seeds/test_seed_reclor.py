"""ReClor rows, and a truth table for every bundled argument."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import pytest

from tests.seeds.native import accounted, natives
from ultrainteract.seeds import Row, Skip, load
from ultrainteract.seeds.reclor import reclor
from ultrainteract.types import Problem


@dataclass(frozen=True)
class Argument:
    """A bundled problem in symbols: `<=` between truth values reads `implies`."""

    names: str
    premises: str
    options: tuple[str, str, str, str]

    def worlds(self) -> Iterator[dict[str, bool]]:
        """Every way the world can be if the statements are true."""
        names = self.names.split()
        for values in product((False, True), repeat=len(names)):
            world = dict(zip(names, values, strict=True))
            if eval(self.premises, {}, world):
                yield world

    def outcomes(self, option: str) -> set[bool]:
        """{True}: it must be so; {False}: it cannot be; both: it may be."""
        return {bool(eval(option, {}, world)) for world in self.worlds()}


def argue(names: str, premises: str, *options: str) -> Argument:
    first, second, third, fourth = options
    return Argument(names, premises, (first, second, third, fourth))


# What an option says beyond the statements is a name of its own (`other`).
ARGUMENTS: Mapping[str, Argument] = {
    "Whenever the ferry": argue(
        "ferry post paper other",
        "(ferry <= post) and (post <= paper) and not paper",
        "post", "ferry", "not ferry", "other",
    ),
    "The choir sings": argue(
        "sings heated pays",
        "(sings <= heated) and (heated <= pays) and not pays",
        "not sings", "sings and not heated", "heated", "sings and pays",
    ),
    "Either the gardener": argue(
        "gardener cook dog other",
        "(gardener != cook) and (gardener <= dog) and not dog",
        "gardener", "not gardener and not cook", "other", "cook",
    ),
    "If the bakery": argue(
        "rye oven smoke wheat",
        "(rye <= oven) and (oven <= smoke) and rye",
        "oven", "smoke", "wheat", "rye or not smoke",
    ),
    "A member of the sailing": argue(
        "race swims paid",
        "(race <= (swims and paid)) and not paid",
        "swims", "race", "not race", "not swims",
    ),
    "The museum shows": argue(
        "map globe closed",
        "(map or globe) and (map <= closed) and (globe <= closed)",
        "map and globe", "globe", "closed", "map and not closed",
    ),
    "If Tomas grows": argue(
        "beans corn hens",
        "(beans <= (not corn)) and ((not corn) <= (not hens)) and hens",
        "beans", "beans and corn", "not corn", "corn and not beans",
    ),
    "The lighthouse": argue(
        "manned broken boat",
        "(manned == broken) and (broken <= boat) and not boat",
        "not manned", "broken", "manned and not broken", "(not manned) and boat",
    ),
    "Unless the bridge": argue(
        "repaired long late other",
        "((not repaired) <= long) and (long <= late) and not late",
        "long", "not repaired", "repaired", "other",
    ),
    "If the judge is fair": argue(
        "fair wins baked other",
        "(fair <= wins) and ((not wins) or baked) and not baked",
        "other", "not fair", "wins", "fair and not baked",
    ),
    "The school buys": argue(
        "kiln tickets donor",
        "((tickets or donor) <= kiln) and not kiln",
        "donor", "tickets and not donor", "not tickets and not donor", "tickets or donor",
    ),
    "If the alarm rings": argue(
        "alarm guard cat other",
        "(alarm <= (guard or cat)) and alarm and not guard",
        "cat", "not cat", "other", "guard and cat",
    ),
    "If the clock is wrong": argue(
        "wrong late seems power",
        "(wrong <= seems) and (late <= seems) and seems and ((not power) <= (not wrong)) "
        "and not power",
        "late", "wrong", "not late", "not power and seems",
    ),
    "Vera plays": argue(
        "flute drum complain",
        "(flute != drum) and (drum <= complain) and (flute <= (not complain)) and complain",
        "drum", "not flute", "not complain or drum", "flute or not complain",
    ),
    "No glass": argue(
        "leaks glass dry",
        "(leaks <= (not glass)) and ((not leaks) <= dry) and not dry",
        "glass", "not glass", "not leaks", "dry or not leaks",
    ),
    "If Bruno takes": argue(
        "train drives reads sings",
        "(train <= reads) and (drives <= sings) and (train or drives) and not sings",
        "drives", "not reads and not sings", "reads", "not train",
    ),
    "The well is deep": argue(
        "deep hard willow",
        "(deep <= hard) and (hard <= (not willow)) and willow",
        "not hard", "not deep", "willow and not hard", "deep",
    ),
    "If both the mayor": argue(
        "mayor priest late",
        "((mayor and priest) <= late) and not late and mayor",
        "not priest", "priest", "late", "not mayor and not priest",
    ),
    "A letter is answered": argue(
        "stamped signed answered other",
        "((stamped and signed) <= answered) and signed and not answered",
        "stamped", "not stamped", "not stamped and not signed", "other",
    ),
    "If the lake freezes": argue(
        "lake skate cocoa helper warm",
        "(lake <= skate) and (skate <= cocoa) and (cocoa <= helper) and not helper",
        "not cocoa", "not lake", "not skate", "warm",
    ),
    "The painter": argue(
        "blue green white yellow",
        "(blue or green) and (blue <= white) and (green <= yellow) and not yellow",
        "white", "green", "not blue", "not white and not blue",
    ),
    "If the mill turns": argue(
        "turns wind pushed",
        "(turns <= (wind or pushed)) and not wind and turns",
        "not pushed", "wind", "pushed", "turns <= wind",
    ),
}  # fmt: skip


def bundled() -> tuple[Problem, ...]:
    return load("reclor", source="sample").problems


def test_every_bundled_problem_has_its_own_argument() -> None:
    openings = [
        [start for start in ARGUMENTS if problem.statement.startswith(start)]
        for problem in bundled()
    ]
    assert all(len(found) == 1 for found in openings)
    assert sorted(start for found in openings for start in found) == sorted(ARGUMENTS)


@pytest.mark.parametrize("start", ARGUMENTS)
def test_exactly_the_gold_option_is_right_in_every_world(start: str) -> None:
    problem = next(one for one in bundled() if one.statement.startswith(start))
    argument = ARGUMENTS[start]
    outcomes = [argument.outcomes(option) for option in argument.options]
    assert all(outcomes), "the statements contradict each other"
    if "contradicts" in problem.statement:
        right = [one == {False} for one in outcomes]
    elif "EXCEPT" in problem.statement:
        right = [one != {True} for one in outcomes]
    else:
        right = [one == {True} for one in outcomes]
    assert right.count(True) == 1, outcomes
    assert problem.reference.answer == "ABCD"[right.index(True)]


ROW: Mapping[str, object] = {
    "context": "c",
    "question": "All of these EXCEPT:",
    "answers": ["w", "x", "y", "z"],
    "label": 2,
    "id_string": "train_7",
}


def test_a_row_becomes_a_lettered_choice() -> None:
    question = reclor(Row(ROW))
    assert question.statement == "c\n\nAll of these EXCEPT:\n\nA) w\nB) x\nC) y\nD) z"
    assert (question.answer, question.id, question.meta["kind"]) == ("C", "train_7", "choice")
    assert json.loads(question.meta["options"]) == ["w", "x", "y", "z"]


@pytest.mark.parametrize("label", [2, "2", " 2 "])
def test_the_label_may_be_text(label: object) -> None:
    assert reclor(Row({**ROW, "label": label})).answer == "C"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"label": None}, "label is no place of an answer: ''"),
        ({"label": -1}, "label is no place of an answer"),
        ({"label": 4}, "the right option is none of those listed"),
        ({"label": True}, "label is of type bool"),
        ({"answers": ["only"]}, "1 options"),
        ({"answers": ["w", ""]}, "an empty option"),
        ({"answers": {"a": "w"}}, "answers is of type dict, not a list"),
        ({"answers": [["w"], "x"]}, "item of answers is of type list"),
        ({"context": ""}, "empty field context"),
    ],
)
def test_a_row_without_a_right_option_is_skipped(change: dict[str, object], reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        reclor(Row({**ROW, **change}))


@natives("reclor")
def test_every_native_row_loads_or_is_skipped_for_a_reason(path: Path) -> None:
    accounted("reclor", path, {"context", "question", "answers", "label"})
