"""Tokens a second of a real vLLM on the CPU: the tree pipeline beside a bare loop.

`python benchmarks/engine.py`. The bare loop sends the very requests that the pipeline sent, all
known from the start, at several fixed concurrencies; the best counts. The server counts the tokens
itself. A rate is taken between a tenth and `--until` of a run's tokens, on both sides: at the end
the last trees wait for themselves. Prefix caches are emptied before every turn, the sides take
turns, and the best turn of each counts: others may use the machine. The bar: the pipeline, with no
concurrency set, has at least 95 % of the bare loop's rate. The last line of output is JSON; the
exit code is 1 when the bar is missed.
"""

import argparse
import asyncio
import contextlib
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import aiohttp
from rich.console import Console
from rich.table import Table

from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.grow import Effects
from ultrainteract.recorder import replay
from ultrainteract.resources import default_cache
from ultrainteract.run_folder import read_run
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.sampling.replica import Replica
from ultrainteract.sampling.vllm_command import vllm_command
from ultrainteract.sampling.weights import ensure_weights
from ultrainteract.sampling.wire import chat_json
from ultrainteract.types import Claim, ExecResult, Verdict

BAR = 0.95
NAME = "HuggingFaceTB/SmolLM2-135M-Instruct"
# Its developer mode lets the prefix cache be emptied.
ENV = {"VLLM_SERVER_DEV_MODE": "1", "VLLM_CPU_KVCACHE_SPACE": "2"}
MODEL = ModelConfig(model=NAME, weights="packaged", serve=ServeConfig(device="cpu", vllm_env=ENV))
CONFIG = """
models: {{small: {{model: {model}, serve: {{base_url: "{url}"}}}}}}
roles: {{actors: [small], critic: small, allow_self_critique: true}}
sampling: {{waves: [4, 4], guided_samples: 2, max_tokens: {tokens}, critic_max_tokens: {tokens}}}
tree: {{max_turns: 2}}
pace: {{limit: {problems}}}
"""
_GENERATED = re.compile(r"^vllm:generation_tokens_total\{[^}\n]*\} ([0-9.eE+-]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Side:
    """One turn of one side."""

    name: str
    tokens: int
    seconds: float
    rate: float


class Meter:
    """Counts the tokens that the server generates, while a side has its turn."""

    def __init__(self, session: aiohttp.ClientSession, root: str) -> None:
        self._session, self._root = session, root
        self._seen: list[tuple[float, float]] = []

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Between these the tokens count."""
        async with self._session.post(f"{self._root}/reset_prefix_cache") as reply:
            reply.raise_for_status()
        self._seen = []
        watching = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await self._look()

    def side(self, name: str, until: float) -> Side:
        """What the last turn came to; what follows the share `until` of its tokens is left out."""
        first, last = self._seen[0][1], self._seen[-1][1]
        total = last - first
        inside = [one for one in self._seen if 0.1 * total <= one[1] - first <= until * total]
        (begun, low), (ended, high) = inside[0], inside[-1]
        return Side(name, round(total), ended - begun, (high - low) / (ended - begun))

    async def _watch(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(0.25)

    async def _look(self) -> None:
        async with self._session.get(f"{self._root}/metrics") as reply:
            found = _GENERATED.findall(await reply.text())
        self._seen.append((time.monotonic(), sum(map(float, found))))


class Heard:
    """The record of a tree, and every request that the tree made of it."""

    def __init__(self, inner: Effects, requests: list[Request]) -> None:
        self._inner, self._requests = inner, requests

    async def sample(self, request: Request) -> Reply:
        """As recorded."""
        self._requests.append(request)
        return await self._inner.sample(request)

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """As recorded."""
        return await self._inner.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        """As recorded."""
        return await self._inner.judge(claim)


def written(url: str, folder: Path, options: argparse.Namespace) -> Path:
    """The configuration of one run, in its folder."""
    folder.mkdir()
    config = folder / "config.yaml"
    config.write_text(
        CONFIG.format(model=NAME, url=url, tokens=options.tokens, problems=options.problems)
    )
    return config


async def pipeline(url: str, folder: Path, options: argparse.Namespace) -> None:
    """The main job, as a user starts it."""
    config = written(url, folder, options)
    words = ("synthesize", "math", "--source", "sample", "--env", "math_cot", "--run", "run")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ultrainteract.cli.main", *words),
        *("--config", str(config), "--runs", str(folder)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(output.decode(errors="replace")[-4000:])


async def requests_of(run: Path) -> list[Request]:
    """What the trees of a run asked, tree after tree."""
    journal, config = read_run(run)
    requests: list[Request] = []
    for instruction in journal.instructions():
        await replay(journal, instruction, config, partial(Heard, requests=requests))
    journal.close()
    return requests


async def bare(
    session: aiohttp.ClientSession, url: str, requests: Iterable[Request], at_once: int
) -> None:
    """The same bodies, so many under way at any time."""
    pending = iter(requests)

    async def lane() -> None:
        for request in pending:
            body = chat_json(request, MODEL)
            headers = {"Content-Type": "application/json"}
            async with session.post(f"{url}/chat/completions", data=body, headers=headers) as reply:
                reply.raise_for_status()
                await reply.read()

    await asyncio.gather(*(lane() for _ in range(at_once)))


async def compare(folder: Path, options: argparse.Namespace) -> list[Side]:
    """Every side's turns against one server."""
    weights = ensure_weights(MODEL, default_cache(), print)
    replica = Replica("small", partial(vllm_command, MODEL, str(weights)), folder / "vllm.log")
    await replica.start()
    url = replica.base_url
    sides: list[Side] = []
    timeout = aiohttp.ClientTimeout(total=None)
    connector = aiohttp.TCPConnector(limit=0)
    try:
        async with aiohttp.ClientSession(timeout=timeout, connector=connector) as session:
            meter = Meter(session, url.removesuffix("/v1"))
            requests: list[Request] = []
            for number in range(options.rounds):
                async with meter.turn():
                    await pipeline(url, folder / str(number), options)
                sides.append(meter.side("pipeline", options.until))
                requests = requests or await requests_of(folder / str(number) / "run")
                for at_once in options.at_once:
                    async with meter.turn():
                        await bare(session, url, requests, at_once)
                    sides.append(meter.side(f"bare, {at_once} at once", options.until))
                for side in sides[-1 - len(options.at_once) :]:
                    said = f"  {side.name}: {side.tokens} tokens, {side.rate:.1f} a second"
                    print(said, flush=True)
    finally:
        await replica.stop()
    return sides


def main() -> int:
    """Compare, print, say by the exit code whether the bar is met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=40, help="one tree each")
    parser.add_argument("--tokens", type=int, default=48, help="of a reply at most")
    parser.add_argument("--rounds", type=int, default=2, help="the best turn of each side counts")
    parser.add_argument("--at-once", type=int, nargs="+", default=[8, 16, 32])
    parser.add_argument("--until", type=float, default=0.8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ultrainteract-engine-") as name:
        sides = asyncio.run(compare(Path(name), options))
    names = list(dict.fromkeys(side.name for side in sides))
    rates = {name: max(one.rate for one in sides if one.name == name) for name in names}
    best = max(names[1:], key=lambda name: rates[name])
    table = Table("side", "tokens", "tokens/s", title="engine", box=None)
    for name in names:
        tokens = next(one.tokens for one in sides if one.name == name)
        table.add_row(name, str(tokens), f"{rates[name]:.1f}")
    Console().print(table)
    ratio = rates["pipeline"] / rates[best]
    rounded = {name: round(rate, 1) for name, rate in rates.items()}
    print(json.dumps({"tokens_per_s": rounded, "best": best, "ratio": round(ratio, 3), "bar": BAR}))
    return 0 if ratio >= BAR else 1


if __name__ == "__main__":
    sys.exit(main())
