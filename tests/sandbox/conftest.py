"""Real Docker for the tests marked so: they fail, and say how to mend it, where it is missing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from ultrainteract.errors import SetupError
from ultrainteract.sandbox.docker import DockerSandbox, probe_engine, probe_image
from ultrainteract.types import Limits

IMAGE = "ultrainteract-sandbox:latest"
LIMITS = Limits(seconds=4.0, memory_mb=512, pids=64, output_chars=2000)


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
