"""Containers of a Docker engine as sandboxes.

A container has no network, a read-only root, bounded tmpfs, memory, pids and CPU, no new
privileges, a seccomp profile of our own, and three capabilities for its kernel alone: to change
user, group, and to kill. It ends when its attach channel closes, so a driver that is killed leaves
none; a sweep removes what an engine's crash may have left. This module owns the wait for an
engine that restarts. Works with engines on a unix socket and on plain TCP.
"""

import asyncio
import itertools
import logging
import os
import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from functools import partial

from docker.errors import DockerException, ImageNotFound
from docker.models.containers import Container
from docker.types import LogConfig, Ulimit
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_delay,
    wait_exponential_jitter,
)

import docker
from ultrainteract.errors import SandboxFault, SetupError, boundary
from ultrainteract.sandbox import bundle
from ultrainteract.sandbox.attached import Attached, detached
from ultrainteract.sandbox.base import SHARED_FOLDER, Cell
from ultrainteract.sandbox.engine import (
    LABEL,
    NO_IMAGE,
    address,
    alive,
    check_runtime,
    connect,
    knock,
    labelled,
    owner,
    probe_engine,
    probe_image,
    remove,
    seccomp,
    sweep,
)
from ultrainteract.sandbox.pool import Pool
from ultrainteract.sandbox.task import Settings
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.sandbox.worker import Worker
from ultrainteract.types import Limits

__all__ = ["LABEL", "DockerSandbox", "alive", "owner", "probe_engine", "probe_image", "sweep"]

log = logging.getLogger(__name__)

CELLS = 1024
TEMPORARY, RESTART = "128m", 60.0
"""Of the folder for files; seconds that an engine which answered before may be away."""
ULIMITS = (("core", 0), ("nofile", 8192))
AWAY = (DockerException, OSError)
UIDS = 50
"""Blocks of a thousand user ids: a rootless engine has 65,536 of them."""
GONE = "the Docker engine is gone since {seconds:g} s ({error}); start it, or run docker/engine.sh"
NO_ROOM = (
    "a container may take {need} MiB, the engine's host has {has} MiB; lower sandbox.memory_mb"
)


class DockerSandbox:
    """Implements `Sandbox` with at most `containers` containers of `image`, under `runtime`.

    There are fewer where the host's memory holds fewer at their limit.
    """

    def __init__(self, image: str, limits: Limits, containers: int, runtime: str = "") -> None:
        self._image = image
        self._limits = limits
        self._runtime = runtime
        self._slots = 1
        self._engine: docker.DockerClient | None = None
        self._address = ""
        self._connecting = asyncio.Lock()
        self._pool = Pool(self._start, containers)
        self._token = secrets.token_hex(4)
        self._numbers = itertools.count(secrets.randbelow(UIDS))
        self._names: set[str] = set()
        self._unsure = False
        self._closed = False

    @property
    def containers(self) -> int:
        """How many there may be; as many as fit into memory once one was asked for."""
        return self._pool.size

    async def warm(self) -> None:
        """Start all containers now; returns when they are ready. Raises as `root`."""
        await self._connected()
        await self._pool.warm()

    def concessions(self) -> tuple[str, ...]:
        """What it cannot promise, a line each."""
        return (SHARED_FOLDER,)

    async def root(self, seed: str, tools: Sequence[HostTool] = ()) -> Cell:
        """As `Sandbox.root`; `SetupError` without engine, image, runtime or memory."""
        await self._connected()
        return await self._pool.root(seed, tools)

    async def release(self, seed: str) -> None:
        """As `Sandbox.release`."""
        await self._pool.release(seed)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        self._closed = True
        await self._pool.close()
        engine, self._engine = self._engine, None
        if engine:
            with suppress(*AWAY):
                await asyncio.to_thread(self._sweep_own, engine)
            engine.close()

    async def _connected(self) -> docker.DockerClient:
        if self._engine:
            return self._engine
        async with self._connecting:
            if self._engine is None:
                self._address = address()
                engine = await asyncio.to_thread(connect)
                with ExitStack() as until_known:
                    until_known.callback(engine.close)
                    await self._size_up(engine)
                    until_known.pop_all()
                self._engine = engine
        return self._engine

    async def _size_up(self, engine: docker.DockerClient) -> None:
        """Clear what others left on the engine, and see what it offers."""
        with boundary(SandboxFault, "the engine does not answer", *AWAY):
            await asyncio.to_thread(sweep, engine)
            host = await asyncio.to_thread(engine.info)
        check_runtime(host, self._runtime)
        self._slots = min(8, int(host["NCPU"]))
        self._pool.size = self._fitting(int(host["MemTotal"]))

    def _fitting(self, memory: int) -> int:
        """How many containers the host holds, all at their limit, of those asked for."""
        most, asked = memory // self._memory, self._pool.size
        if most < 1:
            raise SetupError(NO_ROOM.format(need=self._memory >> 20, has=memory >> 20))
        if most < asked:
            log.warning("%d sandbox containers fit into memory, not %d", most, asked)
        return min(most, asked)

    @property
    def _memory(self) -> int:
        return (512 + (self._slots + 1) * self._limits.memory_mb) * 2**20

    async def _start(self) -> Worker:
        engine = await self._connected()
        await self._await(engine)
        number = next(self._numbers)
        name = f"{LABEL}-{self._token}-{number}"
        self._names.add(name)
        with boundary(SandboxFault, "cannot start a sandbox container", *AWAY):
            container, channel = await asyncio.to_thread(self._create, engine, name, number)
        reader, writer = await asyncio.open_connection(sock=channel)
        remove = partial(self._dispose, container, name)
        patience = 2 * self._limits.seconds + 60
        worker = Worker(Attached(name, reader, writer, remove), patience)
        await worker.ready()
        return worker

    async def _await(self, engine: docker.DockerClient) -> None:
        """Returns once the engine answers. Raises `SetupError` when it has been away for long."""

        async def ping() -> None:
            knock(self._address)
            await asyncio.to_thread(engine.ping)

        def doubt(_: RetryCallState) -> None:
            self._unsure = True

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda one: isinstance(one, AWAY) and not self._closed),
            stop=stop_after_delay(RESTART),
            wait=wait_exponential_jitter(multiplier=0.2, max=2, jitter=0.2),
            before_sleep=doubt,
            reraise=True,
        )
        try:
            await retrying(ping)
        except AWAY as error:
            raise SetupError(GONE.format(seconds=RESTART, error=error)) from error
        if self._unsure:
            self._unsure = False
            with boundary(SandboxFault, "the engine does not answer", *AWAY):
                await asyncio.to_thread(self._sweep_own, engine)

    def _create(
        self, engine: docker.DockerClient, name: str, number: int
    ) -> tuple[Container, socket.socket]:
        container = channel = None
        try:
            container = self._container(engine, name, number)
            stream = container.attach_socket(
                params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            channel = detached(stream)
            container.start()
        except (*AWAY, SetupError):
            # The engine may have made one and lost its answer: the next sweep finds it.
            self._unsure = True
            self._names.discard(name)
            if channel:
                channel.close()
            if container:
                self._dispose(container, name)
            raise
        return container, channel

    def _container(self, engine: docker.DockerClient, name: str, number: int) -> Container:
        settings = Settings(
            seconds=self._limits.seconds,
            memory=self._limits.memory_mb * 2**20,
            chars=self._limits.output_chars,
            slots=self._slots,
            cells=CELLS,
            idle_memory=self._limits.memory_mb * 2**20,
            processes=self._limits.pids,
            # The system counts processes by user id over all containers: blocks keep them apart.
            uid=10_000 + 1000 * (number % UIDS),
        )
        try:
            return engine.containers.create(
                self._image,
                command=bundle.command(settings),
                name=name,
                hostname="sandbox",
                user="0:0",
                stop_signal="SIGKILL",  # pid 1 sleeps through any other
                runtime=self._runtime or None,
                stdin_open=True,
                # The client's proxy settings may hold a password.
                use_config_proxy=False,
                network_mode="none",
                ipc_mode="private",
                read_only=True,
                tmpfs={
                    "/tmp": f"size={TEMPORARY},nr_inodes=20000,mode=0711,nosuid,nodev",  # noqa: S108
                    "/dev/shm": "size=16m,mode=1733,nosuid,nodev,noexec",  # noqa: S108
                },
                cap_drop=["ALL"],
                cap_add=["SETUID", "SETGID", "KILL"],
                security_opt=["no-new-privileges", f"seccomp={seccomp()}"],
                ulimits=[Ulimit(name=what, soft=most, hard=most) for what, most in ULIMITS],
                mem_limit=self._memory,
                memswap_limit=self._memory,
                # When the host runs out of memory, cells (1000) go before kernels, these before it.
                oom_score_adj=500,
                pids_limit=CELLS + self._limits.pids,
                nano_cpus=self._slots * 10**9,
                auto_remove=True,
                labels={
                    LABEL: owner(os.getpid()),
                    f"{LABEL}.host": socket.gethostname(),
                    f"{LABEL}.sandbox": self._token,
                },
                log_config=LogConfig(type="none"),
            )
        except ImageNotFound as error:
            raise SetupError(NO_IMAGE.format(image=self._image)) from error

    def _dispose(self, container: Container, name: str) -> None:
        """Remove a container; one that an engine out of reach still has is swept later."""
        try:
            knock(self._address)
            remove(container)
        except OSError:
            self._unsure = True
        self._names.discard(name)

    def _sweep_own(self, engine: docker.DockerClient) -> None:
        """Remove what this sandbox made and does not know any more."""
        knock(self._address)
        for container in labelled(engine, f"{LABEL}.sandbox={self._token}"):
            if container.name not in self._names:
                remove(container)
