"""vLLM servers that the service starts once and its runs share.

A server is started when the first run needs it and stays for later ones; two names of the same
model share one. Where GPUs are wanting, servers that no run uses make room, and a run waits for
those that others use. A server that fails is started again at its address, for as long as the
service lives.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ultrainteract.cluster.engine import Engine
from ultrainteract.config import ModelConfig
from ultrainteract.errors import SetupError
from ultrainteract.types import canonical

_REST = 60.0
# What changes how a server is asked, and nothing about the server.
_ASKING = {"base_url", "api_key_env", "in_flight", "timeout_seconds", "price_in", "price_out"}


@dataclass(eq=False)
class _Server:
    model: ModelConfig
    gpus: tuple[str, ...]
    engines: list[Engine]
    ready: asyncio.Task[tuple[str, ...]] | None = None
    watching: list[asyncio.Task[None]] = field(default_factory=list)
    users: set[str] = field(default_factory=set)


class SharedEngines:
    """An asynchronous context manager: at its end the servers end."""

    def __init__(
        self, models: Mapping[str, ModelConfig], logs: Path, gpus: Iterable[str] | None = None
    ) -> None:
        """`gpus` are the ones the service may use, by the names CUDA has for them."""
        self._models, self._logs = models, logs
        self._free = list(_visible() if gpus is None else gpus)
        self._total = len(self._free)
        self._servers: dict[bytes, _Server] = {}
        self._room = asyncio.Condition()

    def serves(self, names: Collection[str]) -> bool:
        """Whether the service serves one of the models `names`."""
        return bool(self._wanted(names))

    def _wanted(self, names: Collection[str]) -> dict[str, ModelConfig]:
        found = {name: self._models[name] for name in names if name in self._models}
        return {name: model for name, model in found.items() if _started_here(model)}

    @contextlib.asynccontextmanager
    async def leased(
        self, run: str, names: Collection[str]
    ) -> AsyncIterator[dict[str, tuple[str, ...]]]:
        """The base URLs of those of the models `names` that the service serves, by name.

        Raises `SetupError`: a server does not start, or the machine lacks GPUs.
        """
        try:
            yield await self._lease(run, self._wanted(names))
        finally:
            async with self._room:
                for server in self._servers.values():
                    server.users.discard(run)
                self._room.notify_all()

    async def close(self) -> None:
        """End all servers."""
        for key in list(self._servers):
            await self._end(key)

    async def _lease(
        self, run: str, wanted: Mapping[str, ModelConfig]
    ) -> dict[str, tuple[str, ...]]:
        needs = {_key(model): model for model in wanted.values()}
        together = sum(map(_gpus, needs.values()))
        if together > self._total:
            raise SetupError(
                f"the models of this run need {together} GPUs together, the service has "
                f"{self._total}"
            )
        async with self._room:
            # All at once: two runs that each hold a part would wait for each other.
            while not await self._made_room(needs):
                await self._room.wait()
            for key, model in needs.items():
                self._open(key, model).users.add(run)
        urls = {}
        for name, model in wanted.items():
            server = self._servers[_key(model)]
            server.ready = server.ready or asyncio.create_task(self._start(name, server))
            try:
                urls[name] = await asyncio.shield(server.ready)
            except SetupError:
                if self._servers.get(_key(model)) is server:
                    await self._end(_key(model))
                raise
        return urls

    async def _made_room(self, needs: Mapping[bytes, ModelConfig]) -> bool:
        lacking = sum(_gpus(model) for key, model in needs.items() if key not in self._servers)
        idle = [key for key, one in self._servers.items() if not one.users and key not in needs]
        spare = sum(len(self._servers[key].gpus) for key in idle)
        if lacking > len(self._free) + spare:
            return False
        for key in idle:
            if lacking > len(self._free):
                await self._end(key)
        return True

    def _open(self, key: bytes, model: ModelConfig) -> _Server:
        if key not in self._servers:
            count = _gpus(model)
            gpus, self._free = self._free[:count], self._free[count:]
            self._servers[key] = _Server(model, tuple(gpus), [])
        return self._servers[key]

    async def _start(self, name: str, server: _Server) -> tuple[str, ...]:
        spans = server.model.serve.tensor_parallel if server.gpus else 0
        for number in range(server.model.serve.replicas):
            gpus = server.gpus[number * spans : (number + 1) * spans]
            log = self._logs / f"{name}-{number}.log"
            server.engines.append(Engine(name, _placed(server.model, gpus), str(log)))
        urls = await asyncio.gather(*map(_started, server.engines))
        server.watching = [asyncio.create_task(_watch(one)) for one in server.engines]
        return tuple(urls)

    async def _end(self, key: bytes) -> None:
        server = self._servers.pop(key)
        tasks = [*server.watching, *([server.ready] if server.ready else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(*(one.stop() for one in server.engines))
        self._free += server.gpus


async def _started(engine: Engine) -> str:
    url, _ = await engine.start()
    return url


async def _watch(engine: Engine) -> None:
    while True:
        await engine.watch()
        await asyncio.sleep(_REST)


def _placed(model: ModelConfig, gpus: tuple[str, ...]) -> ModelConfig:
    env = {**model.serve.vllm_env, **({"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {})}
    serve = model.serve.model_copy(
        update={"vllm_env": env, "host": model.serve.host or "127.0.0.1"}
    )
    return model.model_copy(update={"serve": serve})


def _key(model: ModelConfig) -> bytes:
    return canonical(model.model_dump(mode="json", exclude={"serve": _ASKING}))


def _started_here(model: ModelConfig) -> bool:
    return model.kind == "openai" and not model.serve.base_url


def _gpus(model: ModelConfig) -> int:
    serve = model.serve
    return serve.replicas * serve.tensor_parallel if serve.device == "cuda" else 0


def _visible() -> list[str]:
    if named := os.environ.get("CUDA_VISIBLE_DEVICES"):
        return named.split(",")
    found = (path.name.removeprefix("nvidia") for path in Path("/dev").glob("nvidia[0-9]*"))
    return sorted(found, key=int)
