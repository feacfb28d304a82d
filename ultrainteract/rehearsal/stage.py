"""Where cases are played: turns of the real loop, whose model says what the case has it say.

Notebook, tools, graders and tests are those of a run; searches find the problem's own passages.
"""

from dataclasses import dataclass
from typing import Self

from ultrainteract.budget import Metered
from ultrainteract.config import RunConfig, SearchConfig
from ultrainteract.config_file import parse_config
from ultrainteract.environment import instruct, load_environment
from ultrainteract.errors import Fault
from ultrainteract.grow import Turn
from ultrainteract.ladder import Purpose, Wave
from ultrainteract.live import LiveEffects
from ultrainteract.rehearsal.case import Case
from ultrainteract.sampling.scripted import Rule, RuleScript, ScriptedSampler
from ultrainteract.sandbox.backends import make_sandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.sandbox.tools import HostTool
from ultrainteract.search.searcher import Searcher
from ultrainteract.tree import Node, PreferenceTree, feedback
from ultrainteract.types import digest
from ultrainteract.verify.pool import Grader

ACTOR, JUDGE = "actor", "judge"
# The demonstration would answer where a case is silent.
SILENT = "(nothing)"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a case: `complaints` are empty where it held. `node` is None after a fault."""

    environment: str
    case: Case
    node: Node | None
    complaints: tuple[str, ...]


class Stage:
    """Plays cases one after the other: equal programs of two cases are graded under one seed."""

    def __init__(self, config: RunConfig) -> None:
        """Sandbox and limits are those of `config`; its models are not asked."""
        self._config = _without_models(config)
        # It starts nothing before code is to run.
        self._sandbox = make_sandbox(config.sandbox.limits(), config.pace)
        self._grader = Grader()
        self._searcher = Searcher(SearchConfig(source="passages"))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._grader.close()
        await self._searcher.close()
        await self._sandbox.close()

    async def play(self, environment: str, case: Case) -> Outcome:
        """Read, run and judge a reply, and compare with what is expected.

        Raises SetupError where there is no sandbox; a fault fails the case, as what it is.
        """
        try:
            node = await self._node(environment, case)
        except Fault as fault:
            return Outcome(environment, case, None, (f"{type(fault).__name__}: {fault}",))
        return Outcome(environment, case, node, tuple(_complaints(case, node)))

    async def _node(self, environment: str, case: Case) -> Node:
        tree = PreferenceTree(instruct(case.problem.problem(environment), environment))
        search = self._searcher.tool(tree.instruction.meta.get("context", ""))

        async def wikipedia_search(query: str) -> str:
            return await search(query)

        offered = {tool.name for tool in load_environment(environment).tools}
        tools = [HostTool(wikipedia_search)] if "wikipedia_search" in offered else []
        notebook = Notebook(self._sandbox, digest([environment, case.name]), tools=tools)
        try:
            for reply in case.earlier:
                node = await self._turn(tree, case, reply, notebook, "stop")
                tree.close_turn(expanded=node)
            reason = "length" if case.truncated else "stop"
            return await self._turn(tree, case, case.reply, notebook, reason)
        finally:
            await notebook.close()

    async def _turn(
        self, tree: PreferenceTree, case: Case, reply: str, notebook: Notebook, reason: str
    ) -> Node:
        said = {ACTOR: (reply, reason), JUDGE: (case.opinion or SILENT, "stop")}
        samplers = {
            name: ScriptedSampler(
                name,
                self._config.models[name],
                RuleScript((Rule(replies=(text,), finish_reason=ended),)),
            )
            for name, (text, ended) in said.items()
        }
        effects = LiveEffects(samplers, self._sandbox, notebook, self._grader)
        environment = load_environment(tree.instruction.environment)
        turn = Turn(tree, environment, self._config, Metered(effects))
        await turn.draw(Wave(Purpose.ACTOR, ACTOR, 0, 1, 0))
        return turn.nodes[0]


def _without_models(config: RunConfig) -> RunConfig:
    data = config.model_dump(exclude={"models", "roles", "budget"})
    models = {name: {"model": name, "kind": "scripted"} for name in (ACTOR, JUDGE)}
    roles = {"actors": [ACTOR], "critic": JUDGE}
    # A reply is cut by its stop strings only.
    data["sampling"]["max_tokens"] = 1_000_000
    return parse_config({**data, "models": models, "roles": roles}, "the rehearsal")


def _complaints(case: Case, node: Node) -> list[str]:
    follows = feedback(node, None)
    found = []
    if node.kind is not case.kind:
        found.append(f"{node.kind}, not {case.kind}")
    if node.judgement is not case.judgement:
        found.append(f"{node.judgement}, not {case.judgement}")
    if case.rule and (node.verdict is None or node.verdict.rule != case.rule):
        found.append(f"decided by {node.verdict.rule if node.verdict else None}, not {case.rule}")
    found += [f"{text!r} is not told" for text in case.shows if text not in follows]
    told = f"{node.action.text}\n{follows}"
    return found + [f"{text!r} is not hidden" for text in case.hides if text in told]
