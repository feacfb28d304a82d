"""A run over real vLLM whose server is killed and stopped under it."""

import importlib.util
import os
import signal
from contextlib import closing
from pathlib import Path

import pytest
from datasets import load_dataset

from tests.cluster.test_engines import told
from tests.conftest import Command
from tests.processes import assert_gone, called, descendants
from ultrainteract.journal import Journal

pytestmark = [
    pytest.mark.ray,
    pytest.mark.vllm,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="vLLM is not installed"),
]

TINY = {
    "model": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "weights": "packaged",
    "serve": {"device": "cpu", "vllm_env": {"VLLM_CPU_KVCACHE_SPACE": "1"}},
}


def recorded(run: Path) -> dict[tuple[str, str, str], bytes]:
    """Every effect of every tree."""
    with closing(Journal(run, readonly=True)) as journal:
        trees = [one.id for one in journal.instructions()]
        return {(tree, *key): data for tree in trees for key, data in journal.effects(tree).items()}


def test_a_server_that_is_killed_and_one_that_is_stopped_cost_no_recorded_reply(
    command: Command, tmp_path: Path
) -> None:
    config = command.config(
        "",
        models={"actor": TINY},
        sampling={"waves": [2, 2], "guided_samples": 1, "max_tokens": 96, "critic_max_tokens": 48},
        pace={"limit": 8, "trees_in_flight": 2},
    )
    job = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "r")
    process = command.start(*job, "--config", config)
    before, family = dict[tuple[str, str, str], bytes](), set[int]()
    for number, name in ((signal.SIGKILL, "VLLM::"), (signal.SIGSTOP, "api_server")):
        told(process, "  tree ")
        before |= recorded(tmp_path / "runs/r")
        family |= descendants(process.pid)
        struck = called(name, family)
        assert struck
        for pid in struck:
            os.kill(pid, number)
        told(process, "model 'actor'")
    output, _ = process.communicate(timeout=1200)
    assert process.returncode == 0, output
    after = recorded(tmp_path / "runs/r")
    assert before
    assert {key: after.get(key) for key in before} == before
    trees = load_dataset(str(tmp_path / "runs/r/dataset"), "trees", split="train")
    assert len(set(trees["parent_id"])) == 8
    assert_gone(family)
