"""A layer is written once and whole, or not at all."""

from pathlib import Path

import pytest

from ultrainteract.errors import RunFolderError, UnknownName
from ultrainteract.layers.layer import Head, LayerWriter, Tail, place, read_layer
from ultrainteract.types import Claim, Judgement, Verdict
from ultrainteract.verify.regrade import Changed

HEAD = Head(grader="3", programs="p-2")
BEFORE = Verdict(Judgement.INCORRECT, "old", "2")
AFTER = Verdict(Judgement.CORRECT, "new", "3", "a\u2028b\nc", "d\x85e")
CHANGED = Changed("key", Claim("math", "1", "1"), BEFORE, AFTER)


def tail(changed: int) -> Tail:
    return Tail(claims=9, changed=changed, programs=0, faults=0, trees=0)


def written(run: Path, name: str = "x") -> Path:
    with LayerWriter(run, name, HEAD) as layer:
        layer.add("tree", CHANGED)
        layer.finish(tail(1))
    return layer.path


def test_what_was_written_is_read(tmp_path: Path) -> None:
    written(tmp_path)
    layer = read_layer(tmp_path, "x")
    assert layer.verdicts == {("tree", "key"): AFTER}
    assert (layer.head, layer.tail) == (HEAD, tail(1))


def test_its_name_tells_graders_counts_and_content(tmp_path: Path) -> None:
    written(tmp_path)
    written(tmp_path, "y")
    first, second = read_layer(tmp_path, "x"), read_layer(tmp_path, "y")
    assert str(first).startswith("x: verdicts of grader 3 and p-2, 1 of 9 changed, sha256:")
    assert first.sha256 == second.sha256


def test_a_layer_is_never_replaced(tmp_path: Path) -> None:
    before = written(tmp_path).read_bytes()
    with pytest.raises(RunFolderError, match="choose another --name"):
        LayerWriter(tmp_path, "x", HEAD)
    assert place(tmp_path, "x").read_bytes() == before


def break_off(run: Path) -> None:
    with LayerWriter(run, "x", HEAD) as layer:
        layer.add("tree", CHANGED)
        raise ZeroDivisionError


def test_what_was_not_finished_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        break_off(tmp_path)
    assert not list((tmp_path / "layers").iterdir())


@pytest.mark.parametrize("lines", [0, 1, 2])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, lines: int) -> None:
    path = written(tmp_path)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
    with pytest.raises(RunFolderError, match="not a whole one"):
        read_layer(tmp_path, "x")


def test_a_file_that_lacks_its_last_byte_or_a_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    text = path.read_bytes().decode()
    first, _, last = (line for line in text.split("\n") if line)
    for damaged in (text[:-1], f"{first}\n{last}\n", text.replace('"format":1', '"format":2')):
        path.write_bytes(damaged.encode())
        with pytest.raises(RunFolderError, match="not a whole one"):
            read_layer(tmp_path, "x")


def test_an_unknown_layer_is_told_with_those_there_are(tmp_path: Path) -> None:
    written(tmp_path, "grader-3")
    with pytest.raises(UnknownName, match="did you mean 'grader-3'"):
        read_layer(tmp_path, "grader-2")


@pytest.mark.parametrize("name", ["", "a/b", "..", ".x", "a\\b", "a\nb"])
def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunFolderError, match="no plain file name"):
        LayerWriter(tmp_path, name, HEAD)
