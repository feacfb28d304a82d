"""What programs can do to their neighbours: parent, siblings, other notebooks, the kernel."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ultrainteract.sandbox.checks.bench import Bench, Line, expect, expect_ok
from ultrainteract.sandbox.checks.case import properties
from ultrainteract.sandbox.checks.witness import contained

VICTIM = """
import os, time
hidden = "".join(["hidden ", "in ", "memory "]) * 3
os.environ["HIDDEN"] = hidden
with open("hidden", "w") as file: file.write(hidden)
"""
SPY = """
import contextlib, ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
own, found = {str(os.getpid()), "self", "thread-self"}, []
for pid in sorted(filter(str.isdigit, os.listdir("/proc")), key=int):
    if pid in own: continue
    for entry in ("mem", "environ", "maps", "syscall", "auxv"):
        for mode in ("rb", "r+b"):
            with contextlib.suppress(OSError):
                with open(f"/proc/{pid}/{entry}", mode) as file:
                    if entry == "mem" or file.read(1): found.append(f"{entry} {mode} of {pid}")
    for entry in ("fd", "map_files", "task/" + pid + "/fd"):
        with contextlib.suppress(OSError):
            if os.listdir(f"/proc/{pid}/{entry}"): found.append(f"{entry} of {pid}")
    for entry in ("cwd", "root", "exe"):
        with contextlib.suppress(OSError):
            os.readlink(f"/proc/{pid}/{entry}"); found.append(f"{entry} of {pid}")
    for request, name in ((16, "PTRACE_ATTACH"), (0x4206, "PTRACE_SEIZE")):
        if libc.ptrace(request, int(pid), 0, 0) == 0: found.append(f"{name} of {pid}")
    with contextlib.suppress(OSError):
        pidfd = os.pidfd_open(int(pid))
        for fd in range(8):
            if libc.syscall(438, pidfd, fd, 0) >= 0: found.append(f"pidfd_getfd {fd} of {pid}")
for folder in ("..", "/tmp", "/dev/shm", "../.."):
    with contextlib.suppress(OSError):
        if [name for name in os.listdir(folder) if name not in os.getcwd().split("/")]:
            found.append("list of " + folder)
found[:10]
"""
LISTENER = """
import contextlib, os, select, socket, time
os.umask(0)
with contextlib.suppress(OSError):
    with open("/dev/shm/left", "w") as file: file.write("whisper")
ears = []
for family, address in ((socket.AF_INET, ("127.0.0.1", 44444)), (socket.AF_UNIX, "\\0left")):
    with contextlib.suppress(OSError):
        ear = socket.socket(family); ear.bind(address); ear.listen(); ears.append(ear)
time.sleep(1.5)
["a connection" for ear in select.select(ears, [], [], 0)[0]]
"""
WHISPERER = """
import contextlib, socket, time
found = []
for _ in range(10):
    time.sleep(0.1)
    for name, family, address in (("loopback", socket.AF_INET, ("127.0.0.1", 44444)),
                                  ("abstract socket", socket.AF_UNIX, "\\0left")):
        with contextlib.suppress(OSError):
            with socket.socket(family) as one: one.settimeout(0.2); one.connect(address)
            found.append(name)
    with contextlib.suppress(OSError):
        with open("/dev/shm/left") as file: found.append("file " + file.read())
sorted(set(found))
"""
INNOCENT = "import time\nfor _ in range(8): time.sleep(0.1)\nprint({number} * 111)"
KILLER = """
import os, time
for _ in range(4):
    time.sleep(0.1)
    for pid in [-1, *range(2, 2000)]:
        if pid != os.getpid():
            try: os.kill(pid, 9)
            except OSError: pass
"""


async def nobody_is_looked_into(bench: Bench) -> str:
    """/proc, ptrace and pidfd give nothing of kernel, parent, siblings or other notebooks."""
    other, family = bench.line(VICTIM), bench.line(VICTIM)
    await other.cell()
    for who, line in (("its own parent", family), ("others", bench.line())):
        async with _running(family):
            expect_ok(f"what a spy among {who} saw", "[]\n", await line.run(SPY))
    return "neither parent, sibling, stranger nor kernel"


async def siblings_cannot_talk(bench: Bench) -> str:
    """Two that run at once share no file, no loopback port, no abstract socket."""
    line = bench.line("x = 1")
    await _meet(line, line)
    return "neither by file nor by socket"


async def notebooks_cannot_talk(bench: Bench) -> str:
    """What one leaves in shared places, the next does not find."""
    await bench.line().run(LISTENER)
    expect_ok("what the next found", "[]\n", await bench.ran(WHISPERER))
    return "nothing was left"


async def a_sibling_that_kills_all_changes_no_result(bench: Bench) -> str:
    """Its innocent siblings end as they would have alone."""
    await contained(bench)
    line = bench.line("x = 1")
    await line.cell()
    codes = [INNOCENT.format(number=number) for number in range(4)]
    _, *results = await asyncio.gather(line.run(KILLER), *(line.run(code) for code in codes))
    for number, result in enumerate(results):
        expect_ok("a sibling of the killer", f"{number * 111}\n", result)
    return "four siblings as if alone"


async def _meet(one: Line, other: Line) -> None:
    await one.cell()
    ear, mouth = await asyncio.gather(one.run(LISTENER), other.run(WHISPERER))
    expect_ok("what one found of the other", "[]\n", mouth)
    expect("what the other heard", "[]\n", ear.output)


@asynccontextmanager
async def _running(line: Line) -> AsyncIterator[None]:
    """A sibling that runs meanwhile."""
    await line.cell()
    task = asyncio.ensure_future(line.run("import time\ntime.sleep(1)"))
    try:
        yield
    finally:
        await task


PROPERTIES = properties(
    "neighbours",
    nobody_is_looked_into,
    siblings_cannot_talk,
    notebooks_cannot_talk,
    a_sibling_that_kills_all_changes_no_result,
)
