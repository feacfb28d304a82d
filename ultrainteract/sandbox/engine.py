"""A Docker engine: reaching it, asking what it has, and removing what a crash left on it.

A container carries its owner process as a label, so whoever comes next knows which are orphans.
"""

import asyncio
import json
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from docker.errors import APIError, DockerException, ImageNotFound
from docker.models.containers import Container

import docker
from ultrainteract.errors import SetupError
from ultrainteract.resources import folder

LABEL = "ultrainteract"
NO_ENGINE = "no Docker engine answers ({error}); run `make install`, or docker/engine.sh"
NO_IMAGE = "the engine has no sandbox image {image!r}; run `make install`, or docker/build.sh"
BAD_IMAGE = (
    "the engine cannot look up sandbox image {image!r} ({error}); check the name in pace.image"
)
NO_RUNTIME = (
    "the engine knows no runtime {runtime!r}, only {known}; register it in the engine's "
    "daemon.json, or leave pace.runtime empty"
)


async def probe_engine(runtime: str = "") -> str:
    """The engine's version. Raises `SetupError` that says how to get one that has `runtime`."""
    return await asyncio.to_thread(_version, runtime)


async def probe_image(image: str) -> str:
    """The id of `image`, `sha256:...`. Raises `SetupError` that says how to get it."""
    return await asyncio.to_thread(_image_id, image)


def connect() -> docker.DockerClient:
    """A client of the engine at `address`. Raises `SetupError` when none answers."""
    try:
        knock(address())
        engine = docker.from_env(timeout=60)
    except (DockerException, OSError) as error:
        raise SetupError(NO_ENGINE.format(error=error)) from error
    return engine


def address() -> str:
    """Where the engine is, by the environment."""
    return os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"


def knock(host: str) -> None:
    """Raises OSError when nobody listens at a unix socket.

    To be asked first: the package leaves its socket open when it finds out by itself.
    """
    if host.startswith("unix://"):
        with socket.socket(socket.AF_UNIX) as trial:
            trial.connect(host.removeprefix("unix://"))


def check_runtime(host: Mapping[str, object], runtime: str) -> None:
    """Raises `SetupError` unless the engine, by its own account `host`, has `runtime`."""
    known = host["Runtimes"]
    if runtime and isinstance(known, dict) and runtime not in known:
        raise SetupError(NO_RUNTIME.format(runtime=runtime, known=", ".join(sorted(known))))


def sweep(engine: docker.DockerClient) -> int:
    """Remove containers whose owner process on this host is gone; how many there were."""
    mine = labelled(engine, LABEL, f"{LABEL}.host={socket.gethostname()}")
    orphans = [container for container in mine if not alive(container.labels[LABEL])]
    for container in orphans:
        remove(container)
    return len(orphans)


def labelled(engine: docker.DockerClient, *labels: str) -> list[Container]:
    """The containers with all of `labels`, running or not."""
    filters: dict[str, str | list[str] | bool] = {"label": list(labels)}
    return engine.containers.list(all=True, filters=filters, ignore_removed=True)


def remove(container: Container) -> None:
    """End it and take it away; one that is gone, or on its way, is no error."""
    # It removes itself when its kernel exits.
    with suppress(APIError):
        container.remove(force=True)


def owner(pid: int) -> str:
    """A process as a label: pid and start time, which together never mean another."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    return f"{pid}-{stat.rpartition(')')[2].split()[19]}"


def alive(label: str) -> bool:
    """Whether the process of an `owner` label still runs."""
    with suppress(OSError, ValueError):
        return owner(int(label.partition("-")[0])) == label
    return False


@cache
def seccomp() -> str:
    """docker/seccomp.json as the engine takes it."""
    return json.dumps(json.loads((folder("docker") / "seccomp.json").read_text("utf-8")))


def _version(runtime: str) -> str:
    engine = connect()
    try:
        check_runtime(engine.info(), runtime)
        return str(engine.version()["Version"])
    except (DockerException, OSError) as error:
        raise SetupError(NO_ENGINE.format(error=error)) from error
    finally:
        engine.close()


def _image_id(image: str) -> str:
    engine = connect()
    try:
        return str(engine.images.get(image).id)
    except ImageNotFound as error:
        raise SetupError(NO_IMAGE.format(image=image)) from error
    except (DockerException, OSError) as error:
        raise SetupError(BAD_IMAGE.format(image=image, error=error)) from error
    finally:
        engine.close()
