"""Names: shipped, installed, a user's; nearest ones; no name twice."""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

from ultrainteract.errors import PluginError, UnknownName
from ultrainteract.seeds import Question, Row, Skip, load_seed, named, registry, seed, seeds

PACKAGE = '''
from ultrainteract.seeds import Question, seed

@seed("riddles", environments="math_cot")
def riddles(row):
    """Riddles with numbers."""
    return Question(row["riddle"], answer=row["number"])
'''
SHOW = """
from ultrainteract.seeds import load, load_seed, seeds
print(*seeds())
print(load_seed("riddles").title)
print(load("riddles").problems[0].statement)
"""


def install(folder: Path, module: str, entry: str) -> None:
    """What an installer leaves behind for a package with one entry point."""
    (folder / "riddle_package.py").write_text(module)
    info = folder / "riddle_package-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: riddle-package\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[ultrainteract.seeds]\n{entry}\n")


def row(row: Row) -> Question:
    return Question(row.text("q"), answer=row.text("a"))


def other(row: Row) -> Question:
    return Question(row.text("q"), answer=row.text("b"))


def test_every_shipped_seed_registers_its_name_and_has_a_title() -> None:
    assert {"math", "gsm8k"} <= registry._shipped()
    for name in registry._shipped():
        one = load_seed(name)
        assert (one.name, one.shipped, bool(one.title), bool(one.licence)) == (name,) + (True,) * 3


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match=r"'mth'; did you mean 'math'.*\? registered: .*gsm8k, "):
        load_seed("mth")


def test_lists_name_each_dataset_once_in_their_order() -> None:
    assert named(" math, gsm8k,math,") == ("math", "gsm8k")
    assert named("strategyqa,all")[:2] == ("strategyqa", "gsm8k")
    assert sorted(named("all")) == sorted(named("strategyqa,all"))
    with pytest.raises(UnknownName, match=r"unknown seed dataset ' , '.* all"):
        named(" , ")


def test_all_are_the_twelve_of_the_paper() -> None:
    assert len(named("all")) == 12
    assert set(named("all")) == registry._shipped() - {"apps"}


def test_listing_imports_no_seed() -> None:
    code = "import sys; from ultrainteract.seeds import seeds; seeds()\n"
    code += "print('ultrainteract.seeds.math' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_registered_function_stays_itself_and_is_found() -> None:
    assert seed("mine", environments=["math_pot"])(row) is row
    assert "mine" in seeds()
    assert load_seed("mine").environments == ("math_pot",)


def test_same_function_may_register_again() -> None:
    seed("mine", environments="math_pot")(row)
    seed("mine", environments="math_cot")(row)
    assert load_seed("mine").environments == ("math_cot",)


def test_name_of_another_function_is_refused() -> None:
    seed("mine", environments="math_pot")(row)
    with pytest.raises(PluginError, match=r"'mine' is registered twice: in .*test_registry\.py"):
        seed("mine", environments="math_pot")(other)


def test_shipped_name_is_refused_before_and_after_its_import() -> None:
    registry._registered.pop("math", None)
    for _ in range(2):
        with pytest.raises(PluginError, match=r"'math' is registered twice: in .*math\.py"):
            seed("math", environments="math_pot")(row)
        registry._registered.pop("math", None)
        importlib.reload(importlib.import_module("ultrainteract.seeds.math"))


def test_missing_field_names_itself() -> None:
    with pytest.raises(Skip, match="missing field q"):
        Row(a=1)["q"]
    assert Row(a=1).get("q", "") == ""
    assert Row(a=1).text("a") == "1"


def test_installed_package_is_found_through_its_entry_point(tmp_path: Path) -> None:
    install(tmp_path, PACKAGE, "riddles = riddle_package:riddles")
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples/riddles.jsonl").write_text('{"riddle": "What is 1 + 1?", "number": 2}\n')
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.append({str(tmp_path)!r}){SHOW}"],
        capture_output=True,
        text=True,
        check=True,
    )
    names, *rest = done.stdout.splitlines()
    assert "riddles" in names.split()
    assert rest == ["Riddles with numbers.", "What is 1 + 1?"]


@pytest.mark.parametrize(
    ("module", "entry", "message"),
    [
        ("x = 1\nx / 0\n", "bad = riddle_package", r"riddle_package\.py:2: ZeroDivisionError"),
        ("", "bad = riddle_package:nothing", "AttributeError"),
        (PACKAGE, "bad = riddle_package", "package riddle-package registers no seed 'bad'"),
        ("", "math = riddle_package", "'math' has several owners: package riddle-package, ultra"),
    ],
)
def test_faulty_package_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, entry: str, message: str
) -> None:
    install(tmp_path, module, entry)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "riddle_package", raising=False)
    with pytest.raises(PluginError, match=message):
        load_seed(entry.partition(" ")[0])
    sys.modules.pop("riddle_package", None)
