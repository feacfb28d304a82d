"""The card shows the run: its plots are files of the dataset, and time is in none of them."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from datasets import load_dataset

from tests.report.runs import HOSTILE, overview
from ultrainteract.dataset.about import About
from ultrainteract.dataset.gallery import FOLDER, hang
from ultrainteract.dataset.publish import publish
from ultrainteract.report.overview import Overview
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Spent, Usage

Plant = Callable[..., PreferenceTree]
SHOWN = {"turns", "pass-rate", "lengths", "failures", "looks", "tokens"}


def grown(plant: Plant, seconds: float, trees: int = 6) -> list[PreferenceTree]:
    found = [plant(["CII", "UCI"], native_id=str(place)) for place in range(trees)]
    for tree in found:
        tree.spent = {"small": Spent(3, Usage(900, 300), seconds)}
    return found


def held(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_every_plot_of_the_card_is_a_file_of_the_dataset(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grown(plant, 1.0), tmp_path / "out", about)
    card = (tmp_path / "out" / "README.md").read_text()
    referred = set(re.findall(r"^!\[.*\]\((.*)\)$", card, re.MULTILINE))
    assert referred == {f"{FOLDER}/{name}.png" for name in SHOWN}
    for name in referred:
        assert (tmp_path / "out" / name).read_bytes().startswith(b"\x89PNG")
    assert "![Pairs by turn: turn 1 6; turn 2 6.]" in card


def test_how_long_calls_took_makes_no_difference_to_a_dataset(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    for name, seconds in (("a", 1.0), ("b", 99.0)):
        publish(grown(plant, seconds), tmp_path / name, about)
    assert held(tmp_path / "a") == held(tmp_path / "b")


def test_plots_of_an_earlier_dataset_do_not_stay(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    publish(grown(plant, 1.0), tmp_path / "out", about)
    publish([], tmp_path / "out", about)
    assert not (tmp_path / "out" / FOLDER).exists()
    assert "## Plots" not in (tmp_path / "out" / "README.md").read_text()


def test_pictures_in_the_folder_are_no_rows(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grown(plant, 1.0), tmp_path / "out", about)
    rows = load_dataset(str(tmp_path / "out"), "preference", split="train")
    assert len(rows) == 12
    assert "image" not in rows.column_names


def test_warnings_stand_in_the_card(plant: Plant, about: About, tmp_path: Path) -> None:
    publish(grown(plant, 1.0), tmp_path / "out", about)
    card = (tmp_path / "out" / "README.md").read_text()
    assert "- **few pairs**: 12 pairs so far" in card


def test_a_name_of_anyones_choice_is_no_markup_of_the_card(
    plant: Plant, about: About, tmp_path: Path
) -> None:
    trees = grown(plant, 1.0)
    for tree in trees:
        tree.instruction = replace(tree.instruction, dataset=HOSTILE)
    publish(trees, tmp_path / "out", about)
    card = (tmp_path / "out" / "README.md").read_text()
    (picture,) = re.findall(r"^!\[Pass rate.*$", card, re.MULTILINE)
    assert r"\]\](javascript:x)" in picture
    assert r"\<script\>" in picture


def test_pictures_are_small_and_drawn_from_an_overview_alone(tmp_path: Path) -> None:
    gallery = hang(overview(), tmp_path)
    assert {one.name for one in gallery.charts} == SHOWN
    sizes = [path.stat().st_size for path in (tmp_path / FOLDER).iterdir()]
    assert len(sizes) == len(SHOWN)
    assert sum(sizes) < 150_000
    assert hang(Overview(), tmp_path / "none").charts == ()
