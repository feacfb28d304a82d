"""What a command used is told by name, whoever did the work and however short it lived."""

import sys
from pathlib import Path

import pytest

from benchmarks.process_tree import run

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
# It stays until it was surely looked at.
STAY = "import sys\nprint(flush=True)\nsys.stdin.read()\n"
PARENT = """
import os, subprocess, sys, time
pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
kept = subprocess.Popen([sys.executable, "-ISc", {kept!r}, "kept"], **pipes)
for _ in range(5):
    subprocess.run([sys.executable, "-ISc", {short!r}])
kept.stdout.readline()
held = bytearray(64 << 20)
held[::4096] = b"x" * len(held[::4096])
open(sys.argv[1], "w").close()
while not os.path.exists(sys.argv[2]): time.sleep(0.05)
kept.communicate()
"""


def naming(line: str, *, root: bool) -> str:
    return "parent" if root else "kept" if "kept" in line else "other"


def test_cpu_of_children_is_counted_by_name_and_of_short_ones_too(tmp_path: Path) -> None:
    program = PARENT.format(kept=BURN.format(seconds=0.6) + STAY, short=BURN.format(seconds=0.06))
    done, seen = tmp_path / "done", tmp_path / "seen"
    weighed = 0

    def counts(name: str) -> bool:
        # Between the first time that its memory is read after its work and the second all clocks
        # were read: it may end.
        nonlocal weighed
        weighed += name == "parent" and done.exists()
        if weighed > 1:
            seen.touch()
        return name == "parent"

    used = run([sys.executable, "-c", program, str(done), str(seen)], naming, counts)
    assert 0.55 <= used.cpu["kept"] < 1.0
    # Five short ones, seen or not, and the interpreters' own start.
    assert used.of(("parent", "other")) >= 0.3
    assert 64 <= used.peak_mb < 200
    assert used.seconds >= 0.6


def test_a_command_that_fails_says_what_it_printed() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        run(
            [sys.executable, "-c", "raise SystemExit('no such thing')"],
            naming,
            bool,
        )
