"""A run folder is created or resumed; what it refuses, it explains."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from ultrainteract.config import RunConfig
from ultrainteract.config_file import parse_config
from ultrainteract.errors import RunFolderError
from ultrainteract.journal import End
from ultrainteract.run_folder import Beginning, misfit_notice, open_run, read_run
from ultrainteract.seeds import Provenance
from ultrainteract.types import JSON


def config(**more: object) -> RunConfig:
    models = {"a": {"model": "org/a"}, "c": {"model": "org/c"}}
    return parse_config(
        {"models": models, "roles": {"actors": ["a"], "critic": "c"}, **more}, "test"
    )


SEEDS = {"dataset": "math", "environments": [], "source": ""}
WHERE = (Provenance("math", "sample", "math.jsonl", sha256="0"),)


def begin(path: Path, chosen: RunConfig, seeds: Mapping[str, JSON] = SEEDS) -> None:
    """What a run does first."""
    with open_run(path) as run:
        run.refuse_change(chosen, seeds)
        run.begin(chosen, seeds, [], lambda: Beginning(WHERE))
        assert run.logs.is_dir()


def test_the_same_configuration_resumes(tmp_path: Path) -> None:
    for _ in range(2):
        begin(tmp_path / "r", config())
    journal, read = read_run(tmp_path / "r")
    assert read == config()
    journal.close()


def test_another_pace_resumes(tmp_path: Path) -> None:
    begin(tmp_path / "r", config())
    begin(tmp_path / "r", config(pace={"limit": 9}))


def test_a_change_of_shape_is_refused_with_a_diff(tmp_path: Path) -> None:
    begin(tmp_path / "r", config())
    changed = config(sampling={"waves": [1]})
    with pytest.raises(RunFolderError) as caught:
        begin(tmp_path / "r", changed)
    assert "sampling.waves: [4, 8, 8] -> [1]" in str(caught.value)
    assert "--reconfigure" in str(caught.value)
    with pytest.raises(RunFolderError, match=r"seeds\.dataset: 'math' -> 'gsm8k'"):
        begin(tmp_path / "r", config(), {**SEEDS, "dataset": "gsm8k"})


def test_a_change_that_is_wanted_opens_the_trees_again(tmp_path: Path) -> None:
    begin(tmp_path / "r", config())
    with open_run(tmp_path / "r") as run:
        run.journal.record([], {"t": End("max_turns", 1)})
        run.begin(config(), SEEDS, [], lambda: Beginning(WHERE))
        assert run.journal.ended() == {"t": "max_turns"}
        run.begin(config(sampling={"waves": [1]}), SEEDS, [], lambda: Beginning(WHERE))
        assert run.journal.ended() == {}
        assert json.loads(run.journal.meta("shape") or "")["sampling"]["waves"] == [1]
        assert run.provenances == WHERE


@pytest.mark.parametrize(
    ("before", "after", "opened"),
    [
        ({"tokens": 10}, {"tokens": 10}, False),
        ({"tokens": 10}, {"tokens": 11}, True),
        ({"tokens": 10}, {}, True),
        ({"tokens": 10}, {"tokens": 9}, False),
        ({"tokens": 10}, {"tokens": 10, "calls": 1}, False),
        ({"tokens": 10, "calls": 2}, {"tokens": 9, "calls": 3}, True),
    ],
)
def test_trees_at_a_limit_of_their_own_open_again_where_it_is_raised(
    tmp_path: Path, before: dict[str, int], after: dict[str, int], opened: bool
) -> None:
    limits = [config(budget={"tree": limits}) for limits in (before, after)]
    with open_run(tmp_path / "r") as run:
        run.begin(limits[0], SEEDS, [], lambda: Beginning(WHERE))
        run.journal.record([], {"t": End("tree_budget", 7), "other": End("max_turns", 9)})
        run.begin(limits[1], SEEDS, [], lambda: Beginning(WHERE))
        assert run.journal.cut_after("t") == (None if opened else 7)
        assert run.journal.cut_after("other") is None
        assert set(run.journal.ended()) == {"other", *(() if opened else ("t",))}


@pytest.mark.parametrize(("price", "opened"), [(2.0, False), (1.0, True), (3.0, False)])
def test_a_price_that_falls_opens_trees_that_money_ended(
    tmp_path: Path, price: float, opened: bool
) -> None:
    def priced(price: float) -> RunConfig:
        models = {
            "a": {"model": "org/a", "serve": {"price_in": 1, "price_out": price}},
            "c": {"model": "org/c"},
        }
        return config(models=models, budget={"tree": {"money": 5}})

    with open_run(tmp_path / "r") as run:
        run.begin(priced(2.0), SEEDS, [], lambda: Beginning(WHERE))
        run.journal.record([], {"t": End("tree_budget", 7)})
        run.begin(priced(price), SEEDS, [], lambda: Beginning(WHERE))
        assert (run.journal.ended() == {}) == opened


def test_a_folder_in_use_is_refused_and_free_again_after_a_kill(tmp_path: Path) -> None:
    script = f"""
import pathlib, sys, time
from ultrainteract.locks import RunLock
path = pathlib.Path({str(tmp_path / "r")!r})
path.mkdir()
lock = RunLock(path)
print("held", flush=True)
time.sleep(600)
"""
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        with pytest.raises(RunFolderError, match="in use by another run"):
            open_run(tmp_path / "r")
        holder.kill()
    with open_run(tmp_path / "r"):
        pass


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunFolderError, match="cannot write the run folder"):
        open_run(tmp_path / "file" / "r")


def test_too_little_disk_space_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = os.statvfs(tmp_path)
    monkeypatch.setattr("ultrainteract.run_folder._SPACE_MB", usage.f_blocks * usage.f_frsize)
    with pytest.raises(RunFolderError, match="MB of free disk space"):
        open_run(tmp_path / "r")
    assert not list((tmp_path / "r").glob("journal*"))


def test_reading_what_is_no_run_lists_the_runs_beside_it(tmp_path: Path) -> None:
    begin(tmp_path / "real", config())
    with pytest.raises(RunFolderError, match="runs beside it: real"):
        read_run(tmp_path / "unreal")


def test_a_run_of_another_build_names_both_versions(tmp_path: Path) -> None:
    begin(tmp_path / "r", config())
    with open_run(tmp_path / "r") as run:
        shape = json.loads(run.journal.meta("shape") or "")
        run.journal.note("version", "7.3.1")
        run.journal.set_meta(shape=json.dumps({**shape, "gone": 1}))
        assert "7.3.1" in misfit_notice(run.journal, 3)
    with pytest.raises(RunFolderError) as refused:
        read_run(tmp_path / "r")
    for told in ("gone", "written by ultrainteract 7.3.1;", "this is ultrainteract"):
        assert told in str(refused.value)
