"""The viewer's benchmark on a run of a few trees."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_it_asks_every_kind_of_page_and_prints_figures() -> None:
    command = [sys.executable, "benchmarks/view.py", "--trees", "24", "--asks", "3"]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=800
    )
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["trees"] == 24
    assert {"overview", "list", "filters", "tree", "node"} <= set(found["ms"])
    assert done.returncode == bool(found["missed"]), done.stderr
