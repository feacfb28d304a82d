"""Which sandbox a configuration means: `pace.backend`."""

from typing import Protocol

from ultrainteract.config import PaceConfig
from ultrainteract.sandbox.base import Sandbox
from ultrainteract.sandbox.bubblewrap import BubblewrapSandbox
from ultrainteract.sandbox.docker import DockerSandbox, probe_image
from ultrainteract.types import Limits


class WarmSandbox(Sandbox, Protocol):
    """A sandbox whose containers can be started ahead."""

    async def warm(self) -> None:
        """Start all of them now; returns when they are ready. Raises as `root`."""
        ...


def make_sandbox(limits: Limits, pace: PaceConfig) -> WarmSandbox:
    """The sandbox of a configuration; it starts nothing before it is asked for."""
    if pace.backend == "bubblewrap":
        return BubblewrapSandbox(limits, pace.containers)
    return DockerSandbox(pace.image, limits, pace.containers, pace.runtime)


async def image_of(pace: PaceConfig) -> str:
    """What programs run in, for the record: an image's id, or the backend's name."""
    return await probe_image(pace.image) if pace.backend == "docker" else pace.backend
