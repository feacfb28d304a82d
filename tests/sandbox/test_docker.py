"""What a sandbox of Docker containers keeps, whatever runs in it."""

import asyncio
import itertools
import os
import signal
import socket
import sys
from contextlib import suppress

import pytest
from docker.errors import NotFound

import docker
from tests.sandbox.conftest import HURRIED, IMAGE, LIMITS
from ultrainteract.errors import SandboxFault, SetupError
from ultrainteract.sandbox.base import NOTEBOOK, Cell
from ultrainteract.sandbox.docker import (
    LABEL,
    DockerSandbox,
    alive,
    owner,
    probe_engine,
    probe_image,
    sweep,
)
from ultrainteract.sandbox.engine import labelled
from ultrainteract.types import ExecResult, Limits, Outcome

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="module")]
fresh = itertools.count()

FORK_BOMB = """
import os
while True:
    try:
        os.fork()
    except OSError:
        pass
"""


async def notebook(sandbox: DockerSandbox) -> Cell:
    return await sandbox.root(f"notebook {next(fresh)}")


async def ran(sandbox: DockerSandbox, *codes: str) -> ExecResult:
    """The result of the last of `codes`, run one after the other."""
    cell = await notebook(sandbox)
    for code in codes:
        result, cell = await cell.run(code)
    return result


async def test_state_lives_on_from_turn_to_turn(sandbox: DockerSandbox) -> None:
    result = await ran(sandbox, "import math\ndef f(n): return n + 1", "x = f(1)", "x, math.e > 2")
    assert result == ExecResult(Outcome.OK, "(2, True)\n")


async def test_siblings_start_from_one_state_and_never_meet(sandbox: DockerSandbox) -> None:
    _, parent = await (await notebook(sandbox)).run("x = [0]")
    codes = [f"x.append({i}); open('note', 'w').write('{i}'); x" for i in range(20)]
    results = await asyncio.gather(*(parent.run(code) for code in codes))
    assert [result.output for result, _ in results] == [f"[0, {i}]\n" for i in range(20)]
    assert (await parent.run("import os; x, os.listdir()"))[0].output == "([0], [])\n"
    again = await asyncio.gather(*(child.run("x, open('note').read()") for _, child in results))
    assert [result.output for result, _ in again] == [f"([0, {i}], '{i}')\n" for i in range(20)]


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("1 + 1", "2\n"),
        ("'a'", "'a'\n"),
        ("None", ""),
        ("x = 3", ""),
        ("print(1)\n2", "1\n2\n"),
        ("1\n2", "2\n"),
        ("", ""),
        ("# nothing", ""),
        ("print('é😀', end='')", "é😀"),
        (
            "import sys; print('out'); print('err', file=sys.stderr); print('out')",
            "out\nerr\nout\n",
        ),
        ("import sympy\nx = sympy.Symbol('x')\nsympy.solve(x**2 - 2)", "[-sqrt(2), sqrt(2)]\n"),
        ("import os; os.write(1, b'\\xff\\xfe') and None", "\ufffd\ufffd"),
        ("exit()", ""),
        ("import os; os.getuid() >= 10000", "True\n"),
        ("import multiprocessing as m\nm.Pool(2).map(abs, [-1, 2])", "[1, 2]\n"),
    ],
)
async def test_a_cell_prints_what_a_notebook_shows(
    sandbox: DockerSandbox, code: str, output: str
) -> None:
    assert await ran(sandbox, code) == ExecResult(Outcome.OK, output)


async def test_an_exception_names_cell_and_line_and_leaves_its_state(
    sandbox: DockerSandbox,
) -> None:
    code = "y = 1\ndef f():\n    return 1 / 0\nf()"
    result, cell = await (await notebook(sandbox)).run(code)
    assert result.outcome is Outcome.EXCEPTION
    assert result.output == (
        "Traceback (most recent call last):\n  Cell 1, line 4\n    f()\n"
        "  Cell 1, line 3, in f\n    return 1 / 0\nZeroDivisionError: division by zero\n"
    )
    assert (await cell.run("y"))[0].output == "1\n"


@pytest.mark.parametrize("code", ["x =", "def f(:", "'\0'", "return 1", "(" * 500])
async def test_what_does_not_compile_is_a_syntax_error(sandbox: DockerSandbox, code: str) -> None:
    assert (await ran(sandbox, code)).outcome is Outcome.SYNTAX


@pytest.mark.parametrize(
    ("code", "outcome", "last"),
    [
        ("while True: pass", Outcome.TIMEOUT, "[timeout: stopped after 1 s]"),
        ("import time; print('so far'); time.sleep(600)", Outcome.TIMEOUT, "after 1 s]"),
        ("x = bytearray(10**9)", Outcome.MEMORY, "MemoryError"),
        ("import numpy; numpy.ones(10**9)", Outcome.MEMORY, "data type float64"),
        ("while True: print('x' * 9999)", Outcome.OUTPUT, "[stopped: it printed too much]"),
        ("import os; os._exit(3)", Outcome.KILLED, "interpreter: exit code 3]"),
        ("import os; os.kill(os.getpid(), 11)", Outcome.KILLED, "died: SIGSEGV]"),
        (FORK_BOMB, Outcome.TIMEOUT, "[timeout: stopped after 1 s]"),
    ],
)
async def test_a_stopped_program_leaves_the_state_before_it(
    sandbox: DockerSandbox, code: str, outcome: Outcome, last: str
) -> None:
    _, cell = await (await notebook(sandbox)).run("kept = 7")
    manner = HURRIED if outcome is Outcome.TIMEOUT else NOTEBOOK
    result, cell = await cell.run("kept = 8\n" + code, manner)
    assert result.outcome is outcome
    assert result.output.rstrip().endswith(last)
    assert (await cell.run("kept"))[0] == ExecResult(Outcome.OK, "7\n")


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("input()", "EOFError"),
        ("import socket; socket.create_connection(('1.1.1.1', 53), 2)", "unreachable"),
        ("open('/etc/hostname', 'w')", "OSError"),
        ("open('/usr/x', 'w')", "Error"),
        ("import os; os.setuid(0)", "PermissionError"),
        ("import os; os.kill(1, 9)", "PermissionError"),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
        ("import sys\nsys.stdout.close()\nprint(1)", "closed file"),
        ("import os; os.listdir('/tmp')", "PermissionError"),
    ],
)
async def test_what_is_not_allowed_raises(sandbox: DockerSandbox, code: str, error: str) -> None:
    result = await ran(sandbox, code)
    assert result.outcome is Outcome.EXCEPTION
    assert error in result.output.splitlines()[-1]


async def test_output_keeps_head_and_tail_and_says_what_was_cut(sandbox: DockerSandbox) -> None:
    result = await ran(sandbox, "print('head'); print('x' * 100_000); print('tail')")
    assert result.outcome is Outcome.OK
    assert result.output.startswith("head\n")
    assert result.output.endswith("tail\n")
    assert "\n[... cut: " in result.output
    assert len(result.output) < LIMITS.output_chars + 100


async def test_random_numbers_follow_seed_and_path(sandbox: DockerSandbox) -> None:
    code = "import random, numpy; random.random(), numpy.random.rand(), hash('a')"

    async def draw(seed: str, *codes: str) -> str:
        cell = await sandbox.root(seed)
        for before in codes:
            _, cell = await cell.run(before)
        result, _ = await cell.run(code)
        await sandbox.release(seed)
        return result.output

    first = await draw("one", "x = 1")
    assert first == await draw("one", "x = 1")
    others = {await draw("two", "x = 1"), await draw("one", "x = 2"), await draw("one")}
    assert len({first, *others}) == 4


async def test_what_a_program_leaves_running_is_killed(sandbox: DockerSandbox) -> None:
    await ran(
        sandbox,
        "import subprocess\n"
        "p = subprocess.Popen('sleep 100 & sleep 100', shell=True, start_new_session=True)",
    )
    result, _ = await (await notebook(sandbox)).run("import os; os.system('cat /proc/*/comm')")
    assert "sleep" not in result.output


async def test_a_process_that_a_program_forks_does_not_speak_for_it(sandbox: DockerSandbox) -> None:
    code = "import os\nchild = os.fork()\nif child: os.waitpid(child, 0)\nchild > 0"
    result = await ran(sandbox, code, "child > 0")
    assert result.output == "True\n"


async def test_a_closed_cell_is_gone_and_its_child_lives_on(sandbox: DockerSandbox) -> None:
    root = await notebook(sandbox)
    _, child = await root.run("x = 1")
    await root.close()
    await root.close()
    assert (await child.run("x"))[0].output == "1\n"
    with pytest.raises(SandboxFault, match="evicted"):
        await root.run("1")


async def test_no_container_outlives_a_killed_owner(image: str) -> None:
    program = (
        "import asyncio, sys\nfrom ultrainteract.sandbox.docker import DockerSandbox\n"
        "from ultrainteract.types import Limits\nasync def main():\n"
        f"    box = DockerSandbox({image!r}, Limits(seconds=300), 1)\n"
        "    cell = await box.root('s')\n    print('up', flush=True)\n"
        "    await cell.run('while True: pass')\nasyncio.run(main())"
    )
    driver = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=asyncio.subprocess.PIPE
    )
    assert driver.stdout
    assert await driver.stdout.readline() == b"up\n"
    engine, label = docker.from_env(), f"{LABEL}={owner(driver.pid)}"
    (container,) = labelled(engine, label)
    driver.send_signal(signal.SIGKILL)
    await driver.wait()
    with suppress(NotFound):  # it may be gone before it is waited for
        await asyncio.to_thread(container.wait, condition="removed", timeout=120)
    assert not labelled(engine, label)
    engine.close()


async def test_a_sweep_takes_orphans_alone(sandbox: DockerSandbox, image: str) -> None:
    await notebook(sandbox)
    engine = docker.from_env()
    labels = {LABEL: "999999999-1", f"{LABEL}.host": socket.gethostname()}
    orphan = engine.containers.create(image, labels=labels)
    sweep(engine)
    left = labelled(engine, LABEL)
    assert orphan.id not in [container.id for container in left]
    assert owner(os.getpid()) in [container.labels[LABEL] for container in left]
    engine.close()


async def test_a_missing_image_says_how_to_build_it() -> None:
    with pytest.raises(SetupError, match=r"'no-such:image'.*docker/build.sh"):
        await probe_image("no-such:image")
    box = DockerSandbox("no-such:image", Limits(), containers=1)
    with pytest.raises(SetupError, match=r"docker/build.sh"):
        await box.root("s")
    await box.close()


async def test_a_missing_engine_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(SetupError, match=r"docker/engine.sh"):
        await probe_engine()
    box = DockerSandbox(IMAGE, Limits(), containers=1)
    with pytest.raises(SetupError, match=r"docker/engine.sh"):
        await box.root("s")
    await box.close()


async def test_an_owner_label_means_one_process_only() -> None:
    assert alive(owner(os.getpid()))
    assert not alive("1-0")
    assert not alive("999999999-1")
    assert not alive("")


async def test_a_name_that_is_no_image_name_is_refused_with_its_setting() -> None:
    with pytest.raises(SetupError, match=r"'bad image!'.*pace\.image"):
        await probe_image("bad image!")
