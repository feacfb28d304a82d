"""The sandbox benchmark measures what it says it measures."""

import asyncio
import json
import random

import pytest

from benchmarks import sandbox, sandbox_innocent
from benchmarks.sandbox_bars import Bar
from benchmarks.sandbox_figures import Latency, latency
from tests.sandbox.conftest import IMAGE, LIMITS
from ultrainteract.sandbox.docker import DockerSandbox
from ultrainteract.types import ExecResult, Outcome


def test_latency_is_median_and_nearest_rank() -> None:
    assert latency([float(n) for n in range(100, 0, -1)]) == Latency(50.5, 95.0)
    assert latency([3.0]) == Latency(3.0, 3.0)


def test_a_bar_is_met_at_its_limit_and_not_beyond() -> None:
    assert [Bar("most", value, 2).met for value in (1.9, 2.0, 2.1)] == [True, True, False]
    least = [Bar("least", value, 2, least=True).met for value in (1.9, 2.0, 2.1)]
    assert least == [False, True, True]


@pytest.mark.docker
async def test_every_innocent_program_has_its_answer_and_refuses_another() -> None:
    box = DockerSandbox(IMAGE, LIMITS, containers=1)
    try:
        _, state = await (await box.root("innocent")).run(sandbox_innocent.STATE)
        draw = random.Random(0)
        kinds = [kind(draw.randrange(1, 100), 0) for kind in sandbox_innocent.KINDS]
        programs = [*kinds, sandbox_innocent.innocent(draw, 0, adds=True)]
        results = await asyncio.gather(*(state.run(one.code, one.manner) for one in programs))
    finally:
        await box.close()
    assert [one.off(result) for one, (result, _) in zip(programs, results, strict=True)] == [
        "" for _ in programs
    ]
    assert all(one.off(ExecResult(Outcome.KILLED, one.output)) for one in programs)
    assert all(one.off(ExecResult(one.outcome, "forged\n")) for one in programs)


@pytest.mark.docker
def test_its_last_line_is_json_and_a_missed_bar_fails_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["sandbox.py", "--siblings", "--rounds", "1"])
    code = sandbox.main()
    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert code == bool(figures["missed"])
    assert figures["siblings"]["path_replays"] == 0
    assert (
        figures["siblings"]["trivial"]["wave_p50_ms"]
        > figures["siblings"]["trivial"]["fork_p50_ms"]
    )
