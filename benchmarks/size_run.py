"""What a large run costs to go on with and to publish, and what many trees in flight hold."""

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.orchestration_run import DAEMONS, naming
from benchmarks.process_tree import Used, Weighed, run
from benchmarks.size_journal import build, write_seed
from ultrainteract.cluster.beginning import SynthesisRequest
from ultrainteract.config_file import load_config
from ultrainteract.journal import FILE
from ultrainteract.testing.log import Received, read_log
from ultrainteract.testing.process import Served, serve

# Trees that a resumed run finds open, so that it has something to ask.
OPEN = 16
CONFIG = """
models: {{actor: {{model: scripted, serve: {{base_url: "{url}", in_flight: {in_flight}}}}}}}
roles: {{actors: [actor], critic: actor, allow_self_critique: true}}
sampling: {{waves: [{wave}], guided_samples: 0, critic_draws: 1}}
tree: {{max_turns: {turns}}}
pace: {{trees_in_flight: {in_flight}}}
"""


@dataclass(frozen=True)
class Resumed:
    """A run of so many trees: its journal, the way to its first request, and its publishing.
    `resume_mb` and `publish_mb` are peaks of driver, worker and journal's writer."""

    trees: int
    effects: int
    build_s: float
    journal_mb: float
    bytes_a_tree: int
    resume_s: float
    resume_mb: dict[str, float]
    publish_s: float
    publish_mb: float
    again_s: float
    dataset_mb: float


@dataclass(frozen=True)
class Flight:
    """Trees whose requests the server held at one moment, and the peak memory meanwhile."""

    trees: int
    at_once: int
    seconds: float
    mb: dict[str, float]


def resumed(folder: Path, trees: int, processes: int) -> Resumed:
    """Build a run of `trees`, go on with it, and run it once more when nothing is left to do."""
    folder.mkdir(parents=True)
    write_seed(folder / "seed.jsonl", trees)
    with serve(models=("scripted",)) as server:
        config = _config(folder, server, wave=2, turns=2, in_flight=64)
        request = SynthesisRequest(
            "gsm8k",
            folder / "run",
            load_config(config, []),
            environments=("math_cot",),
            source=str(folder / "seed.jsonl"),
        )
        started = time.monotonic()
        effects = build(request, processes, OPEN)
        built = time.monotonic() - started
        used = _synthesize(folder, config)
        first = min(line.at for line in server.received())
        published = _publishing(used)
        again = _synthesize(folder, config)
    size = (folder / "run" / FILE).stat().st_size
    dataset = sum(file.stat().st_size for file in (folder / "run" / "dataset").rglob("*.parquet"))
    before = [one for one in used.memory if one.at < published]
    after = [one for one in used.memory if one.at >= published]
    return Resumed(
        trees=trees,
        effects=effects,
        build_s=round(built, 1),
        journal_mb=round(size / 2**20, 1),
        bytes_a_tree=size // trees,
        resume_s=round(first - used.began, 1),
        resume_mb=_peaks(before),
        publish_s=round(used.began + used.seconds - published, 1),
        publish_mb=max(_peaks(after).values(), default=0.0),
        again_s=round(_publishing(again) - again.began, 1),
        dataset_mb=round(dataset / 2**20, 1),
    )


def flight(folder: Path, trees: int, seconds: float) -> Flight:
    """Grow `trees` at once, each with one request that takes so long."""
    folder.mkdir(parents=True)
    write_seed(folder / "seed.jsonl", trees)
    with serve(models=("scripted",), latency_ms=1000 * seconds) as server:
        used = _synthesize(folder, _config(folder, server, wave=1, turns=1, in_flight=trees))
        log = read_log(server.log_path)
    steps = sorted((line.at, 1 if isinstance(line, Received) else -1) for line in log)
    held = at_once = 0
    for _, step in steps:
        held += step
        at_once = max(at_once, held)
    return Flight(trees, at_once, round(used.seconds, 1), _peaks(used.memory))


def _config(folder: Path, server: Served, **values: int) -> Path:
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(url=server.url, **values))
    return path


def _synthesize(folder: Path, config: Path) -> Used:
    command = [
        *(sys.executable, "-m", "ultrainteract.cli.main", "synthesize", "gsm8k"),
        *("--config", str(config), "--runs", str(folder), "--run", "run"),
        *("--env", "math_cot", "--source", str(folder / "seed.jsonl")),
    ]
    root = {"PYTHONPATH": str(Path(__file__).parents[1])}
    return run(command, naming, lambda name: name != DAEMONS, root)


def _publishing(used: Used) -> float:
    return next(line.at for line in used.lines if line.text == "publishing")


def _peaks(weighed: Sequence[Weighed]) -> dict[str, float]:
    names = sorted({name for one in weighed for name in one.mb})
    return {name: round(max(one.mb.get(name, 0.0) for one in weighed)) for name in names}


def as_json(found: Resumed | Flight) -> dict[str, object]:
    """As the JSON line has it."""
    return dict(json.loads(json.dumps(found, default=vars)))
