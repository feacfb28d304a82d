"""A run is shown whole on any terminal, and none of its text reaches the terminal as an order."""

import re
from pathlib import Path

import pytest
from rich.console import Console

from tests.conftest import Command
from tests.dataset.conftest import grow_tree as plant
from tests.test_run_folder import SEEDS, WHERE, config
from ultrainteract.cli.inspect import render_tree
from ultrainteract.run_folder import Beginning, open_run
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Instruction, Reference, Task

ID = "0123456789abcdef"


def asks(statement: str) -> Instruction:
    return Instruction(
        ID, "p", "math", "math_pot", Task.MATH_POT, statement, statement, Reference("1\x1b[2J")
    )


def begin(folder: Path, statement: str) -> None:
    with open_run(folder / "r") as run:
        run.begin(config(), SEEDS, [asks(statement)], lambda: Beginning(WHERE))


@pytest.mark.parametrize("columns", ["20", "80"])
def test_the_id_of_a_tree_is_never_shortened(command: Command, columns: str) -> None:
    begin(command.folder, "What is one and one? " * 9)
    done = command("inspect", "r", COLUMNS=columns)
    assert (done.code, ID in done.output) == (0, True), done.output


@pytest.mark.parametrize("columns", ["20", "80"])
def test_the_name_of_a_seed_is_never_shortened(command: Command, columns: str) -> None:
    done = command("seeds", "list", COLUMNS=columns)
    assert done.code == 0
    assert "gsm8k" in done.output
    assert "\n  math " in done.output


def test_a_statement_is_no_markup_and_no_order_to_the_terminal(command: Command) -> None:
    begin(command.folder, "[/b]a\x1b[2J\x00\x9bb")
    done = command("inspect", "r")
    assert (done.code, "[/b]a[2Jb" in done.output) == (0, True), done.output


def test_a_tree_is_drawn_without_control_characters() -> None:
    tree = PreferenceTree(asks("a\x1b[31m\x00b\tc"))
    console = Console(width=80, force_terminal=False)
    with console.capture() as drawn:
        console.print(render_tree(tree, everything=True))
    assert "a[31mb" in drawn.get()
    assert "reference answer: 1[2J" in drawn.get()
    assert not set(drawn.get()) & {"\x1b", "\x00"}


def test_the_pairs_of_a_turn_are_told_apart() -> None:
    console = Console(width=80, force_terminal=False)
    with console.capture() as drawn:
        console.print(render_tree(plant(["+CICIU"]), everything=False))
    shown = drawn.get()
    for place, mark in enumerate(["chosen", "rejected", "chosen 2", "rejected 2"]):
        assert re.search(rf"#{place} \w+ \({mark}\) by", shown)
    assert "#4" not in shown


def test_a_terminal_that_takes_ascii_only_gets_question_marks(command: Command) -> None:
    begin(command.folder, "\u03c0 times \U0001f600")
    done = command("inspect", "r", PYTHONIOENCODING="ascii")
    assert (done.code, "? times ?" in done.output) == (0, True), done.output


@pytest.mark.parametrize("name", ["a/b", "../a", "..", ".", "a\\b"])
def test_a_run_name_that_is_a_path_is_refused(command: Command, name: str) -> None:
    done = command.here("synthesize", "math", "--source", "sample", "--run", name)
    assert done.code == 2, done.output
    assert "is no plain folder name" in done.output
    assert not list(command.folder.iterdir())
