"""A run from seed to dataset: the engine behind `ultrainteract synthesize`.

Opens or resumes the run folder, loads the problems, grows their trees, publishes what has
ended. The same request again resumes, and finds nothing to do once all is done.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

from ultrainteract.budget import bill, price_table
from ultrainteract.cluster.accounts import Accounts
from ultrainteract.cluster.backlog import Backlog
from ultrainteract.cluster.beginning import SynthesisRequest, begin, check_names
from ultrainteract.cluster.chronicle import Chronicle
from ultrainteract.cluster.driver import Drive, drive, ray_session
from ultrainteract.cluster.log import Progress, RunLog
from ultrainteract.cluster.pilot import Pilot
from ultrainteract.cluster.rounds import Work
from ultrainteract.config import RunConfig
from ultrainteract.dataset.publish import publish
from ultrainteract.dataset.tally import Published
from ultrainteract.environment import load_environment
from ultrainteract.forecast import Forecast
from ultrainteract.layers.recall import finished_trees
from ultrainteract.push.stamp import stamp_of, write_stamp
from ultrainteract.report.about import about_run
from ultrainteract.report.stats import TreeStats
from ultrainteract.run_folder import RunFolder, misfit_notice, open_run
from ultrainteract.sandbox.backends import image_of
from ultrainteract.select.pass_rate import RULE as PASS_RATE
from ultrainteract.select.selection import Reason, Removal
from ultrainteract.tree import PreferenceTree
from ultrainteract.types import Spent, StopReason
from ultrainteract.verify.pool import GRADER_VERSION


@dataclass
class Summary:
    """What the run came to. `unfinished` counts instructions whose trees have not ended."""

    request: SynthesisRequest
    drive: Drive = field(default_factory=Drive)
    stats: TreeStats = field(default_factory=TreeStats)
    spent: dict[str, Spent] = field(default_factory=dict)
    executions: int = 0
    seconds: float = 0.0
    unfinished: int = 0
    resumed: int = 0
    """Trees that an earlier run had grown."""
    published: Published | None = None
    forecast: Forecast | None = None
    too_easy: list[Removal] = field(default_factory=list)
    """Problems that the filter model takes away."""

    @property
    def cost(self) -> float:
        """Money, by the prices of the configuration."""
        return bill(self.spent, price_table(self.request.config)).money


def synthesize(request: SynthesisRequest, progress: Progress) -> Summary:
    """Run or resume. Raises `UserError` for what the user must mend first, `Fault` otherwise."""
    started = time.monotonic()
    check_names(request)
    summary = Summary(request)
    with open_run(request.folder) as run, RunLog(run.path) as log:
        progress = log.beside(progress)
        begin(request, run, progress.say)
        pilot = Pilot(run.journal, request.pilot) if request.pilot else None
        among = pilot or run.journal
        trees, summary.resumed = among.trees(), among.grown()
        waiting = trees - summary.resumed
        accounts = Accounts.of(request.config, run.journal.spent() if waiting else {})
        if waiting and (limit := accounts.spent_up):
            summary.drive = Drive(limit=limit)
        elif waiting:
            with Chronicle(log, trees, summary.resumed, accounts) as chronicle:
                backlog = Backlog(among.waiting(), waiting, run.journal.touched)
                summary.drive = _grow(request, run, backlog, progress, chronicle, started)
        if pilot:
            summary.unfinished = trees - pilot.grown()
            if not summary.unfinished:
                pilot.keep_pace(summary.drive, request.config, waiting)
            summary.forecast = pilot.forecast(request.config)
        else:
            _publish(request, run, summary, progress)
        summary.spent = run.journal.spent()
        summary.executions = run.journal.count("execute")
    summary.seconds = time.monotonic() - started
    return summary


def _grow(
    request: SynthesisRequest,
    run: RunFolder,
    backlog: Backlog,
    progress: Progress,
    chronicle: Chronicle,
    started: float,
) -> Drive:
    config = request.config
    journal = run.journal
    uses_code = any(load_environment(one).tools for one in journal.waiting_in())
    if uses_code:
        journal.note("image", asyncio.run(image_of(config.pace)))
    journal.note("grader", GRADER_VERSION)
    journal.note("version", version("ultrainteract"))

    def serving(origins: Mapping[str, str]) -> None:
        for name, origin in origins.items():
            journal.note(f"weights:{name}", origin)

    work = Work(
        config=config,
        endpoints={},
        plugins=tuple(str(path.absolute()) for path in request.plugins),
        uses_code=uses_code,
        logs=str(run.logs),
    )
    if expectation := expected_on_cpu(config, backlog.waiting):
        progress.say(expectation)
    progress.say("starting Ray")
    with ray_session(request.ray_address):
        return asyncio.run(drive(run.path, backlog, work, progress, chronicle, serving, started))


def expected_on_cpu(config: RunConfig, trees: int) -> str:
    """What a run whose vLLM has no GPU will take, in words; empty for other runs.

    Seen on 2 cores with a model of 1.5B: 20 tokens/s for a batch, 200 tokens an action.
    """
    serves = [config.models[name].serve for name in config.used_models()]
    if not any(serve.device == "cpu" and not serve.base_url for serve in serves):
        return ""
    actions = sum(config.sampling.waves) * config.tree.max_turns * trees
    minutes = max(1, round(actions * 220 / 20 / 60))
    return (
        f"vLLM on the CPU, small on purpose: {trees} trees of at most {config.tree.max_turns} "
        f"turns, {sum(config.sampling.waves)} samples a turn, {config.sampling.max_tokens} tokens "
        f"an action: about {minutes} minutes on 2 cores at most. LIMIT=n, ENV=..., "
        "--set sampling.waves=[...] and the like make it larger or smaller"
    )


def _publish(
    request: SynthesisRequest, run: RunFolder, summary: Summary, progress: Progress
) -> None:
    grown, drive = run.journal.grown(), summary.drive
    summary.unfinished = run.journal.trees() - grown
    # What a budget paid for is published, although trees are open.
    stopped = drive.fatal or (drive.drained and not drive.limit)
    if stopped or not grown:
        return
    progress.say("publishing")
    about = about_run(run.journal, request.config)
    misfits: list[str] = []
    finished = finished_trees(run.journal, request.config, misfits)
    trees = summary.stats.watch(_sieved(finished, summary))
    summary.published = publish(trees, run.dataset, about, request.config.pace.test_fraction)
    run.write_too_easy(summary.too_easy)
    if misfits:
        run.journal.reopen(misfits)
        summary.unfinished += len(misfits)
        progress.say(misfit_notice(run.journal, len(misfits)))
    write_stamp(run.dataset, stamp_of(run.journal))


def _sieved(trees: Iterable[PreferenceTree], summary: Summary) -> Iterator[PreferenceTree]:
    """Without those that the filter model found too easy, which are noted."""
    for tree in trees:
        if tree.stop is not StopReason.TOO_EASY:
            yield tree
            continue
        asked = tree.instruction
        reason = Reason(PASS_RATE, f"{tree.remark} in {asked.environment}")
        gone = Removal(asked.problem_id, asked.dataset, asked.native_id, reason)
        summary.too_easy.append(gone)
