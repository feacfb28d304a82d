"""What an innocent execution sees, before and after a hostile one: nothing may differ.

It looks from two places: from a sibling of the hostile program, which shares its parent and its
user, and from a fresh notebook. Random numbers follow seed and path, so they are known as well.
"""

import asyncio
import json
import os
from pathlib import Path

from ultrainteract.sandbox.checks.bench import Bench, Broken, Line, brief, expect_ok, expect_that
from ultrainteract.types import Outcome

PARENT = 'import os\nkept = [7]\nwith open("kept", "w") as file: file.write("seven")'
LINE_SEED = "check: parent of hostile programs"
FRESH_SEED = "check: witness"
# Room that may be taken between two looks: the folders of cells that are still open.
SLACK = {"free inodes": 200, "free MB": 16}

LOOK = """
import contextlib, json, os, random, stat, sys, threading
import numpy

def of_this_user():
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit():
                with open(f"/proc/{name}/status") as file:
                    fields = dict(line.split(":", 1) for line in file)
                if int(fields["Uid"].split()[0]) == os.getuid():
                    if fields["State"].split()[0] not in "ZX":
                        yield fields["Name"].strip() + " " + fields["State"].strip()

def descriptors():
    for fd in range(1024):
        with contextlib.suppress(OSError):
            os.fstat(fd)
            yield fd

def content(name):
    if not stat.S_ISREG(os.lstat(name).st_mode):
        return "no file"
    with open(name) as file:
        return file.read(100)

room = os.statvfs(".")
print(json.dumps({
    "sum": sum(range(10)),
    "determinant": float(numpy.linalg.det(numpy.diag([2.0, 3.0]))),
    "state": globals().get("kept"),
    "files": {name: content(name) for name in sorted(os.listdir("."))},
    "random numbers": [random.random(), float(numpy.random.rand()), hash("a")],
    "modules from": [numpy.__file__, json.__file__, random.__file__],
    "environment": sorted(os.environ),
    "descriptors": len(list(descriptors())),
    "threads": threading.active_count(),
    "tracing": [sys.gettrace() is None, sys.getprofile() is None],
    "input": sys.stdin.read(),
    "processes": sorted(of_this_user()),
    "free inodes": room.f_favail,
    "free MB": room.f_bavail * room.f_frsize >> 20,
}, sort_keys=True))
"""

IN_REACH = """
import os
found = ["a file of the host"] if os.path.exists({file!r}) else []
try:
    with open("/proc/{pid}/stat") as file: started = file.read().rpartition(")")[2].split()[19]
except OSError:
    started = ""
found + ["the driver's process"] * (started == "{started}")
"""


async def baseline(bench: Bench) -> None:
    """Look once from both places, before any hostile program. Raises `Broken`, `SandboxFault`."""
    if bench.seen:
        return
    line = bench.line(PARENT, seed=LINE_SEED)
    seen = {"sibling": await look(bench, line)}
    await line.release()
    bench.seen |= seen | {"fresh notebook": await _fresh(bench)}


async def look_again(bench: Bench, line: Line) -> None:
    """Look from a sibling (a child of `line`), then, with all released, from a fresh notebook.

    Raises `Broken` with every difference from the first look.
    """
    compare("its sibling", bench.seen["sibling"], await look(bench, line))
    await bench.free()
    compare("a fresh notebook", bench.seen["fresh notebook"], await _fresh(bench))


async def contained(bench: Bench) -> None:
    """Raise `Broken` where programs reach this process or its files: a hostile one is not run."""
    code = IN_REACH.format(file=str(bench.secret.file), pid=os.getpid(), started=_started())
    expect_ok("not run, as it could hurt the host: what is in reach", "[]\n", await bench.ran(code))


def _started() -> str:
    """When this process started, which with its number tells it from any other."""
    return Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


async def _fresh(bench: Bench) -> dict[str, object]:
    line = bench.line(seed=FRESH_SEED)
    seen = await look(bench, line)
    await line.release()
    return seen


async def look(bench: Bench, line: Line) -> dict[str, object]:
    """What one execution from `line` sees. Raises `Broken` unless it ends well and soon."""
    patience = 3 * bench.limits.seconds + 30
    try:
        async with asyncio.timeout(patience):
            result = await line.run(LOOK)
    except TimeoutError:
        raise Broken(f"the next execution: expected within {patience:g} s, saw none") from None
    expect_that("the next execution", "ok", result, holds=result.outcome is Outcome.OK)
    try:
        seen = json.loads(result.output)
    except ValueError:
        seen = None
    if not isinstance(seen, dict):
        raise Broken(f"the next execution: expected its own output, saw {brief(result.output)}")
    return seen


def compare(who: str, before: dict[str, object], after: dict[str, object]) -> None:
    """Raise `Broken` with what differs; of room a little may be missing."""
    wrong = [
        f"{key} {brief(before[key])} before, {brief(after.get(key))} after"
        for key in before
        if not _same(key, before[key], after.get(key))
    ]
    if wrong:
        raise Broken(f"what {who} sees: expected no difference, saw {'; '.join(wrong)}")


def _same(key: str, before: object, after: object) -> bool:
    if key in SLACK and isinstance(before, int) and isinstance(after, int):
        return after >= before - SLACK[key]
    if key == "processes" and isinstance(before, list) and isinstance(after, list):
        return len(after) <= len(before)
    return before == after
