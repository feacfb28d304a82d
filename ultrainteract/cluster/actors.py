"""Starting an actor with the type that its handle then has."""

from typing import TYPE_CHECKING, Any, TypeVar, cast

import ray

if TYPE_CHECKING:
    from ray.actor import ActorHandle

T = TypeVar("T")

# Such an actor may be restarted, and calls that it did not answer are made again.
LASTING = {"num_cpus": 0, "max_restarts": -1, "max_task_retries": -1}


def start(kind: type[T], options: dict[str, Any], *arguments: object) -> "ActorHandle[T]":
    """An actor of `kind` with Ray's `options`; returns before it is up."""
    return cast("ActorHandle[T]", ray.remote(kind).options(**options).remote(*arguments))
