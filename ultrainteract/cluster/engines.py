"""The vLLM servers of a run: each held by a Ray actor, which reserves its GPUs.

A server that dies is started again on the same address; requests wait at the parked endpoint
meanwhile. After `_RESTARTS` restarts the actor gives up and the run stops, with the log's end.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Self

import ray

from ultrainteract.cluster.actors import ask, start
from ultrainteract.config import ModelConfig, RunConfig
from ultrainteract.errors import ModelFault, SetupError
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.replica import Replica
from ultrainteract.sampling.vllm_command import vllm_command
from ultrainteract.sampling.weights import default_cache, ensure_weights, weights_origin

if TYPE_CHECKING:
    from ray.actor import ActorHandle

_RESTARTS = 3
logger = logging.getLogger(__name__)


class Engine:
    """One vLLM server."""

    def __init__(self, name: str, model: ModelConfig, log: str) -> None:
        self._model = model
        self._weights = Path(model.model)
        # Workers on other nodes reach a GPU's node by its address; a CPU run is one machine.
        on_gpu = model.serve.device == "cuda"
        host = model.serve.host or (_this_node() if on_gpu else "127.0.0.1")
        self._replica = Replica(
            name,
            lambda port: vllm_command(model, str(self._weights), port, host),
            Path(log),
            start_seconds=model.serve.start_seconds,
            host=host,
        )

    async def start(self) -> tuple[str, str]:
        """Its base URL, once it answers, and where its weights came from.

        The weights are fetched on this actor's node. Raises `SetupError`, with the end of its log
        where the server does not start.
        """
        self._weights = await asyncio.to_thread(
            ensure_weights, self._model, default_cache(), logger.info
        )
        await self._replica.start()
        return self._replica.base_url, weights_origin(self._model, self._weights)

    async def watch(self) -> str:
        """Restart the server whenever it dies; returns why it gave up."""
        for _ in range(_RESTARTS):
            await self._replica.died()
            try:
                await self._replica.restart()
            except ModelFault as fault:
                return str(fault)
        return await self._replica.died()

    async def stop(self) -> None:
        """End the server."""
        await self._replica.stop()


class Engines:
    """Every model of a configuration, ready to be asked: started here, or found elsewhere.

    An asynchronous context manager; `endpoints` are base URLs and `origins` where weights came
    from, by model name.
    """

    def __init__(
        self, config: RunConfig, logs: Path, say: Callable[[str], None], stop: asyncio.Event
    ) -> None:
        """`stop`, set by the user, ends a start; set by an engine that gave up, it ends the run:
        `trouble` then says why."""
        self._config, self._logs, self._say, self._stop = config, logs, say, stop
        self._actors: list[ActorHandle[Engine]] = []
        self._watches: list[asyncio.Task[None]] = []
        self.endpoints: dict[str, tuple[str, ...]] = {}
        self.origins: dict[str, str] = {}
        self.trouble = ""

    async def __aenter__(self) -> Self:
        starting = asyncio.create_task(self._start_all())
        stopped = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({starting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
        except BaseException:
            await self.close()
            raise
        finally:
            starting.cancel()
            stopped.cancel()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop what was started here."""
        for watch in self._watches:
            watch.cancel()
        for actor in self._actors:
            with contextlib.suppress(ray.exceptions.RayError):
                await actor.stop.remote()
            ray.kill(actor)
        self._actors.clear()

    async def _start_all(self) -> None:
        models = {name: self._config.models[name] for name in self._config.used_models()}
        _refuse_without_gpus(models)
        for name, model in models.items():
            if model.kind == "scripted":
                continue
            urls = model.serve.base_url or await self._start(name, model)
            self.endpoints[name] = urls
            fleet = Fleet(name, model, urls)
            try:
                await fleet.preflight()
            finally:
                await fleet.close()

    async def _start(self, name: str, model: ModelConfig) -> tuple[str, ...]:
        self._say(f"starting vLLM for model {name!r} ({self._logs}/{name}-0.log)")
        gpus = model.serve.tensor_parallel if model.serve.device == "cuda" else 0
        actors = [
            start(
                Engine,
                {"num_gpus": gpus, "num_cpus": 0},
                name,
                model,
                str(self._logs / f"{name}-{number}.log"),
            )
            for number in range(model.serve.replicas)
        ]
        self._actors += actors
        what = f"engine of model {name!r}"
        started: list[tuple[str, str]] = await asyncio.gather(
            *(ask(what, SetupError, actor.start.remote()) for actor in actors)
        )
        self._watches += [asyncio.create_task(self._watch(actor)) for actor in actors]
        self.origins[name] = started[0][1]
        return tuple(url for url, _ in started)

    async def _watch(self, actor: "ActorHandle[Engine]") -> None:
        try:
            self.trouble = await actor.watch.remote()
        except ray.exceptions.RayError as error:
            self.trouble = f"the actor that held a vLLM server is gone: {error}"
        self._stop.set()


def gpus_of(models: Mapping[str, ModelConfig]) -> int:
    """GPUs that the vLLM servers of these models hold together."""
    return sum(
        model.serve.replicas * model.serve.tensor_parallel
        for model in models.values()
        if model.kind == "openai" and not model.serve.base_url and model.serve.device == "cuda"
    )


def _refuse_without_gpus(models: Mapping[str, ModelConfig]) -> None:
    """Ray would wait for ever for GPUs that no node has."""
    wanted, there = gpus_of(models), int(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]
    if wanted > there:
        raise SetupError(
            f"this configuration starts vLLM servers on {wanted} GPUs, this Ray has {there}: join "
            "a cluster that has them (--ray-address), lower replicas or tensor_parallel, name an "
            "endpoint that exists (serve.base_url), or use --config cpu"
        )


def _this_node() -> str:
    """The address by which the cluster knows this actor's node."""
    here = ray.get_runtime_context().get_node_id()
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return next(str(node["NodeManagerAddress"]) for node in nodes if node["NodeID"] == here)
