"""One vLLM server, held by a Ray actor, which reserves its GPUs.

A server that dies, or that answers no `/health` for `_SILENCE` seconds, is started again on the
same address; requests wait at the parked endpoint meanwhile, or go elsewhere. After `_RESTARTS`
restarts the actor gives up.
"""

import asyncio
import logging
from pathlib import Path

import ray

from ultrainteract.config import ModelConfig
from ultrainteract.errors import ModelFault
from ultrainteract.resources import default_cache
from ultrainteract.sampling.replica import Replica
from ultrainteract.sampling.vllm_command import vllm_command
from ultrainteract.sampling.weights import ensure_weights, weights_origin

_RESTARTS = 3
_SILENCE = 120.0
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
        """Restart the server whenever it fails; returns why it gave up."""
        for _ in range(_RESTARTS):
            await self._failed()
            try:
                await self._replica.restart()
            except ModelFault as fault:
                return str(fault)
        return await self._failed()

    async def stop(self) -> None:
        """End the server."""
        await self._replica.stop()

    async def _failed(self) -> str:
        ways = (self._replica.died(), self._replica.silent(_SILENCE))
        tasks = [asyncio.create_task(one) for one in ways]
        ended, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for other in others:
            other.cancel()
        return ended.pop().result()


def _this_node() -> str:
    """The address by which the cluster knows this actor's node."""
    here = ray.get_runtime_context().get_node_id()
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    return next(str(node["NodeManagerAddress"]) for node in nodes if node["NodeID"] == here)
