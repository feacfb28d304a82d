"""One model as the driver serves it: endpoints that exist, and the places of servers of its own."""

import asyncio
import contextlib
from dataclasses import dataclass, field
from typing import Any

import ray

from ultrainteract.config import ModelConfig
from ultrainteract.sampling.endpoint import Endpoint
from ultrainteract.sampling.exchange import Unreachable
from ultrainteract.sampling.fleet import Fleet

_LOOK = 1.0
_FAREWELL = 60.0


@dataclass(eq=False)
class Place:
    """Where one server of our own is held: by an actor after the other."""

    number: int
    holding: asyncio.Task[None] | None = None
    # Ray's handles have no attributes that a type checker could know.
    actor: Any = None
    url: str = ""


@dataclass(eq=False)
class Served:
    """One model: endpoints that exist, and servers of our own."""

    name: str
    model: ModelConfig
    urls: tuple[str, ...] = ()
    places: dict[int, Place] = field(default_factory=dict)

    @property
    def replicas(self) -> tuple[str, ...]:
        """Base URLs of what can be asked."""
        return (*self.urls, *(one.url for one in self.places.values() if one.url))

    @property
    def gpus(self) -> int:
        """That each of our servers holds."""
        return self.model.serve.tensor_parallel if self.model.serve.device == "cuda" else 0


async def given_up(place: Place) -> str:
    """Returns why, once its server will not come back by itself."""
    try:
        return str(await place.actor.watch.remote())
    except ray.exceptions.RayError as error:
        return f"its actor is gone: {str(error).strip().splitlines()[0]}"


async def end(place: Place) -> None:
    """Stop its server and its actor, where there are any."""
    if place.actor is not None:
        with contextlib.suppress(ray.exceptions.RayError, TimeoutError):
            await asyncio.wait_for(place.actor.stop.remote(), _FAREWELL)
        ray.kill(place.actor)
        place.actor = None


async def dismiss(served: Served, place: Place) -> None:
    """End it, once it has finished what is under way, as far as it says so."""
    if place.holding:
        place.holding.cancel()
    endpoint = Endpoint(served.name, served.model, place.url) if place.url else None
    with contextlib.suppress(TimeoutError, Unreachable):
        async with asyncio.timeout(served.model.serve.timeout_seconds):
            while endpoint and (gauges := await endpoint.gauges()):
                if not gauges.running + gauges.waiting:
                    break
                await asyncio.sleep(_LOOK)
    if endpoint:
        await endpoint.close()
    await end(place)


async def preflight(served: Served, urls: tuple[str, ...]) -> None:
    """Are they there, and do they know the model? Raises `ConfigError` and `SetupError`."""
    fleet = Fleet(served.name, served.model, urls)
    try:
        await fleet.preflight()
    finally:
        await fleet.close()
