"""A user's file: at most 15 lines for a dataset; what it raises names its line."""

import json
from pathlib import Path

import pytest

from ultrainteract.errors import PluginError
from ultrainteract.seeds import load, load_plugin, registry

MINE = '''\
from ultrainteract.seeds import Question, seed


@seed("mine", environments="math_pot", source="data/mine.jsonl")
def mine(row):
    """My own problems."""
    return Question(row["q"], answer=row["a"], rationale=row.get("why", ""))
'''


def plugin(folder: Path, text: str, rows: list[object]) -> Path:
    (folder / "data").mkdir()
    (folder / "data/mine.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = folder / "my_seeds.py"
    path.write_text(text)
    return path


def test_own_dataset_takes_fifteen_lines_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(MINE.splitlines()) <= 15
    rows: list[object] = [{"q": "1 + 1?", "a": 2, "why": "count"}, {"q": "2 + 2?", "a": "4"}]
    path = plugin(tmp_path, MINE, rows)
    monkeypatch.chdir("/")
    load_plugin(path)
    loaded = load("mine")
    assert [problem.reference.answer for problem in loaded.problems] == ["2", "4"]
    assert [problem.reference.rationale for problem in loaded.problems] == ["count", ""]
    assert loaded.problems[0].environments == ("math_pot",)
    assert (loaded.provenance.kind, loaded.provenance.id) == ("file", "mine.jsonl")


def test_loading_twice_changes_nothing(tmp_path: Path) -> None:
    path = plugin(tmp_path, MINE, [])
    load_plugin(path)
    first = registry._registered["mine"]
    load_plugin(path)
    assert registry._registered["mine"] is first


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("import json\n\njson.loads('{')\n", r"my_seeds\.py:3: JSONDecodeError: "),
        ("def f(:\n    pass\n", r"my_seeds\.py:1: SyntaxError: "),
        ("import no_such_module_here\n", r"my_seeds\.py:1: ModuleNotFoundError: No module"),
        ("raise SystemExit(3)\n", r"my_seeds\.py:1: SystemExit: 3"),
    ],
)
def test_plugin_that_raises_is_named_with_its_own_line(
    tmp_path: Path, text: str, place: str
) -> None:
    path = plugin(tmp_path, text, [])
    for _ in range(2):
        with pytest.raises(PluginError, match=place):
            load_plugin(path)


@pytest.mark.parametrize("name", ["absent.py", "data/mine.jsonl"])
def test_file_that_is_no_plugin_is_refused(tmp_path: Path, name: str) -> None:
    plugin(tmp_path, MINE, [])
    with pytest.raises(PluginError, match=r"no plugin file .*; a plugin is an existing \.py file"):
        load_plugin(tmp_path / name)


def test_row_function_that_raises_names_row_and_line(tmp_path: Path) -> None:
    text = MINE.replace('answer=row["a"]', 'answer=int(row["a"])')
    load_plugin(plugin(tmp_path, text, [{"q": "1?", "a": "1"}, {"q": "2?", "a": "two"}]))
    with pytest.raises(PluginError, match=r"'mine', .*mine\.jsonl line 2: .*my_seeds\.py:7: Value"):
        load("mine")


def test_row_function_that_returns_no_question_is_told(tmp_path: Path) -> None:
    text = MINE.replace("return Question", "Question")
    load_plugin(plugin(tmp_path, text, [{"q": "1?", "a": "1"}]))
    with pytest.raises(PluginError, match="returned NoneType, not a Question"):
        load("mine")
