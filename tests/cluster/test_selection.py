"""Selection within a run: what it removes, what it says of it, and what a resume makes of it."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster.test_datasets import begin
from tests.conftest import MODEL, Command
from tests.test_run_folder import config
from ultrainteract.cluster.beginning import SynthesisRequest
from ultrainteract.config_file import load_config
from ultrainteract.dataset.about import run_yaml
from ultrainteract.errors import ConfigError, RunFolderError, SeedError
from ultrainteract.journal import Journal
from ultrainteract.report.about import about_run
from ultrainteract.run_folder import open_run, read_run
from ultrainteract.sampling.scripted import Rule
from ultrainteract.seeds import load
from ultrainteract.testing.process import serve

HARD = ["select.levels.level=['Level 5']"]
QUOTED = 3


def request(folder: Path, dataset: str = "math", **select: object) -> SynthesisRequest:
    return SynthesisRequest(dataset, folder / "r", config(select=select), source="sample")


@pytest.fixture
def held_out(tmp_path: Path) -> Path:
    """A test set that holds the first problems of the bundled MATH sample."""
    problems = load("math", source="sample").problems[:QUOTED]
    path = tmp_path / "secret-place" / "held_out.jsonl"
    path.parent.mkdir()
    rows = (json.dumps({"question": one.statement}) for one in problems)
    path.write_text("\n".join(rows), encoding="utf-8")
    return path


def removed(run: Path) -> list[dict[str, str]]:
    lines = (run / "removed.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_a_test_set_removes_its_problems_and_the_report_says_which(
    tmp_path: Path, held_out: Path
) -> None:
    before = {one.native_id: one for one in load("math", source="sample").problems}
    made, said, _ = begin(request(tmp_path, decontaminate=[str(held_out)]))
    rows = removed(tmp_path / "r")
    assert [row["native_id"] for row in rows] == list(before)[:QUOTED]
    assert len(made) == 2 * (len(before) - QUOTED)
    assert any(
        line.startswith(f"  {QUOTED} problems left out: ") and "held_out" in line for line in said
    )
    for row in rows:
        problem = before[row["native_id"]]
        assert (row["problem_id"], row["dataset"]) == (problem.id, "math")
        assert (row["benchmark"], row["rule"]) == ("held_out", "whole")
        assert row["item"]
        assert row["text"].split()[0] == problem.statement.split()[0].strip("$").lower()


def test_what_is_published_names_test_sets_and_counts_and_no_folder(
    tmp_path: Path, held_out: Path
) -> None:
    wanted = request(tmp_path, decontaminate=[str(held_out)])
    begin(wanted)
    with open_run(wanted.folder) as run:
        about = about_run(run.journal, wanted.config)
    assert [(one.rule, one.benchmark, one.problems) for one in about.removed] == [
        ("whole", "held_out", QUOTED)
    ]
    assert [(one.name, one.items, one.rule) for one in about.compared] == [
        ("held_out", QUOTED, "8-gram")
    ]
    assert "NOTHING" not in about.decontamination
    assert "secret-place" not in run_yaml(about, 0.0)


def test_without_test_sets_the_card_says_that_nothing_was_decontaminated(tmp_path: Path) -> None:
    wanted = request(tmp_path)
    begin(wanted)
    with open_run(wanted.folder) as run:
        assert "NOTHING was decontaminated" in about_run(run.journal, wanted.config).decontamination
    assert removed(wanted.folder) == []


def test_the_same_selection_resumes_wherever_the_file_lies_and_another_is_refused(
    tmp_path: Path, held_out: Path
) -> None:
    first = begin(request(tmp_path, decontaminate=[str(held_out)]))
    moved = tmp_path / held_out.name
    moved.write_bytes(held_out.read_bytes())
    assert begin(request(tmp_path, decontaminate=[str(moved)])) == first
    with pytest.raises(RunFolderError, match=r"select\.decontaminate: .*held_out\.jsonl"):
        begin(request(tmp_path))
    with pytest.raises(RunFolderError, match=r"select\.per_stratum: 5 -> 9"):
        begin(request(tmp_path, decontaminate=[str(held_out)], per_stratum=9))
    moved.write_text(json.dumps({"question": "Another?"}), encoding="utf-8")
    with pytest.raises(SeedError, match="is not the one that the run began with"):
        begin(request(tmp_path, decontaminate=[str(moved)]))


def test_a_run_that_selected_is_read_without_its_test_sets(tmp_path: Path, held_out: Path) -> None:
    begin(request(tmp_path, decontaminate=[str(held_out)]))
    held_out.unlink()
    journal, read = read_run(tmp_path / "r")
    journal.close()
    assert read.select.decontaminate == (held_out.name,)


def test_levels_are_set_on_the_command_line(tmp_path: Path) -> None:
    chosen = load_config(Path("cpu"), HARD)
    assert chosen.select.levels == {"level": ("Level 5",)}
    made, said, _ = begin(SynthesisRequest("math,gsm8k", tmp_path / "r", chosen, source="sample"))
    levels = {one.meta["level"] for one in made if one.dataset == "math"}
    assert levels == {"Level 5"}
    assert {one.dataset for one in made} == {"math", "gsm8k"}
    assert any("problems left out: level" in line for line in said)
    grades = load_config(Path("cpu"), ["select.levels.grade=[4]"]).select.levels
    assert grades == {"grade": ("4",)}


def test_levels_of_no_problem_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"select\.levels names 'lvl'.*level, type"):
        begin(request(tmp_path, levels={"lvl": ["Level 5"]}))
    with pytest.raises(SeedError, match=r"leaves no problem .*math: \d+ problems left out: level"):
        begin(request(tmp_path, levels={"level": ["5"]}))


def test_a_dataset_of_which_nothing_is_left_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    made, said, _ = begin(request(tmp_path, "math,gsm8k", levels={"level": ["5"]}))
    assert {one.dataset for one in made} == {"gsm8k"}
    assert "  NOTICE: nothing of it is left" in said


@pytest.mark.parametrize("order", ["taco,codecontests", "codecontests,taco"])
def test_taco_gives_way_to_codecontests_in_whichever_order(tmp_path: Path, order: str) -> None:
    made, _, provenances = begin(request(tmp_path, order))
    assert [one.dataset for one in provenances] == order.split(",")
    assert list(dict.fromkeys(one.dataset for one in made)) == order.split(",")
    gone = removed(tmp_path / "r")
    assert {(one["dataset"], one["benchmark"]) for one in gone} == {("taco", "codecontests")}
    assert len(gone) == 4
    both = begin(request(tmp_path / "all", order, overlaps=False))[0]
    assert len(both) == len(made) + 4


def test_what_a_dataset_leaves_out_by_itself_is_counted_in_the_card(tmp_path: Path) -> None:
    wanted = request(tmp_path, "tabmwp")
    begin(wanted)
    with open_run(wanted.folder) as run:
        left_out = about_run(run.journal, wanted.config).removed
    assert {one.dataset for one in left_out} == {"tabmwp"}
    assert "grade 7 (taken: 4, 5)" in {one.rule for one in left_out}
    gone = removed(wanted.folder)
    assert len(gone) == sum(one.problems for one in left_out)
    assert "grade 7 (taken: 4, 5)" in {one["reason"] for one in gone}


def test_levels_take_the_place_of_what_a_dataset_takes_by_itself(tmp_path: Path) -> None:
    made, said, _ = begin(request(tmp_path, "tabmwp", levels={"grade": [7, 4]}))
    assert {one.meta["grade"] for one in made} == {"7", "4"}
    assert not any("taken: 4, 5" in line for line in said)
    assert any("left out: grade" in line for line in said)


def test_the_filter_is_a_model_with_a_role_only_where_it_is_asked() -> None:
    models = {name: {"model": f"org/{name}"} for name in ("a", "c", "f")}
    roles = {"actors": ["a"], "critic": "c", "filter": "f"}
    off, on = (
        config(models=models, roles=roles, select={"max_pass_rate": rate}) for rate in (1.0, 0.5)
    )
    assert off.used_models() == ("a", "c")
    assert on.used_models() == ("a", "c", "f")
    with pytest.raises(ConfigError, match=r"roles\.filter names 'g'.*a, c, f"):
        config(models=models, roles={**roles, "filter": "g"})


@pytest.mark.ray
def test_a_run_sieves_and_decontaminates_once_and_resumes_without_asking(
    command: Command, tmp_path: Path, held_out: Path
) -> None:
    easy = load("math", source="sample").problems[QUOTED]
    told = easy.statement.split(".")[0][:20]
    replies = (f"Step 1: It is known.\nAnswer: {easy.reference.answer}",)
    rules = (Rule(last_user=told.replace("$", r"\$"), replies=replies),)
    job = ("synthesize", "math", "--source", "sample", "--run", "r", "--env", "math_cot")
    with serve(models=(MODEL,), rules=rules) as server:
        selected = {"decontaminate": [str(held_out)], "max_pass_rate": 0.9, "samples": 2}
        path = command.config(server.url, pace={"limit": 30}, select=selected)
        first = command(*job, "--config", path)
        assert first.code == 0, first.output
        asked = len(server.received())
        again = command(*job, "--config", path)
        assert again.code == 0, again.output
        assert len(server.received()) == asked
    rows = removed(tmp_path / "runs/r")
    assert [row["rule"] for row in rows[:QUOTED]] == ["whole"] * QUOTED
    sieved = {row["native_id"]: row["reason"] for row in rows[QUOTED:]}
    assert sieved[easy.native_id] == "2 of 2 samples right in math_cot"
    assert "(too_easy)" in first.output
    journal = Journal(tmp_path / "runs/r", readonly=True)
    stops = list(journal.ended().values())
    journal.close()
    assert stops.count("too_easy") == len(rows) - QUOTED
    dataset = tmp_path / "runs/r/dataset"
    card = (dataset / "README.md").read_text(encoding="utf-8")
    assert f"| math | whole | held_out | {QUOTED} |" in card
    assert f"| {stops.count('too_easy')} |" in card
    assert str(tmp_path) not in card
    published = yaml.safe_load((dataset / "run.yaml").read_text(encoding="utf-8"))
    assert published["config"]["select"]["decontaminate"] == [held_out.name]
