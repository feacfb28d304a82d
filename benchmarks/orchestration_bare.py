"""The bare loops that orchestration is held against: a semaphore, a client, nothing kept on disk.

`python -m benchmarks.orchestration_bare aiohttp URL ROWS IN_FLIGHT` asks for every row.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import openai

Message = dict[str, str]
Ask = Callable[[list[Message]], Awaitable[str]]


async def with_aiohttp(url: str, rows: list[list[Message]], in_flight: int) -> list[str]:
    """The floor: a request, its JSON, the text."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def ask(messages: list[Message]) -> str:
            body = {"model": "scripted", "messages": messages}
            async with session.post(f"{url}/chat/completions", json=body) as answer:
                answer.raise_for_status()
                return str((await answer.json())["choices"][0]["message"]["content"])

        return await every(ask, rows, in_flight)


async def with_openai(url: str, rows: list[list[Message]], in_flight: int) -> list[str]:
    """The SDK as its documentation shows it."""
    # A busy machine takes longer than its five seconds to accept this many connections.
    patience = openai.Timeout(600.0, connect=120.0)
    async with openai.AsyncOpenAI(base_url=url, api_key="none", timeout=patience) as client:

        async def ask(messages: list[Message]) -> str:
            said = await client.chat.completions.create(
                model="scripted",
                messages=messages,  # type: ignore[arg-type]  # plain dictionaries will do
            )
            return said.choices[0].message.content or ""

        return await every(ask, rows, in_flight)


async def every(ask: Ask, rows: list[list[Message]], in_flight: int) -> list[str]:
    """The answers to all rows, so many at once."""
    free = asyncio.Semaphore(in_flight)

    async def one(messages: list[Message]) -> str:
        async with free:
            return await ask(messages)

    return await asyncio.gather(*map(one, rows))


if __name__ == "__main__":
    way, url, path, count = sys.argv[1:]
    lines = Path(path).read_text().splitlines()
    loop = {"aiohttp": with_aiohttp, "openai": with_openai}[way]
    asyncio.run(loop(url, [json.loads(line)["messages"] for line in lines], int(count)))
