"""One HTTP client for every sampler of an event loop: the pool is shared, the keys are not.

Its pool is unbounded, since each sampler bounds its own requests in flight. Cookies are not kept
and a proxy is looked up once for an address: both would cost each call more than its own work.
"""

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp

# Kept shorter than vLLM keeps its idle connections (5 s), so that no request meets a closing one.
_IDLE_SECONDS = 4.0
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass
class _Shared:
    session: aiohttp.ClientSession
    users: int = 0


_by_loop: WeakKeyDictionary[asyncio.AbstractEventLoop, _Shared] = WeakKeyDictionary()


def borrow() -> aiohttp.ClientSession:
    """The client of the running loop; every `borrow` needs its `give_back` in that loop."""
    loop = asyncio.get_running_loop()
    if loop not in _by_loop:
        _by_loop[loop] = _Shared(
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
                # Who asks bounds the whole exchange.
                timeout=aiohttp.ClientTimeout(total=None),
            )
        )
    shared = _by_loop[loop]
    shared.users += 1
    return shared.session


async def give_back() -> None:
    """The last to give it back closes it."""
    loop = asyncio.get_running_loop()
    shared = _by_loop[loop]
    shared.users -= 1
    if not shared.users:
        del _by_loop[loop]
        await shared.session.close()


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for `url`; never one for a server on this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host in _HERE or proxy_bypass(host):
        return None
    named = getproxies()
    proxy = named.get(parts.scheme) or named.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"
