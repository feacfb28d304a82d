"""Commands load what they need when they are named; what lists them loads none."""

import ast
import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import ultrainteract
from tests.conftest import Command
from ultrainteract.cli.main import CHECKS, COMMANDS
from ultrainteract.dataset.export import FORMATS
from ultrainteract.dataset.repair import BALANCES, DROPS

# Each takes longer to load than all that a quick command does.
HEAVY = {
    *("aiohttp", "datasets", "docker", "fastapi", "huggingface_hub", "matplotlib", "numpy"),
    *("pandas", "pyarrow", "ray", "sympy", "torch", "vllm"),
}
LOADED = "import atexit, json, sys; atexit.register(lambda: print(json.dumps([*sys.modules])))"
MODULES = {**{word: word for word in COMMANDS}, **{word: f"check_{word}" for word in CHECKS}}


def loaded(folder: Path, *words: str, **env: str) -> tuple[int, str, set[str]]:
    """How a command ends, what it prints, and the modules in its process at the end."""
    run = f"{LOADED}; sys.argv = ['ultrainteract', *{words!r}]"
    done = subprocess.run(
        [sys.executable, "-c", f"{run}; from ultrainteract.cli.main import main; main()"],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", **env},
        check=False,
    )
    *lines, modules = done.stdout.splitlines()
    return done.returncode, "\n".join([*lines, done.stderr]), set(json.loads(modules))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--help",), 0, "Preference trees"),
        (("statos",), 2, "No such command 'statos'"),
    ],
)
def test_what_names_no_command_imports_none(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ended, output, modules = loaded(tmp_path, *words)
    assert (ended, said in output) == (code, True), output
    ours = {name for name in modules if name.startswith("ultrainteract.")}
    assert ours == {"ultrainteract.cli", "ultrainteract.cli.main", "ultrainteract.errors"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "runs/none"), 2, "holds no run"),
        (("seeds", "list"), 0, "gsm8k"),
        (("synthesize", "--help"), 0, "Grow preference trees"),
        (("synthesize", "mth"), 2, "did you mean 'math'"),
        (("export", "--shape", "trl"), 2, "No such option"),
        (("serve", "--help"), 0, "Serve runs"),
        (("check", "--help"), 0, "outputs"),
    ],
)
def test_a_quick_command_imports_nothing_heavy(
    tmp_path: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    ended, output, modules = loaded(tmp_path, *words)
    assert (ended, said in output) == (code, True), output
    assert not modules & HEAVY


def test_an_output_on_a_full_disk_is_an_error_in_one_line(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "ultrainteract.cli.main", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "error: the output cannot be written: No space left on device\n"


def test_a_shell_completes_commands_and_their_options(tmp_path: Path) -> None:
    def completed(line: str) -> tuple[set[str], set[str]]:
        shell = {"_ULTRAINTERACT_COMPLETE": "complete_bash", "COMP_WORDS": line}
        place = str(len(line.split()) - 1)
        _, output, modules = loaded(tmp_path, **shell, COMP_CWORD=place)
        return set(output.split()), modules

    words, modules = completed("ultrainteract s")
    assert words == {word for word in COMMANDS if word.startswith("s")}
    assert "ultrainteract.cli.status" not in modules
    words, modules = completed("ultrainteract status --w")
    assert words == {"--watch"}
    assert not modules & HEAVY


@pytest.mark.parametrize("word", MODULES)
def test_a_command_is_listed_with_its_own_first_words(word: str) -> None:
    module = import_module(f"ultrainteract.cli.{MODULES[word]}")
    function = module.group if word == "seeds" else getattr(module, word)
    first = " ".join(function.__doc__.partition("\n\n")[0].split())
    assert first == {**COMMANDS, **CHECKS}[word]


def test_every_command_is_listed() -> None:
    folder = Path(import_module("ultrainteract.cli").__path__[0])
    taking = {path.stem for path in folder.glob("*.py") if "typer.Option" in path.read_text()}
    assert taking - {"options"} <= set(MODULES.values())


def test_the_help_of_export_names_what_there_is(command: Command) -> None:
    shown = command.here("export", "--help").output
    for names in (FORMATS, BALANCES, DROPS):
        assert f"{', '.join(names)}." in shown


def test_public_names_are_those_that_a_type_checker_sees() -> None:
    tree = ast.parse(Path(ultrainteract.__file__).read_text(encoding="utf-8"))
    homes = {
        alias.asname or alias.name: statement.module
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom) and statement.module
        for alias in statement.names
    }
    assert sorted(homes) == sorted(ultrainteract.__all__)
    for name, home in homes.items():
        assert getattr(ultrainteract, name) is getattr(import_module(home), name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        ultrainteract.nothing  # noqa: B018
