"""Real Docker for the tests marked so: they fail, and say how to mend it, where it is missing."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from ultrainteract.errors import SetupError
from ultrainteract.sandbox.base import Manner, Sandbox
from ultrainteract.sandbox.docker import DockerSandbox, probe_engine, probe_image
from ultrainteract.types import ExecResult, Limits

IMAGE = "ultrainteract-sandbox:latest"
fresh = itertools.count()
# Seconds that a busy machine does not need: a program that is to run out of them gets `HURRIED`.
LIMITS = Limits(seconds=60.0, memory_mb=512, pids=64, output_chars=2000)
HURRIED = Manner(limits=replace(LIMITS, seconds=1.0))


async def ran(sandbox: Sandbox, code: str) -> ExecResult:
    """The result of `code` in a notebook of its own."""
    seed = f"conftest {next(fresh)}"
    result, _ = await (await sandbox.root(seed)).run(code)
    await sandbox.release(seed)
    return result


@pytest.fixture(scope="session")
def image() -> str:
    """The sandbox image, known to be there."""
    try:
        asyncio.run(probe_engine())
        asyncio.run(probe_image(IMAGE))
    except SetupError as error:
        pytest.fail(f"these tests need the sandbox: {error}")
    return IMAGE


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sandbox(image: str) -> AsyncIterator[DockerSandbox]:
    """One container for a module's tests."""
    box = DockerSandbox(image, LIMITS, containers=1)
    yield box
    await box.close()
