"""What a sandbox of bubblewrap keeps, whatever runs in it. The suite in `checks` asks for more."""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.processes import assert_gone, descendants
from tests.sandbox.conftest import HURRIED, LIMITS
from ultrainteract.errors import SetupError
from ultrainteract.sandbox.base import Cell, Manner
from ultrainteract.sandbox.bubblewrap import BubblewrapSandbox, probe_bubblewrap
from ultrainteract.types import ExecResult, Limits, Outcome

pytestmark = pytest.mark.asyncio(loop_scope="module")
fresh = itertools.count()

REFUSED = "Operation not permitted"
CHILDREN_EAT = """
import os, time
for _ in range(16):
    if os.fork() == 0:
        kept = b"x" * (160 * 2**20)
        time.sleep(600)
time.sleep(600)
"""
FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""
ROOT = """
import os
sorted({"home", "root", "work", "etc", "var", "run", "sys", "opt"} & set(os.listdir("/"))), (
    os.path.exists("/etc/passwd"), os.listdir("/etc"))
"""


@pytest.fixture(scope="module")
def version() -> str:
    """Of bubblewrap, where it works."""
    try:
        return asyncio.run(probe_bubblewrap())
    except SetupError as error:
        pytest.skip(str(error))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bubble(version: str) -> AsyncIterator[BubblewrapSandbox]:
    """One sandbox for all these tests."""
    box = BubblewrapSandbox(LIMITS, containers=1)
    yield box
    await box.close()


async def notebook(bubble: BubblewrapSandbox) -> Cell:
    return await bubble.root(f"notebook {next(fresh)}")


async def ran(bubble: BubblewrapSandbox, code: str, manner: Manner | None = None) -> ExecResult:
    cell = await notebook(bubble)
    result, _ = await (cell.run(code, manner) if manner else cell.run(code))
    return result


async def test_siblings_start_from_one_state(bubble: BubblewrapSandbox) -> None:
    _, parent = await (await notebook(bubble)).run("x = [0]; open('note', 'w').write('kept')")
    codes = [f"x.append({i}); x, open('note').read()" for i in range(8)]
    results = await asyncio.gather(*(parent.run(code) for code in codes))
    assert [result.output for result, _ in results] == [f"([0, {i}], 'kept')\n" for i in range(8)]


async def test_a_program_that_removes_what_it_can_takes_nothing_from_its_siblings(
    bubble: BubblewrapSandbox,
) -> None:
    _, parent = await (await notebook(bubble)).run("open('note', 'w').write('kept')")
    removes = "import shutil; shutil.rmtree('/tmp', ignore_errors=True); shutil.rmtree('..', True)"
    result, _ = await parent.run(removes)
    assert result.outcome is Outcome.OK
    code = "import os; open('note').read(), os.listdir('.')"
    result, child = await parent.run(code)
    assert result.output == "('kept', ['note'])\n"
    assert (await child.run(code))[0].output == "('kept', ['note'])\n"


async def test_notebooks_take_turns_and_keep_their_names(bubble: BubblewrapSandbox) -> None:
    for expected in ("1\n", "2\n"):
        _, cell = await (await notebook(bubble)).run(f"x = {expected}")
        assert (await cell.run("x"))[0].output == expected


@pytest.mark.parametrize(
    ("code", "outcome", "last"),
    [
        ("while True: pass", Outcome.TIMEOUT, "[timeout: stopped after 1 s]"),
        ("x = bytearray(10**10)", Outcome.MEMORY, "MemoryError"),
        ("while True: print('x' * 9999)", Outcome.OUTPUT, "[stopped: it printed too much]"),
        (FORK_BOMB, Outcome.TIMEOUT, "[timeout: stopped after 1 s]"),
        ("import os; os.kill(1, 2)", Outcome.EXCEPTION, "PermissionError: [Errno 1] " + REFUSED),
    ],
)
async def test_a_hostile_program_ends_and_the_next_is_clean(
    bubble: BubblewrapSandbox, code: str, outcome: Outcome, last: str
) -> None:
    result = await ran(bubble, code, HURRIED if outcome is Outcome.TIMEOUT else None)
    assert (result.outcome, result.output.splitlines()[-1]) == (outcome, last)
    assert await ran(bubble, "1 + 1") == ExecResult(Outcome.OK, "2\n")


async def test_memory_of_many_processes_is_bounded(bubble: BubblewrapSandbox) -> None:
    result = await ran(bubble, CHILDREN_EAT)
    assert result == ExecResult(Outcome.MEMORY, "[killed: out of memory]")
    assert await ran(bubble, "1 + 1") == ExecResult(Outcome.OK, "2\n")


@pytest.mark.parametrize(
    ("code", "output"),
    [
        (ROOT, "(['etc'], (False, ['ld.so.cache']))\n"),
        ("import os; {'USER', 'PYTEST_VERSION', 'OLDPWD'} & set(os.environ)", "set()\n"),
        ("import os; [top for top in ('/', '/usr/lib', '/dev') if os.access(top, 2)]", "[]\n"),
        ("import os; sorted(os.listdir('/dev'))", "['null', 'random', 'shm', 'urandom']\n"),
        ("import os; os.getuid() >= 2_100_000_000", "True\n"),
        ("open('/proc/self/status').read().count('CapEff:\\t0000000000000000')", "1\n"),
        ("import os; os.system('echo from a shell')", "from a shell\n0\n"),
        ("import numpy, pandas, scipy, sympy; numpy.__file__", "'/packages/numpy/__init__.py'\n"),
        ("import multiprocessing as m\nm.Pool(2).map(abs, [-1, 2])", "[1, 2]\n"),
    ],
)
async def test_a_program_sees(bubble: BubblewrapSandbox, code: str, output: str) -> None:
    assert await ran(bubble, code) == ExecResult(Outcome.OK, output)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("import socket; socket.create_connection(('127.0.0.1', 80), 2)", "Network is unreachable"),
        ("import socket; socket.socket(40, 1)", REFUSED),
        ("import os; os.memfd_create('hidden')", REFUSED),
        ("import resource; resource.prlimit(1, 7, (0, 0))", REFUSED),
        ("import os; os.sched_setaffinity(1, {0})", REFUSED),
        ("import subprocess; subprocess.check_call(['unshare', '-U', 'true'])", "exit status 1"),
        ("for n in range(30_000): open(f'f{n}', 'w').close()", "No space left on device"),
    ],
)
async def test_what_is_not_allowed_raises(bubble: BubblewrapSandbox, code: str, error: str) -> None:
    result = await ran(bubble, code)
    assert result.outcome is Outcome.EXCEPTION
    assert error in result.output


async def test_nothing_can_be_kept_in_the_input(bubble: BubblewrapSandbox) -> None:
    result = await ran(bubble, "import os; os.write(0, b'more')", Manner(stdin="text"))
    assert "PermissionError" in result.output.splitlines()[-1]


async def test_nothing_outlives_a_killed_owner(version: str) -> None:
    program = (
        "import asyncio, sys\nfrom ultrainteract.sandbox.bubblewrap import BubblewrapSandbox\n"
        "from ultrainteract.types import Limits\nasync def main():\n"
        "    box = BubblewrapSandbox(Limits(seconds=300), 1)\n"
        "    cell = await box.root('s')\n    print('up', flush=True)\n"
        "    await cell.run('import os; os.fork(); os.setsid()\\nwhile True: pass')\n"
        "asyncio.run(main())"
    )
    driver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert driver.stdout
    assert await driver.stdout.readline() == b"up\n"
    family = descendants(driver.pid)
    assert len(family) >= 3
    driver.send_signal(signal.SIGKILL)
    await driver.wait()
    assert_gone(family)


async def test_nothing_is_left_when_it_closes(version: str) -> None:
    before = descendants(os.getpid())
    box = BubblewrapSandbox(LIMITS, containers=1)
    await box.warm()
    cell = await box.root("s")
    await cell.run("import subprocess; p = subprocess.Popen(['sleep', '100'])")
    family = descendants(os.getpid()) - before
    await box.close()
    assert_gone(family)


async def test_what_is_missing_is_said_with_what_to_run(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = BubblewrapSandbox(Limits(), 1, packages=tmp_path / "none")
    with pytest.raises(SetupError, match=r"none; run docker/bubblewrap\.sh"):
        await box.root("s")
    await box.close()
    # Packages that are not there show in the trial.
    with pytest.raises(SetupError, match="No module named 'numpy'"):
        await probe_bubblewrap(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"no bwrap; run docker/bubblewrap\.sh"):
        await probe_bubblewrap()


async def test_what_it_must_keep_is_no_concession() -> None:
    checks = [line.partition(":")[0] for line in BubblewrapSandbox.concessions()]
    assert not [name for name in checks if name.startswith(("reach.", "exhaustion."))]
    assert BubblewrapSandbox.concessions()
