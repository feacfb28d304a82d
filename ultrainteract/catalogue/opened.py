"""One tree as its record tells it so far, with every model call behind it.

A finished tree is whole; of one that grows there is what its record reaches.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ultrainteract.config import RunConfig
from ultrainteract.grow import Effects
from ultrainteract.journal import Journal
from ultrainteract.ladder import request_seed
from ultrainteract.recorder import Unrecorded, replay
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import Claim, ExecResult, Instruction, Spent, Verdict


@dataclass(frozen=True, slots=True)
class Call:
    """A model call: what was asked, exactly, and what came. `turn` is 0 before the first one;
    `nodes` are the actions that came of it."""

    number: int
    turn: int
    purpose: str
    request: Request
    reply: Reply
    nodes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Opened:
    """A tree to look at. `effects` are recorded of it; `stop` says why it ended, None while it has
    not; `whole` is False where its record does not reach its end."""

    tree: PreferenceTree
    calls: tuple[Call, ...]
    effects: int
    stop: str | None
    whole: bool

    @property
    def state(self) -> str:
        """A word for it: `waiting`, `growing`, why it ended, or that its record does not fit."""
        if self.stop is None:
            return "growing" if self.effects else "waiting"
        return self.stop if self.whole else "misfit"

    def calls_of(self, node: Node) -> tuple[Call, ...]:
        """Those that made an action: one."""
        return tuple(call for call in self.calls if node.id in call.nodes)


@dataclass
class _Watched:
    """Effects that remember the calls, and in which turn they were."""

    effects: Effects
    tree: PreferenceTree | None = None
    asked: dict[Request, tuple[int, Reply]] = field(default_factory=dict)

    async def sample(self, request: Request) -> Reply:
        reply = await self.effects.sample(request)
        turn = len(self.tree.turns) + 1 if self.tree else 0
        self.asked.setdefault(request, (turn, reply))
        return reply

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        return await self.effects.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        return await self.effects.judge(claim)


def open_tree(journal: Journal, tree: str, config: RunConfig) -> Opened:
    """The tree of that id. Raises KeyError where the run has no such instruction."""
    instruction = journal.instruction(tree)
    effects, stop = journal.standing(tree)
    watched: list[_Watched] = []

    def through(effects: Effects) -> Effects:
        watched.append(_Watched(effects))
        return watched[0]

    def watch(bare: PreferenceTree) -> None:
        watched[0].tree = bare

    async def read() -> bool:
        try:
            await replay(journal, instruction, config, through, watch)
        except Unrecorded:
            return False
        return True

    whole = asyncio.run(read()) if effects else False
    grown = watched[0].tree if watched else None
    asked = watched[0].asked if watched else {}
    shown = grown or PreferenceTree(instruction)
    if not whole:
        # A tree says what it spent once it has ended.
        shown.spent = _spent(asked)
    return Opened(shown, tuple(_calls(shown, asked, config)), effects, stop, whole)


def _spent(asked: Mapping[Request, tuple[int, Reply]]) -> dict[str, Spent]:
    spent: dict[str, Spent] = {}
    for request, (_, reply) in asked.items():
        one = spent.get(request.model, Spent())
        spent[request.model] = Spent(
            one.calls + 1, one.usage + reply.usage, one.seconds + reply.seconds
        )
    return spent


def _calls(
    tree: PreferenceTree, asked: Mapping[Request, tuple[int, Reply]], config: RunConfig
) -> Iterator[Call]:
    for number, (request, (turn, reply)) in enumerate(asked.items()):
        nodes = tuple(node.id for node in tree.nodes if _made(node, turn, request))
        purpose = _purpose(tree.instruction, turn, request, config)
        yield Call(number, turn, "actions" if nodes else purpose, request, reply, nodes)


def _made(node: Node, turn: int, request: Request) -> bool:
    drawn = node.action.sampling
    return (node.turn, drawn.model, drawn.seed) == (turn, request.model, request.seed)


def _purpose(instruction: Instruction, turn: int, request: Request, config: RunConfig) -> str:
    """What a call was for that no action came of, told by how it was made."""
    if not turn:
        return "tests"
    draws = range(config.sampling.critic_draws)
    seeds = (request_seed(config, instruction.id, turn, "critique", draw) for draw in draws)
    if request.model == config.roles.critic and request.seed in seeds:
        return "critique"
    if request.temperature == 0 and request.model == (config.roles.judge or config.roles.critic):
        return "opinion"
    if config.select.sieves and turn == 1:
        return "filter"
    # What a guide builds on is asked for without the system's part.
    return "draft" if len(request.messages) == 1 else "lost actions"
