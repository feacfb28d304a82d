"""Actors with the type that their handles then have, and errors as they were raised."""

import gc
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import ray

from ultrainteract.errors import UltraInteractError, boundary

if TYPE_CHECKING:
    from ray.actor import ActorHandle

T = TypeVar("T")

# Such an actor may be restarted, and calls that it did not answer are made again.
LASTING = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}


def settle_heap() -> None:
    """Say that what lives now, modules above all, lives for ever.

    The collector looked at hundreds of thousands of such objects again and again: half of a
    worker's time. Trees leave few cycles, so it may also come less often: each time it looks at
    all of the trees under way, and 100,000 objects are some 10 MB.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


def start(kind: type[T], options: dict[str, Any], *arguments: object) -> "ActorHandle[T]":
    """An actor of `kind` with Ray's `options`; returns before it is up."""
    return cast("ActorHandle[T]", ray.remote(kind).options(**options).remote(*arguments))


async def ask(what: str, raises: type[UltraInteractError], answer: Awaitable[T]) -> T:
    """Await an actor's answer. Our errors come as the actor raised them, without the traceback
    that Ray wraps them in; Ray's own become `raises`, named by `what`."""
    with boundary(raises, what, ray.exceptions.RayError):
        try:
            return await answer
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, UltraInteractError):
                raise error.cause from None
            raise
