"""What a command used is told by name, whoever did the work and however short it lived."""

import sys

import pytest

from benchmarks.process_tree import run

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
# It stays until it was surely looked at.
STAY = "import sys\nprint(flush=True)\nsys.stdin.read()\n"
PARENT = """
import subprocess, sys, time
pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE)
kept = subprocess.Popen([sys.executable, "-ISc", {kept!r}, "kept"], **pipes)
for _ in range(5):
    subprocess.run([sys.executable, "-ISc", {short!r}])
kept.stdout.readline()
held = bytearray(64 << 20)
held[::4096] = b"x" * len(held[::4096])
time.sleep(1.2)
kept.communicate()
"""


def naming(line: str, *, root: bool) -> str:
    return "parent" if root else "kept" if "kept" in line else "other"


def test_cpu_of_children_is_counted_by_name_and_of_short_ones_too() -> None:
    program = PARENT.format(kept=BURN.format(seconds=0.6) + STAY, short=BURN.format(seconds=0.06))
    used = run([sys.executable, "-c", program], naming, lambda name: name == "parent")
    assert 0.55 <= used.cpu["kept"] < 1.0
    # Five short ones, seen or not, and the interpreters' own start.
    assert used.of(("parent", "other")) >= 0.3
    assert 64 <= used.peak_mb < 200
    assert used.seconds >= 1.2


def test_a_command_that_fails_says_what_it_printed() -> None:
    with pytest.raises(RuntimeError, match="no such thing"):
        run(
            [sys.executable, "-c", "raise SystemExit('no such thing')"],
            naming,
            bool,
        )
