"""One HTTP client for every sampler of an event loop: the pool is shared, the keys are not.

The openai package's aiohttp transport is the cheaper of its two. Its pool is unbounded, since
each sampler bounds its own requests in flight.
"""

import asyncio
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import httpx2
from openai import DefaultAioHttpClient

# A None limit would mean 100 to aiohttp, and samplers would wait for each other's connections.
# Kept shorter than vLLM keeps its idle connections (5 s), so that no request meets a closing one.
_UNBOUNDED = httpx2.Limits(max_connections=0, keepalive_expiry=4.0)
# A proxy of the environment is for the world outside, never for a server on this machine.
_DIRECT = {f"all://{host}": None for host in ("localhost", "127.0.0.1", "[::1]")}


@dataclass
class _Shared:
    client: httpx2.AsyncClient
    users: int = 0


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


def borrow() -> httpx2.AsyncClient:
    """The client of the running loop; every `borrow` needs its `give_back` in that loop."""
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = _Shared(DefaultAioHttpClient(limits=_UNBOUNDED, mounts=_DIRECT))
    shared = _by_loop[loop]
    shared.users += 1
    return shared.client


async def give_back() -> None:
    """The last to give it back closes it."""
    loop = asyncio.get_running_loop()
    shared = _by_loop[loop]
    shared.users -= 1
    if not shared.users:
        del _by_loop[loop]
        await shared.client.aclose()
