"""A run folder of many finished trees, made through the code that a run goes through, without Ray.

The script answers in the growing processes; recorder, grader's exact stage, journal and selection
are the real ones. What is recorded is what `ultrainteract synthesize` would have recorded.
"""

import asyncio
import json
from collections.abc import Iterator, Mapping
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import TypeAlias

from ultrainteract.cluster.beginning import SynthesisRequest, begin
from ultrainteract.config import RunConfig
from ultrainteract.grow import grow_tree
from ultrainteract.journal import Effect, End
from ultrainteract.live import LiveEffects
from ultrainteract.recorder import Recorder
from ultrainteract.run_folder import open_run
from ultrainteract.sampling.scripted import ScriptedSampler
from ultrainteract.types import Instruction
from ultrainteract.verify.pool import Grader

_PAGE = 200
Page: TypeAlias = tuple[RunConfig, list[Instruction]]
Grown: TypeAlias = tuple[list[Effect], dict[str, End]]


class _Open:
    draining = False


def write_seed(path: Path, problems: int) -> None:
    """A seed file in gsm8k's shape whose sums the script knows how to answer, sometimes."""
    with path.open("w") as file:
        for number in range(problems):
            one, other = 1000 + number, 7 * number % 9973
            question = (
                f"A library counts its books twice a year. In spring there were {one} books on the "
                f"shelves of the ground floor and {other} on those above, and none was lent. "
                f"What is {one} + {other}? Give the number of books as an integer."
            )
            answer = (
                f"The floors are counted apart, so the two numbers are added. {one} + {other} = "
                f"{one + other}.\n#### {one + other}"
            )
            file.write(json.dumps({"question": question, "answer": answer}) + "\n")


def build(request: SynthesisRequest, processes: int, leave: int = 0) -> int:
    """Grow all trees but the last `leave`; returns how many effects were recorded."""
    effects = 0
    with open_run(request.folder) as run, get_context("spawn").Pool(processes) as pool:
        begin(request, run, lambda _: None)
        wanted = islice(run.journal.instructions(), run.journal.trees() - leave)
        for recorded, ended in pool.imap_unordered(_grow_page, _pages(request.config, wanted)):
            run.journal.record(recorded, ended)
            effects += len(recorded)
    return effects


def _pages(config: RunConfig, instructions: Iterator[Instruction]) -> Iterator[Page]:
    while page := list(islice(instructions, _PAGE)):
        yield config, page


def _grow_page(page: Page) -> Grown:
    return asyncio.run(_grow(*page))


async def _grow(config: RunConfig, instructions: list[Instruction]) -> Grown:
    effects: list[Effect] = []
    ended: dict[str, End] = {}
    known: Mapping[tuple[str, str], bytes] = {}
    samplers = {name: ScriptedSampler(name, config.models[name]) for name in config.used_models()}
    live = LiveEffects(samplers, None, None, Grader())

    async def write(effect: Effect) -> bytes:
        effects.append(effect)
        return effect.data

    for one in instructions:
        tree = await grow_tree(one, config, Recorder(one.id, config, known, live, write, _Open()))
        ended[one.id] = End(str(tree.stop), tree.calls)
    return effects, ended
