"""What a model call costs the client: ours beside a bare aiohttp loop and the openai package.

`python benchmarks/client.py`. Every side runs in a process of its own against the protocol server
and counts its user plus system time over the same requests, once warm. The bar: a `Fleet`
takes at most 0.3 ms a call where the bare loop takes 0.18, in proportion on other machines. The
last line of output is JSON; the exit code is 1 when the bar is missed.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import islice
from statistics import median

import aiohttp
from rich.console import Console
from rich.table import Table

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.sampling.base import Request
from ultrainteract.sampling.fleet import Fleet
from ultrainteract.sampling.wire import chat_body
from ultrainteract.testing.process import serve
from ultrainteract.types import Message

IN_FLIGHT = 256
BAR = 0.3 / 0.18
MODEL = ModelConfig(model="scripted", serve=ServeConfig())
Ask = Callable[[Request], Awaitable[object]]


def requests(calls: int) -> Iterator[Request]:
    """Requests that differ in content."""
    for number in range(calls):
        said = (
            Message("system", "You solve problems step by step. Think before you answer."),
            Message("user", f"What is {number} + {number % 77}?"),
        )
        yield Request("actor", said, 1, number, 1.0, 1.0, 256)


async def spend(ask: Ask, calls: int) -> dict[str, float]:
    """CPU and wall time of `calls` requests, IN_FLIGHT at once."""
    pending = requests(calls + IN_FLIGHT)

    async def lane(source: Iterator[Request]) -> None:
        for request in source:
            await ask(request)

    warm = islice(pending, IN_FLIGHT)
    await asyncio.gather(*(lane(warm) for _ in range(IN_FLIGHT)))
    used, started = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    await asyncio.gather(*(lane(pending) for _ in range(IN_FLIGHT)))
    seconds, now = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF)
    cpu = now.ru_utime - used.ru_utime + now.ru_stime - used.ru_stime
    return {"cpu_ms": 1000 * cpu / calls, "calls_per_s": calls / seconds}


async def bare(url: str, calls: int) -> dict[str, float]:
    """aiohttp as its documentation shows it, with the answer read as JSON."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(request: Request) -> object:
            body = chat_body(request, MODEL)
            async with session.post(f"{url}/chat/completions", json=body) as reply:
                return await reply.json()

        return await spend(ask, calls)


async def package(url: str, calls: int) -> dict[str, float]:
    """The openai package with its own response models."""
    # Here alone: the other sides do without it.
    from openai import AsyncOpenAI  # noqa: PLC0415
    from openai.types.chat import ChatCompletion  # noqa: PLC0415

    async with AsyncOpenAI(base_url=url, api_key="EMPTY", max_retries=0) as client:

        async def ask(request: Request) -> object:
            body = chat_body(request, MODEL)
            return await client.post("/chat/completions", cast_to=ChatCompletion, body=body)

        return await spend(ask, calls)


async def ours(url: str, calls: int) -> dict[str, float]:
    """A lane of a `Fleet`, as a tree uses it."""
    fleet = Fleet("actor", MODEL, (url,))
    try:
        return await spend(fleet.lane("tree", 0).sample, calls)
    finally:
        await fleet.close()


SIDES = {"aiohttp": bare, "openai": package, "ours": ours}


def measure(side: str, url: str, calls: int) -> dict[str, float]:
    """One side in a process of its own."""
    command = [sys.executable, __file__, "--side", side, "--url", url, "--calls", str(calls)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    spent: dict[str, float] = json.loads(done.stdout)
    return spent


def main() -> int:
    """Measure the sides in turn, print them, say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=3, help="the median counts")
    parser.add_argument("--side", choices=SIDES, help="measure this one alone, here")
    parser.add_argument("--url", default="", help="of a server that runs")
    options = parser.parse_args()
    if options.side:
        print(json.dumps(asyncio.run(SIDES[options.side](options.url, options.calls))))
        return 0
    spent: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
    with serve() as server:
        for _ in range(options.rounds):
            for side, rounds in spent.items():
                calls = options.calls // 10 if side == "openai" else options.calls
                rounds.append(measure(side, server.url, calls))
    result = {
        f"{side}_{what}": round(median(one[what] for one in rounds), 3)
        for side, rounds in spent.items()
        for what in ("cpu_ms", "calls_per_s")
    }
    ratio = result["ours_cpu_ms"] / result["aiohttp_cpu_ms"]
    table = Table("side", "CPU ms a call", "calls/s", title="client", box=None)
    for side in SIDES:
        table.add_row(side, str(result[f"{side}_cpu_ms"]), str(result[f"{side}_calls_per_s"]))
    Console().print(table)
    print(json.dumps({**result, "ratio": round(ratio, 2), "bar": round(BAR, 2)}))
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
