"""Who is compared: each a command that sends the same messages to an endpoint, one call a row."""

import json
import subprocess
import sys
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ultrainteract.environment import instruct, load_environment
from ultrainteract.resources import default_cache
from ultrainteract.sampling.scripted import Rule
from ultrainteract.types import Problem, Reference

CURATOR = "0.1.31"
HERE = Path(__file__).parent
# One sample a tree, so a call a problem, and no critique after the only turn.
CONFIG = """
models: {{actor: {{model: scripted, serve: {{base_url: "{url}"{in_flight}}}}}}}
roles: {{actors: [actor], critic: actor, allow_self_critique: true}}
sampling: {{waves: [1], guided_samples: 0}}
tree: {{max_turns: 1}}
pace: {{{trees}}}
"""
# One in eight is right, and each is as long as the others.
RULES = (
    Rule(
        by_seed=True,
        replies=tuple(
            "Step 1: Write the number in base eight.\nStep 2: Its last digit is the remainder, as "
            f"all others stand for multiples of eight.\nAnswer: {digit}"
            for digit in range(8)
        ),
    ),
)


@dataclass(frozen=True)
class Rows:
    """The same problems for all: `seed` in the shape of a seed dataset, `messages` as rendered."""

    seed: Path
    messages: Path


@dataclass(frozen=True)
class Client:
    """A command for an endpoint, rows, a fresh folder and how many calls at once (0: its own
    default). `bare` ones have none."""

    name: str
    command: Callable[[str, Rows, Path, int], list[str]]
    bare: bool = False


def write_rows(folder: Path, count: int) -> Rows:
    """`count` problems, each another one."""
    folder.mkdir(parents=True)
    rows = Rows(folder / "seed.jsonl", folder / "messages.jsonl")
    environment = load_environment("math_cot")
    with rows.seed.open("w") as seed, rows.messages.open("w") as messages:
        for number in range(count):
            question = (
                f"A warehouse packs {number + 1000} bottles into crates that hold eight bottles "
                "each, and fills every crate before it opens the next one. How many bottles are "
                "left over when no further crate can be filled?"
            )
            gold = str((number + 1000) % 8)
            seed.write(json.dumps({"question": question, "answer": f"#### {gold}"}) + "\n")
            problem = Problem("gsm8k", str(number), question, Reference(gold), ("math_cot",))
            instruction = instruct(problem, "math_cot")
            opening = environment.opening(instruction, environment.schemas[0])
            said = [{"role": one.role, "content": one.content} for one in opening]
            said.append({"role": "user", "content": instruction.prompt})
            messages.write(json.dumps({"question": question, "messages": said}) + "\n")
    return rows


def clients(curator: Path) -> tuple[Client, ...]:
    """All of them; `curator` is the Python that has it."""
    return (
        Client("ultrainteract", _ours),
        Client("curator", lambda *asked: _curator(curator, *asked)),
        Client("aiohttp", lambda *asked: _bare("aiohttp", *asked), bare=True),
        Client("openai", lambda *asked: _bare("openai", *asked), bare=True),
    )


def _ours(url: str, rows: Rows, folder: Path, in_flight: int) -> list[str]:
    config = folder / "config.yaml"
    config.write_text(
        CONFIG.format(
            url=url,
            in_flight=f", in_flight: {in_flight}" if in_flight else "",
            # A tree whose only call is answered still has a verdict to record.
            trees=f"trees_in_flight: {2 * in_flight}" if in_flight else "",
        )
    )
    return [
        *(sys.executable, "-m", "ultrainteract.cli.main", "synthesize", "gsm8k"),
        *("--config", str(config), "--runs", str(folder), "--run", "run"),
        *("--env", "math_cot", "--source", str(rows.seed)),
    ]


def _curator(python: Path, url: str, rows: Rows, folder: Path, in_flight: int) -> list[str]:
    program = str(HERE / "orchestration_curator.py")
    asked = [str(python), program, url, str(rows.messages), str(folder / "cache")]
    return [*asked, str(in_flight)] if in_flight else asked


def _bare(way: str, url: str, rows: Rows, _: Path, in_flight: int) -> list[str]:
    module = "benchmarks.orchestration_bare"
    return [sys.executable, "-m", module, way, url, str(rows.messages), str(in_flight)]


def curator_python(named: str) -> Path:
    """The Python that has Curator: the one that is named, or of an environment made for it."""
    if named:
        return Path(named)
    folder = default_cache() / f"curator-{CURATOR}"
    python = folder / "bin" / "python"
    if not (folder / "complete").exists():
        print(f"installing bespokelabs-curator=={CURATOR} into {folder}", flush=True)
        venv.create(folder, with_pip=True, clear=True)
        wanted = f"bespokelabs-curator=={CURATOR}"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True)
        (folder / "complete").touch()
    return python
