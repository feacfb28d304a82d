"""Servers that runs share; in vLLM's place the protocol server, started by vLLM's command line."""

import asyncio
from pathlib import Path

import pytest

from tests.web.service.running import stubbed
from ultrainteract.config import ModelConfig, ServeConfig
from ultrainteract.errors import SetupError
from ultrainteract.web.service.engines import SharedEngines


class Bench:
    """Engines over the stub; `starts` are what was started, on which GPUs."""

    def __init__(self, folder: Path) -> None:
        self._starts = folder / "starts"
        self.folder = folder

    def model(self, name: str, device: str = "cpu", **serve: object) -> ModelConfig:
        weights = self.folder / "weights" / name
        weights.mkdir(parents=True, exist_ok=True)
        (weights / "config.json").write_text("{}")
        env = {"STARTS": str(self._starts)}
        given = {"device": device, "vllm_env": env, "start_seconds": 280, **serve}
        return ModelConfig(model=str(weights), serve=ServeConfig.model_validate(given))

    def starts(self) -> list[str]:
        text = self._starts.read_text() if self._starts.exists() else ""
        return [Path(line).name for line in text.splitlines()]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setenv("PYTHONPATH", stubbed(tmp_path))
    return Bench(tmp_path)


async def test_runs_share_a_server_that_is_started_once_and_stays(bench: Bench) -> None:
    same = bench.model("small")
    priced = same.model_copy(update={"serve": same.serve.model_copy(update={"price_in": 1.0})})
    elsewhere = ModelConfig(model="m", serve=ServeConfig(base_url=("http://127.0.0.1:9/v1",)))
    models = {"one": same, "two": priced, "far": elsewhere}
    engines = SharedEngines(models, bench.folder / "logs", ())
    try:

        async def run(name: str, *names: str) -> dict[str, tuple[str, ...]]:
            async with engines.leased(name, names) as urls:
                return urls

        first, second = await asyncio.gather(run("a", "one", "two", "far"), run("b", "one"))
        later = await run("c", "two")
    finally:
        await engines.close()
    assert first.keys() == {"one", "two"}, "the service serves no endpoint that exists"
    assert len({*first.values(), *second.values(), *later.values()}) == 1
    assert bench.starts() == ["small -"]


async def test_gpus_are_held_by_one_server_and_given_to_who_waits(bench: Bench) -> None:
    models = {
        "wide": bench.model("wide", "cuda", tensor_parallel=2),
        "twice": bench.model("twice", "cuda", replicas=2),
        "huge": bench.model("huge", "cuda", tensor_parallel=3),
    }
    engines = SharedEngines(models, bench.folder / "logs", ("4", "7"))
    try:
        with pytest.raises(SetupError, match="need 3 GPUs together, the service has 2"):
            async with engines.leased("x", ["huge"]):
                pass
        release = asyncio.Event()

        async def hold() -> None:
            async with engines.leased("a", ["wide"]) as urls:
                assert len(urls["wide"]) == 1
                await release.wait()

        async def follow() -> tuple[str, ...]:
            async with engines.leased("b", ["twice"]) as urls:
                return urls["twice"]

        holding = asyncio.create_task(hold())
        while not bench.starts():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        following = asyncio.create_task(follow())
        await asyncio.sleep(0.2)
        assert bench.starts() == ["wide 4,7"]
        release.set()
        await holding
        assert len(set(await following)) == 2
    finally:
        await engines.close()
    assert bench.starts()[0] == "wide 4,7"
    assert sorted(bench.starts()[1:]) == ["twice 4", "twice 7"]


async def test_a_server_that_does_not_start_fails_its_run_and_is_tried_anew(bench: Bench) -> None:
    broken = bench.model("small", vllm_env={})
    engines = SharedEngines({"one": broken}, bench.folder / "logs", ())
    try:
        for _ in range(2):
            with pytest.raises(SetupError, match="STARTS"):
                async with engines.leased("a", ["one"]):
                    pass
    finally:
        await engines.close()
