"""A node that dies takes nothing with it: its trees go on elsewhere, to the same bytes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.ray
@pytest.mark.docker
def test_a_run_goes_on_when_a_node_dies() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks/nodes.py", "--problems", "8", "--latency-ms", "50"],
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout.splitlines()[-1])
    assert figures["identical"]
    assert figures["by_kind"] == {"node": 1}
