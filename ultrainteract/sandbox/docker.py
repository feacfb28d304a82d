"""Containers of a Docker engine as sandboxes; the only importer of `docker`.

A container has no network, a read-only root, bounded tmpfs, memory, pids and CPU, no new
privileges, and three capabilities for its kernel alone: to change user, group, and to kill. It
ends when its attach channel closes, so a driver that is killed leaves none; `sweep` removes what
an engine's crash may have left. Works with engines on a unix socket and on plain TCP.
"""

import asyncio
import os
import secrets
import socket
import struct
from contextlib import suppress
from pathlib import Path

from docker.errors import APIError, DockerException, ImageNotFound, NotFound
from docker.models.containers import Container
from docker.types import LogConfig

import docker
from ultrainteract.errors import SandboxFault, SetupError, boundary
from ultrainteract.sandbox import bundle
from ultrainteract.sandbox.attempts import Settings
from ultrainteract.sandbox.base import Cell
from ultrainteract.sandbox.pool import Pool
from ultrainteract.sandbox.worker import Worker
from ultrainteract.types import Limits

LABEL = "ultrainteract"
CELLS = 256
TEMPORARY = "128m"
STREAM = struct.Struct("!BxxxL")
NO_ENGINE = "no Docker engine answers ({error}); run `make install`, or docker/engine.sh"
NO_IMAGE = "the engine has no sandbox image {image!r}; run `make install`, or docker/build.sh"
BAD_IMAGE = (
    "the engine cannot look up sandbox image {image!r} ({error}); check the name in pace.image"
)


class DockerSandbox:
    """Implements `Sandbox` with at most `containers` containers of `image`."""

    def __init__(self, image: str, limits: Limits, containers: int) -> None:
        self._image = image
        self._limits = limits
        self._engine: docker.DockerClient | None = None
        self._connecting = asyncio.Lock()
        self._pool = Pool(self._start, containers)

    async def root(self, seed: str) -> Cell:
        """As `Sandbox.root`; raises `SetupError` without engine or image."""
        return await self._pool.root(seed)

    async def release(self, seed: str) -> None:
        """As `Sandbox.release`."""
        await self._pool.release(seed)

    async def close(self) -> None:
        """As `Sandbox.close`."""
        await self._pool.close()
        engine, self._engine = self._engine, None
        if engine:
            engine.close()

    async def _start(self) -> Worker:
        async with self._connecting:
            if self._engine is None:
                self._engine = await asyncio.to_thread(_connect)
                await asyncio.to_thread(sweep, self._engine)
        engine = self._engine
        with boundary(SandboxFault, "cannot start a sandbox container", DockerException, OSError):
            container, channel = await asyncio.to_thread(self._create, engine)
        reader, writer = await asyncio.open_connection(sock=channel)
        worker = Worker(_Attached(container, reader, writer), 2 * self._limits.seconds + 60)
        await worker.ready()
        return worker

    def _create(self, engine: docker.DockerClient) -> tuple[Container, socket.socket]:
        limits, slots = self._limits, min(8, os.cpu_count() or 1)
        memory = limits.memory_mb * 2**20
        settings = Settings(
            seconds=limits.seconds,
            memory=memory,
            chars=limits.output_chars,
            slots=slots,
            cells=CELLS,
            idle_memory=memory,
            processes=limits.pids,
            # The system counts processes by user id over all containers: blocks keep them apart.
            uid=10_000 + 1000 * secrets.randbelow(50),
        )
        try:
            container = engine.containers.create(
                self._image,
                command=bundle.command(settings),
                stdin_open=True,
                network_mode="none",
                read_only=True,
                tmpfs={
                    "/tmp": f"size={TEMPORARY},nr_inodes=20000,mode=0711,nosuid,nodev",  # noqa: S108
                    "/dev/shm": "size=16m,mode=1733,nosuid,nodev,noexec",  # noqa: S108
                },
                cap_drop=["ALL"],
                cap_add=["SETUID", "SETGID", "KILL"],
                security_opt=["no-new-privileges"],
                mem_limit=2**29 + (slots + 1) * memory,
                memswap_limit=2**29 + (slots + 1) * memory,
                pids_limit=CELLS + limits.pids,
                nano_cpus=slots * 10**9,
                auto_remove=True,
                labels={LABEL: owner(os.getpid()), f"{LABEL}.host": socket.gethostname()},
                log_config=LogConfig(type="none"),
            )
        except ImageNotFound as error:
            raise SetupError(NO_IMAGE.format(image=self._image)) from error
        try:
            stream = container.attach_socket(
                params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            )
            channel = _detached(stream)
            container.start()
        except (DockerException, OSError, SetupError):
            _remove(container)
            raise
        return container, channel


class _Attached:
    """A container at the other end of its attach channel. Implements `Link`."""

    def __init__(
        self, container: Container, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.name = container.short_id
        self._container = container
        self._reader = reader
        self._writer = writer
        self._output = bytearray()
        self._errors = bytearray()

    async def readline(self) -> bytes:
        while b"\n" not in self._output:
            try:
                stream, size = STREAM.unpack(await self._reader.readexactly(STREAM.size))
                data = await self._reader.readexactly(size)
            except (asyncio.IncompleteReadError, OSError):
                return b""
            if stream == 1:
                self._output += data
            else:
                self._errors = (self._errors + data)[-2000:]
        line, _, rest = self._output.partition(b"\n")
        self._output = bytearray(rest)
        return bytes(line) + b"\n"

    async def write(self, data: bytes) -> None:
        # A broken channel shows in `readline`.
        with suppress(OSError):
            self._writer.write(data)
            await self._writer.drain()

    async def destroy(self) -> str:
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()
        await asyncio.to_thread(_remove, self._container)
        return self._errors.decode("utf-8", "replace").strip()


def _detached(stream: object) -> socket.socket:
    """The attach channel as a socket of its own; the HTTP response that carried it is closed."""
    if not isinstance(stream, socket.SocketIO):
        raise SetupError("the sandbox needs an engine on a unix socket or on plain TCP")
    channel = socket.socket(fileno=os.dup(stream.fileno()))
    vars(stream)["_response"].close()
    return channel


async def probe_engine() -> str:
    """The engine's version. Raises `SetupError` that says how to get one."""
    return await asyncio.to_thread(_version)


async def probe_image(image: str) -> str:
    """The id of `image`, `sha256:...`. Raises `SetupError` that says how to get it."""
    return await asyncio.to_thread(_image_id, image)


def sweep(engine: docker.DockerClient) -> int:
    """Remove containers whose owner process on this host is gone; how many there were."""
    mine = [LABEL, f"{LABEL}.host={socket.gethostname()}"]
    orphans = [
        container
        for container in engine.containers.list(
            all=True, filters={"label": mine}, ignore_removed=True
        )
        if not alive(container.labels[LABEL])
    ]
    for container in orphans:
        _remove(container)
    return len(orphans)


def owner(pid: int) -> str:
    """A process as a label: pid and start time, which together never mean another."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return f"{pid}-{stat.rpartition(')')[2].split()[19]}"


def alive(label: str) -> bool:
    """Whether the process of an `owner` label still runs."""
    with suppress(OSError, ValueError):
        return owner(int(label.partition("-")[0])) == label
    return False


def _connect() -> docker.DockerClient:
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    try:
        if host.startswith("unix://"):
            # Asked first: the package leaves its socket open when this fails.
            with socket.socket(socket.AF_UNIX) as knock:
                knock.connect(host.removeprefix("unix://"))
        engine = docker.from_env(timeout=60)
    except (DockerException, OSError) as error:
        raise SetupError(NO_ENGINE.format(error=error)) from error
    return engine


def _version() -> str:
    engine = _connect()
    try:
        return str(engine.version()["Version"])
    except (DockerException, OSError) as error:
        raise SetupError(NO_ENGINE.format(error=error)) from error
    finally:
        engine.close()


def _image_id(image: str) -> str:
    engine = _connect()
    try:
        return str(engine.images.get(image).id)
    except ImageNotFound as error:
        raise SetupError(NO_IMAGE.format(image=image)) from error
    except (DockerException, OSError) as error:
        raise SetupError(BAD_IMAGE.format(image=image, error=error)) from error
    finally:
        engine.close()


def _remove(container: Container) -> None:
    # It may be gone, or on its way: it removes itself when its kernel exits.
    with suppress(NotFound, APIError):
        container.remove(force=True)
