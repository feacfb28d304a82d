"""Test sets in the shapes they come in."""

import gzip
import json
from pathlib import Path

import pytest

from ultrainteract.errors import SeedError
from ultrainteract.seeds.hub import Unreachable
from ultrainteract.select import Rule, read_benchmark

EVAL = Path(__file__).parents[2] / "../shared/data/eval"
# Items of each collected file, and words of its first one.
COLLECTED = {
    "asdiv.json": (2063, "A delivery driver had to make 3 stops"),
    "gsm8k_test.jsonl": (1319, "ducks lay 16 eggs per day"),
    "humaneval.jsonl.gz": (164, "has_close_elements"),
    "leetcode_eurus.json": (180, "You are given a string word"),
    "math500_prime_eurus_cleaned.json": (500, "what is the value of $x$?"),
    "math_test_tora.jsonl": (5000, "How many vertical asymptotes"),
    "mbpp_eurus.json": (399, "shared elements"),
    "svamp.json": (1000, "How much do you have to pay to buy each pack?"),
    "theoremqa.json": (800, "How many ways are there to divide"),
}


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize(
    "content",
    [
        [{"question": "one?"}, {"question": "two?"}],
        '{"question": "one?"}\n{"question": "two?"}\n',
        {"question": {"0": "one?", "1": "two?"}, "answer": {"0": 1, "1": 2}},
        {"Source": "x", "Instances": [{"Input": "one?"}, {"Input": "two?"}]},
        {"17": {"question": "one?"}, "b": {"question": "two?"}},
        [{"Body": "one", "Question": "?"}, {"Body": "two", "Question": "?"}],
    ],
)
def test_items_come_out_of_every_shape(tmp_path: Path, content: object) -> None:
    made = read_benchmark(write(tmp_path, "set.json", content), environments=["math_pot"])
    assert [one.text.replace(" ", "") for one in made.items] == ["one?", "two?"]
    assert (made.name, made.rule, made.environments) == ("set", Rule.EIGHT_GRAM, ("math_pot",))


def test_leetcode_is_compared_by_substring_and_without_its_examples(tmp_path: Path) -> None:
    row = {"task_id": "w-1", "prompt": "x", "prompt_sft": "Count them.\n\nExample 1:\n\nInput: 3"}
    made = read_benchmark(write(tmp_path, "leetcode.json", [row]))
    assert (made.rule, made.items[0].id, made.items[0].text) == (
        Rule.SUBSTRING,
        "w-1",
        "Count them.",
    )


def test_programming_items_have_the_signature_of_their_entry_point(tmp_path: Path) -> None:
    row = {
        "task_id": "H/0",
        "prompt": "def helper_of_all(things):\n    pass\n\ndef longest_prefix(words: list):\n",
        "entry_point": "longest_prefix",
    }
    path = tmp_path / "h.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(row).encode()))
    assert read_benchmark(path).items[0].signatures == ("longest_prefix(words)",)


def test_unusual_field_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", [{"stem": "one?"}])
    with pytest.raises(SeedError, match="no text in its 1 rows, whose fields are: stem"):
        read_benchmark(path)
    assert read_benchmark(path, field="stem").items[0].text == "one?"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"question": "a"}\n{broken\n', "not valid JSON"),
        ({"a": 1, "b": {"c": 2}}, "its fields a, b are no rows"),
        ("[", "nothing of it can be read"),
    ],
)
def test_unreadable_file_is_a_seed_error(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(SeedError, match=message):
        read_benchmark(write(tmp_path, "a.json", content))


def test_missing_file_says_what_is_there(tmp_path: Path) -> None:
    write(tmp_path, "there.json", [])
    with pytest.raises(SeedError, match=r"no file .*there\.json"):
        read_benchmark(tmp_path / "absent.json")


def test_repository_that_cannot_be_reached_is_a_seed_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreachable(*_: object) -> None:
        raise Unreachable("no network")

    monkeypatch.setattr("ultrainteract.select.benchmarks.fetch", unreachable)
    with pytest.raises(SeedError, match=r"test set owner/name: cannot reach the hub; name a file"):
        read_benchmark("owner/name")


@pytest.mark.skipif(not EVAL.is_dir(), reason="no shared data")
@pytest.mark.parametrize("name", COLLECTED)
def test_collected_test_sets_are_read_whole(name: str) -> None:
    count, first = COLLECTED[name]
    made = read_benchmark(EVAL / name)
    assert len(made.items) == count
    assert first in made.items[0].text
    assert len({one.id for one in made.items}) > 0.9 * count
