"""The main job, whole: real Ray, journal and Docker; the model is the protocol server."""

import os
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from datasets import load_dataset

import docker
from tests.cluster.conftest import fingerprint
from tests.conftest import MODEL, Command
from tests.processes import alive, assert_gone, descendants
from tests.sandbox.conftest import IMAGE
from ultrainteract.journal import Journal
from ultrainteract.sampling.scripted import Rule
from ultrainteract.testing.faults import FaultKind, FaultRule
from ultrainteract.testing.process import serve, vacant_port

pytestmark = [pytest.mark.ray, pytest.mark.docker]

JOB = ("synthesize", "math", "--source", "sample", "--run", "r")
# Keeps a worker from its work as long as a file is there.
WAITS = """
import pathlib, sys, time
while "default_worker" in sys.argv[0] and pathlib.Path({file!r}).exists():
    time.sleep(0.05)
"""


def wait_until(true: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + 240
    while not true():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def containers(owner: int) -> list[str]:
    client = docker.from_env()
    try:
        # Those of others may go as they are listed.
        listed = client.containers.list(all=True, ignore_removed=True)
        return [str(one.name) for one in listed if f"{owner}" in str(one.labels)]
    finally:
        client.close()


def test_a_run_ends_in_a_dataset_that_loads_and_a_second_one_asks_nothing(
    command: Command, tmp_path: Path
) -> None:
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url)
        first = command(*JOB, "--config", config)
        assert first.code == 0, first.output
        asked = len(server.received())
        before = fingerprint(tmp_path / "runs/r/dataset")
        again = command(*JOB, "--config", config)
        assert again.code == 0, again.output
        assert len(server.received()) == asked
    assert fingerprint(tmp_path / "runs/r/dataset") == before
    for words in ("pairs", "load_dataset(", "done", "4 trees"):
        assert words in first.output
    assert "(4 before)" in again.output
    cache = str(tmp_path / "cache")
    pairs = load_dataset(
        str(tmp_path / "runs/r/dataset"), "preference", split="train", cache_dir=cache
    )
    assert pairs.num_rows > 0
    text = "".join(path.read_text() for path in (tmp_path / "runs/r/dataset").glob("*.*"))
    assert str(tmp_path) not in text
    shown = command("inspect", "runs/r", pairs[0]["parent_id"], "--all")
    assert "turn 1:" in shown.output
    assert "chosen" in shown.output
    exported = command("export", "runs/r", "--format", "llamafactory", "--to", "out")
    assert exported.code == 0, exported.output
    assert list((tmp_path / "out").iterdir())


def test_more_problems_keep_what_was_grown(command: Command, tmp_path: Path) -> None:
    with serve(models=(MODEL,)) as server:
        small = command.config(server.url, pace={"limit": 1})
        assert command(*JOB, "--env", "math_cot", "--config", small).code == 0
        asked = set(server.calls())
        larger = command.config(server.url, pace={"limit": 3})
        done = command(*JOB, "--env", "math_cot", "--config", larger)
        assert done.code == 0, done.output
        assert max(server.calls()[key] for key in asked) == 1
    assert "(1 before)" in done.output


def test_one_request_in_a_hundred_that_is_refused_costs_exactly_its_samples(
    command: Command, tmp_path: Path
) -> None:
    # A larger share than one in a hundred, so that few requests show it.
    fault = FaultRule(kind=FaultKind.STATUS, status=400, message="made to fail", fraction=0.1)
    with serve(models=(MODEL,), faults=(fault,)) as server:
        config = command.config(server.url, pace={"limit": 6})
        done = command(*JOB, "--env", "math_cot", "--config", config)
        assert done.code == 0, done.output
        received = server.received()
        refused = [line for line in received if line.status == 400]
    assert refused
    assert len(received) == len({line.key for line in received}), "a refused request was repeated"
    lost = sum(line.n for line in refused)
    counted = [line for line in done.output.splitlines() if "made to fail" in line]
    assert len(counted) == 1, done.output
    assert f" {lost}  HTTP 400: made to fail" in counted[0]


def test_ctrl_c_drains_says_how_to_go_on_and_leaves_nothing_behind(
    command: Command, tmp_path: Path
) -> None:
    pace: dict[str, object] = {"limit": 6, "trees_in_flight": 2}
    # Replies are the same however long they take.
    with serve(models=(MODEL,)) as server:
        config = command.config(server.url, pace=pace)
        whole = command(*JOB[:-1], "whole", "--config", config)
        assert whole.code == 0, whole.output
    # So slow that it is far from its end when it is interrupted.
    slow = FaultRule(kind=FaultKind.SLOW, seconds=2.0)
    with serve(models=(MODEL,), faults=(slow,)) as server:
        config = command.config(server.url, pace=pace)
        process = command.start(*JOB, "--config", config)
        server.await_arrivals(4)
        family = descendants(process.pid)
        command.interrupt(process)
        output, _ = process.communicate(timeout=240)
        server.set_faults()
        assert process.returncode == 130, output
        assert "stopping" in output
        assert "same command" in output
        assert_gone(family)
        wait_until(lambda: not containers(process.pid), "a container is left")
        interrupted = server.calls()
        done = command(*JOB, "--config", config)
        assert done.code == 0, done.output
        assert server.calls().keys() > interrupted.keys(), "nothing was left to do"
        assert set(server.calls().values()) == {1}, "an answered call was repeated"
    assert fingerprint(tmp_path / "runs/r/dataset") == fingerprint(tmp_path / "runs/whole/dataset")


def test_ctrl_c_twice_stops_at_once_and_leaves_nothing_behind(
    command: Command, tmp_path: Path
) -> None:
    hang = Rule(any=".", replies=("Step 1: x\nAnswer: 1",))
    with serve(models=(MODEL,), rules=(hang,), latency_ms=120_000) as server:
        config = command.config(server.url)
        process = command.start(*JOB, "--config", config)
        wait_until(lambda: len(server.received()) >= 2, "no call arrived")
        family = descendants(process.pid)
        command.interrupt(process)
        assert process.stdout
        next(line for line in process.stdout if "stopping" in line)
        assert process.poll() is None, "the first Ctrl-C waits for what is under way"
        command.interrupt(process)
        process.communicate(timeout=100)
        assert process.returncode == 130
        assert_gone(family)
        wait_until(lambda: not containers(process.pid), "a container is left")


def test_a_killed_driver_leaves_nothing_behind(command: Command) -> None:
    with serve(models=(MODEL,), latency_ms=60_000) as server:
        process = command.start(*JOB, "--config", command.config(server.url))
        wait_until(lambda: len(server.received()) >= 2, "no call arrived")
        family = descendants(process.pid)
        assert family
        # Ray's own agents try for a minute to tell the dead driver that Ray is dead.
        agents = {pid for pid in family if "Agent" in str(alive({pid}))}
        os.kill(process.pid, 9)
        process.communicate(timeout=240)
        assert_gone(family - agents)
        wait_until(lambda: not containers(process.pid), "a container is left")


def test_an_endpoint_that_is_gone_is_told_and_waited_for(command: Command, tmp_path: Path) -> None:
    log = tmp_path / "calls.jsonl"
    with vacant_port() as port:
        # So slow that nothing is answered before it is gone.
        with serve(models=(MODEL,), latency_ms=60_000, port=port, log=log) as server:
            config = command.config(server.url)
            process = command.start(*JOB, "--env", "math_cot", "--config", config)
            wait_until(lambda: len(server.received()) >= 2, "no call arrived")
            server.kill()
        assert process.stdout
        told = next((line for line in process.stdout if "its requests wait" in line), "")
        assert server.url in told
        with serve(models=(MODEL,), port=port, log=log):
            output, _ = process.communicate(timeout=240)
    assert process.returncode == 0, output


def test_a_sandbox_that_is_missing_ends_the_run_once_what_is_under_way_is_recorded(
    command: Command, tmp_path: Path
) -> None:
    client = docker.from_env()
    image = f"ultrainteract-test-{os.getpid()}"
    client.images.get(IMAGE).tag(image)
    there = tmp_path / "there"
    there.touch()
    (tmp_path / "waits.py").write_text(WAITS.format(file=str(there)))
    try:
        with serve(models=(MODEL,), latency_ms=1500) as server:
            config = command.config(server.url, pace={"image": image})
            process = command.start(*JOB, "--config", config, "--plugin", "waits.py")
            assert process.stdout
            # From then on only workers look for it, and they wait.
            next(line for line in process.stdout if "starting Ray" in line)
            client.images.remove(image)
            there.unlink()
            output, _ = process.communicate(timeout=240)
            asked = len(server.received())
    finally:
        client.close()
    assert process.returncode == 1, output
    assert "the run stopped: no worker is left" in output
    with closing(Journal(tmp_path / "runs/r", readonly=True)) as journal:
        assert journal.count("sample") == asked, "a reply that was asked for is lost"
    assert output.count("no more trees there; what is under way is recorded") == 1


def test_trees_that_fail_in_a_row_stop_the_run(command: Command) -> None:
    fault = FaultRule(kind=FaultKind.STATUS, status=401, message="no such key")
    with serve(models=(MODEL,), latency_ms=300) as server:
        config = command.config(server.url, pace={"limit": 40, "trees_in_flight": 1})
        process = command.start(*JOB, "--env", "math_cot", "--config", config)
        wait_until(lambda: len(server.received()) >= 2, "no call arrived")
        server.set_faults(fault)
        output, _ = process.communicate(timeout=240)
    assert process.returncode == 1, output
    assert "the run stopped: ModelFault" in output
    assert "no such key" in output
    assert output.count("not grown") <= 9
