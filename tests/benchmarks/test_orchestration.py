"""The comparison of clients counts what it says it counts."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import orchestration
from benchmarks.orchestration import Case, bars, figures
from benchmarks.orchestration_clients import write_rows
from benchmarks.orchestration_run import DAEMONS, Asked, cost, naming
from benchmarks.process_tree import Used, Weighed


def asked(calls: int, seconds: float, cpu: dict[str, float], peak_mb: float) -> Asked:
    return Asked(
        calls,
        seconds,
        0.5,
        Used(cpu, [Weighed(0.0, {"driver": peak_mb})], [], 0.0, seconds + 5),
        (),
    )


def test_a_call_costs_what_a_run_of_one_call_does_not() -> None:
    one = asked(1, 10.0, {"driver": 4.0, "worker": 2.0, DAEMONS: 3.0}, 500.0)
    many = asked(1001, 10.0, {"driver": 4.1, "worker": 2.5, "grader": 0.2, DAEMONS: 9.0}, 560.0)
    found = cost(many, one)
    assert found.calls_per_s == 100.1
    assert found.cpu_ms_per_call == 0.8
    assert found.peak_mb == 60
    assert found.cpu == {"driver": 0.1, "worker": 0.5, "grader": 0.2, DAEMONS: 6, "server": 0.5}


def test_rays_daemons_are_told_from_our_actors() -> None:
    lines = {
        "python -m ultrainteract.cli.main synthesize": "driver",
        "ray::TreeWorker.grow": "worker",
        "ray::JournalWriter": "journal",
        "python -m ultrainteract.verify.worker": "grader",
        "/x/ray/core/src/ray/raylet/raylet --raylet_socket_name=/tmp/ray": DAEMONS,
        "ray::IDLE": DAEMONS,
    }
    named = {line: naming(line, root=name == "driver") for line, name in lines.items()}
    assert named == lines


def test_a_slower_or_dearer_pipeline_misses_its_bars() -> None:
    cheap = cost(asked(1001, 1.0, {"driver": 0.7}, 90.0), asked(1, 1.0, {}, 0.0))
    dear = cost(asked(1001, 2.0, {"driver": 0.9}, 300.0), asked(1, 2.0, {}, 0.0))
    for ours, theirs, met in ((cheap, dear, True), (dear, cheap, False)):
        costs = {Case("ultrainteract", 0, 0): [ours], Case("curator", 0, 0): [theirs]}
        assert [bar.met for bar in bars(costs)] == [met] * 3
    assert figures(costs)["our_rate_over_theirs"] == {"curator 0ms defaults": 0.5}


def test_the_rows_are_a_seed_dataset_and_its_messages(tmp_path: Path) -> None:
    rows = write_rows(tmp_path / "rows", 3)
    seed = [json.loads(line) for line in rows.seed.read_text().splitlines()]
    said = [json.loads(line) for line in rows.messages.read_text().splitlines()]
    assert len({row["question"] for row in seed}) == 3
    for row, asked in zip(seed, said, strict=True):
        assert row["question"] in asked["messages"][-1]["content"]
        assert int(row["answer"].removeprefix("#### ")) in range(8)


@pytest.mark.ray
@pytest.mark.slow
def test_our_pipeline_and_a_bare_loop_send_the_same_messages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--calls", "40", "--rounds", "1", "--latencies", "0", "--in-flight", "8"]
    chosen = ["--clients", "ultrainteract,aiohttp"]
    monkeypatch.setattr(sys, "argv", ["orchestration.py", *line, *chosen])
    code = orchestration.main()
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == bool(found["missed"])
    assert set(found["clients"]["ultrainteract"]["0ms"]) == {"defaults", "8"}
    assert set(found["clients"]["aiohttp"]["0ms"]) == {"8"}
