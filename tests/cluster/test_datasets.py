"""Several datasets in one run: their order, sources and revisions."""

import ast
import importlib.util
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.test_run_folder import config
from ultrainteract.cluster import beginning
from ultrainteract.cluster.beginning import SynthesisRequest, check_names
from ultrainteract.cluster.beginning import begin as begin_run
from ultrainteract.errors import ConfigError, RunFolderError, SeedError, UnknownName
from ultrainteract.report.about import about_run
from ultrainteract.run_folder import open_run
from ultrainteract.seeds import Provenance, load_seed, source
from ultrainteract.seeds.registry import GROUP, Seed
from ultrainteract.seeds.source import Source
from ultrainteract.types import Instruction


def request(folder: Path, dataset: str, rows: str = "sample", limit: int = 2) -> SynthesisRequest:
    chosen = config(pace={"limit": limit})
    return SynthesisRequest(dataset, folder / "r", chosen, source=rows)


def begin(wanted: SynthesisRequest) -> tuple[list[Instruction], list[str], tuple[Provenance, ...]]:
    """What a run does first: its instructions, what it says, and what it records."""
    said: list[str] = []
    check_names(wanted)
    with open_run(wanted.folder) as run:
        begin_run(wanted, run, said.append)
        return list(run.journal.instructions()), said, run.provenances


def test_a_list_takes_the_limit_of_each_dataset_in_order(tmp_path: Path) -> None:
    made, said, provenances = begin(request(tmp_path, "gsm8k, math"))
    assert [one.dataset for one in made] == ["gsm8k"] * 4 + ["math"] * 4
    assert [one.dataset for one in provenances] == ["gsm8k", "math"]
    assert [line.partition(":")[0] for line in said] == ["seed gsm8k", "seed math"]


def test_all_of_them_begin_a_run_from_their_samples(tmp_path: Path) -> None:
    made, _, provenances = begin(request(tmp_path, "all", limit=1))
    assert [one.dataset for one in provenances] == list(dict.fromkeys(one.dataset for one in made))
    assert len(provenances) == 12
    assert len({one.id for one in made}) == len(made)


def test_the_same_again_resumes_and_another_list_is_refused(tmp_path: Path) -> None:
    assert begin(request(tmp_path, "math,gsm8k")) == begin(request(tmp_path, " math , gsm8k,"))
    with pytest.raises(RunFolderError, match=r"seeds\.dataset: 'math,gsm8k' -> 'math'"):
        begin(request(tmp_path, "math"))


def test_the_recorded_revision_of_each_source_is_held_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(request(tmp_path, "gsm8k,math"))[2]
    sample = load_seed("math").sample
    assert sample
    changed = tmp_path / "math.jsonl"
    shutil.copy(sample, changed)
    with changed.open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"problem": "New?", "solution": r"\boxed{1}"}) + "\n")
    monkeypatch.setattr("ultrainteract.seeds.source._sample", swapped(changed))
    with pytest.raises(SeedError, match=r"'math': the run began with sample math\.jsonl"):
        begin(request(tmp_path, "gsm8k,math"))
    assert first[1].sha256


def test_a_run_that_goes_on_reads_nothing_again_while_all_is_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = load_seed("gsm8k").sample
    assert sample
    rows = tmp_path / "rows.jsonl"
    shutil.copy(sample, rows)
    wanted = request(tmp_path, "gsm8k", rows=str(rows))
    first = begin(wanted)
    with monkeypatch.context() as patched:
        patched.setattr("ultrainteract.cluster.problems.read", None)
        assert begin(wanted) == first
        with pytest.raises(TypeError):
            begin(request(tmp_path, "gsm8k", rows=str(rows), limit=3))
        # What selection removed is lost: it has to be found again.
        (wanted.folder / "removed.jsonl").unlink()
        with pytest.raises(TypeError):
            begin(wanted)
    larger = begin(request(tmp_path, "gsm8k", rows=str(rows), limit=3))[0]
    assert {one.id for one in first[0]} < {one.id for one in larger}
    rows.write_text(rows.read_text().replace("a", "b"), encoding="utf-8")
    with pytest.raises(SeedError, match="the run began with"):
        begin(wanted)


def test_a_row_function_that_changed_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugin = tmp_path / "my_seeds.py"
    plugin.write_text(
        "from ultrainteract.seeds import Question, Row, seed\n"
        "@seed('row_function_that_changed', environments=['math_cot'], source='mine.jsonl')\n"
        "def mine(row: Row) -> Question:\n"
        "    return Question(statement=row.text('q'), answer='1')\n",
        encoding="utf-8",
    )
    (tmp_path / "mine.jsonl").write_text(json.dumps({"q": "What?"}), encoding="utf-8")
    name, chosen = "row_function_that_changed", config()
    wanted = SynthesisRequest(name, tmp_path / "r", chosen, plugins=(plugin,))
    first = begin(wanted)
    monkeypatch.setattr("ultrainteract.cluster.problems.read", None)
    assert begin(wanted) == first
    plugin.write_text(plugin.read_text(encoding="utf-8") + "# otherwise\n", encoding="utf-8")
    with pytest.raises(TypeError):
        begin(wanted)


ENVIRONMENT = """
from ultrainteract import load_environment, register_environment
@register_environment
class Own(type(load_environment("math_cot"))):
    name = "{name}"
"""
SEED = """
from ultrainteract.seeds import Question, Row, seed
from {name} import environment, rounding
@seed('{name}', environments=['{name}'], source='mine.jsonl')
def mine(row: Row) -> Question:
    return Question(statement=row.text('q'), answer='1')
"""


@pytest.mark.parametrize("changed", ["seed", "environment", "rounding"])
def test_an_installed_package_that_changed_anywhere_reads_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changed: str
) -> None:
    name = f"installed_{changed}"
    package, facts = tmp_path / "site" / name, tmp_path / "site" / f"{name}-1.dist-info"
    for made in (package, facts):
        made.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Name: {name}\nVersion: 1\n")
    (facts / "entry_points.txt").write_text(f"[{GROUP}]\n{name} = {name}.seed\n")
    (package / "mine.jsonl").write_text(json.dumps({"q": "What?"}))
    for module, code in (("seed", SEED), ("environment", ENVIRONMENT), ("rounding", "")):
        (package / f"{module}.py").write_text(code.format(name=name))
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path / "site")
    wanted = SynthesisRequest(name, tmp_path / "r", config())
    first = begin(wanted)
    assert [one.environment for one in first[0]] == [name]
    monkeypatch.setattr("ultrainteract.cluster.problems.read", None)
    assert begin(wanted) == first
    with (package / f"{changed}.py").open("a") as file:
        file.write("# otherwise\n")
    with pytest.raises(TypeError):
        begin(wanted)


def test_what_reads_selects_and_renders_imports_nothing_that_is_not_watched() -> None:
    watched = {path.resolve() for path in beginning._ours()}
    own = [one for one in watched if one.parent.name != "ultrainteract"]
    for path in (*own, Path(beginning.__file__).parents[1] / "environment.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and f"{node.module}".startswith("ultrainteract."):
                spec = importlib.util.find_spec(f"{node.module}")
                assert spec
                assert Path(f"{spec.origin}") in watched, f"{path} imports {node.module}"


def swapped(changed: Path) -> Callable[..., Source]:
    """Where a sample is, but another one for `math`, as after an update of the package."""
    usual = source._sample

    def sample(seed: Seed, path: Path, notice: str = "") -> Source:
        return usual(seed, changed if seed.name == "math" else path, notice)

    return sample


def test_every_source_and_licence_stands_in_what_is_published(tmp_path: Path) -> None:
    begin(request(tmp_path, "math,gsm8k", limit=1))
    with open_run(tmp_path / "r") as run:
        about = about_run(run.journal, config())
    assert [one.id for one in about.sources] == ["math.jsonl", "gsm8k.jsonl"]
    assert all(one.revision.startswith("sha256:") for one in about.sources)
    assert about.licences == ("apache-2.0",)


def test_one_file_cannot_be_several_datasets(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is a file of one dataset, not of 2"):
        begin(request(tmp_path, "math,gsm8k", rows="rows.jsonl"))
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("dataset", ["math,mth", "", ","])
def test_a_list_with_an_unknown_name_is_refused(tmp_path: Path, dataset: str) -> None:
    with pytest.raises(UnknownName, match="unknown seed dataset"):
        begin(request(tmp_path, dataset))


def test_skipped_and_left_out_rows_are_told_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    sample = load_seed("tabmwp").sample
    assert sample
    path.write_text(sample.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    said = begin(request(tmp_path, "tabmwp", rows=str(path)))[1]
    assert "  1 problems left out: grade 7 (taken: 4, 5)" in said
    assert any("1 rows skipped: not valid JSON" in line and "line 27" in line for line in said)
