"""The loop: sample, act, judge, pair, critique, expand (arXiv 2404.02078, section 2).

A tree is a pure function of an instruction, a configuration and the effects it asked for. What
samples, runs and judges is behind `Effects`; this module knows no network and no container.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Protocol, TypeVar

from ultrainteract.budget import Metered
from ultrainteract.claims import OPINION, kind_of
from ultrainteract.config import RunConfig
from ultrainteract.critic import criticise
from ultrainteract.early import all_correct, never_correct
from ultrainteract.environment import Environment, Reading, load_environment
from ultrainteract.ladder import Purpose, Wave, lot, next_wave, request_seed
from ultrainteract.opinion import ask_opinion
from ultrainteract.pairing import pair_up
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.sieve import sieve
from ultrainteract.test_writing import with_tests
from ultrainteract.tree import Node, PreferenceTree
from ultrainteract.types import (
    Action,
    Claim,
    ExecResult,
    Instruction,
    Judgement,
    Loss,
    Message,
    NodeKind,
    Observation,
    Outcome,
    Sampling,
    StopReason,
    Verdict,
)

T = TypeVar("T")

# The rule of a verdict on a submitted program that is none: it reaches no pair.
UNPARSED = "tests:syntax"


class Effects(Protocol):
    """The outside world, as one tree sees it. Each method may raise `Fault` or `Draining`."""

    async def sample(self, request: Request) -> Reply:
        """Ask a model."""
        ...

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Run `code` in the notebook that has run the codes of `path`."""
        ...

    async def judge(self, claim: Claim) -> Verdict:
        """Ask a grader."""
        ...


def unwatched(_: PreferenceTree) -> None:
    """Nobody looks."""


async def grow_tree(
    instruction: Instruction,
    config: RunConfig,
    effects: Effects,
    watch: Callable[[PreferenceTree], None] = unwatched,
) -> PreferenceTree:
    """The whole tree of one instruction; `watch` gets it while it is bare. Raises what `effects`
    raises."""
    environment = load_environment(instruction.environment)
    metered = Metered(effects)
    tested = await with_tests(instruction, config, metered)
    open_turn = partial(Turn, environment=environment, config=config, effects=metered)
    tree = PreferenceTree(tested or instruction, stop=None if tested else StopReason.NO_TESTS)
    watch(tree)
    if tested:
        await sieve(tree, config, open_turn)
    while tree.stop is None:
        turn = open_turn(tree)
        while tree.stop is None and (wave := turn.next_wave()):
            if metered.exceeds(config):
                tree.stop = StopReason.TREE_BUDGET
            else:
                await turn.draw(wave)
        if turn.asked:
            await turn.close()
    tree.spent = metered.spending()
    return tree


class Turn:
    """One turn while it is open."""

    def __init__(
        self, tree: PreferenceTree, environment: Environment, config: RunConfig, effects: Metered
    ) -> None:
        self.tree, self.environment, self.config, self.effects = tree, environment, config, effects
        self.number = len(tree.turns) + 1
        self.history = tree.history(self.number)
        setup = environment.setup(tree.instruction)
        self.codes = (*([setup] if setup else []), *_ran(tree.spine()))
        self.guides = environment.guides(tree.instruction)
        self.paired = kind_of(tree.instruction) != OPINION
        self.asked: list[Wave] = []
        self.nodes: list[Node] = []

    def next_wave(self) -> Wave | None:
        """The next wave, None when the turn has what it needs."""
        draw = partial(self._lot, "wave", len(self.asked))
        return next_wave(self.config, self.guides, self.asked, self.nodes, draw, paired=self.paired)

    async def draw(self, wave: Wave) -> None:
        """Sample a wave, run and judge its actions, add the nodes in order of the draws."""
        self.asked.append(wave)
        guidance = await self._guidance(wave)
        if guidance is None:
            return
        schemas = self._schemas(wave)
        requests = {schema: self._request(wave, schema, guidance, schemas) for schema in schemas}
        answers = await _together([self.effects.sample(one) for one in requests.values()])
        replies = dict(zip(requests, answers, strict=True))
        for schema, reply in replies.items():
            self._count_losses(requests[schema], reply)
        choices = {schema: iter(reply.choices) for schema, reply in replies.items()}
        drawn: list[tuple[Sampling, Choice]] = []
        for draw, schema in enumerate(schemas, wave.first):
            if choice := next(choices[schema], None):
                asked = wave, draw, schema, requests[schema], replies[schema]
                drawn.append((self._sampling(*asked, choice), choice))
        acted = await _together([self._act(sampling, choice) for sampling, choice in drawn])
        self.nodes += [self.tree.add(*parts) for parts in acted]

    async def close(self) -> None:
        """Pair, criticise, expand; or stop the tree, with its reason."""
        rng = self._lot("pair")
        pairing = pair_up(self.nodes, self.guides, self.config.roles.rejected, rng)
        chosen, rejected = pairing.chosen, pairing.rejected
        steps = [node for node in self.nodes if node.kind is NodeKind.STEP]
        expanded = rejected or (rng.choice(steps) if steps and not chosen else None)
        critique = None
        self.tree.stop = self.tree.stop or self._stop(expanded)
        if self.tree.stop:
            expanded = None
        elif rejected and expanded is rejected:
            critique = await criticise(
                self.tree.instruction,
                rejected,
                self.environment,
                self.config,
                self.effects,
                self._count_losses,
            )
        self.tree.close_turn(
            chosen=chosen,
            rejected=rejected if chosen else None,
            expanded=expanded,
            critique=critique,
            further=pairing.further,
        )

    def _stop(self, expanded: Node | None) -> StopReason | None:
        """Why the tree ends with this turn; None where the next turn continues `expanded`."""
        if self.number >= self.config.tree.max_turns:
            return StopReason.MAX_TURNS
        if expanded is None:
            if all_correct(self.config, self.nodes):
                return StopReason.ALL_CORRECT_EARLY
            judged = {node.judgement for node in self.nodes if node.kind is NodeKind.ANSWER}
            right = judged == {Judgement.CORRECT}
            return StopReason.ALL_CORRECT if right else StopReason.NOTHING_TO_EXPAND
        if never_correct(self.config, self.tree.nodes):
            return StopReason.NEVER_CORRECT
        return StopReason.TREE_BUDGET if self.effects.exceeds(self.config) else None

    async def _act(
        self, sampling: Sampling, choice: Choice
    ) -> tuple[NodeKind, Action, Observation, Verdict | None]:
        instruction, truncated = self.tree.instruction, choice.finish_reason == "length"
        reading = self.environment.read(instruction, choice.text, truncated=truncated)
        action = Action(reading.text, reading.code, sampling)
        if reading.kind is NodeKind.MALFORMED:
            return NodeKind.MALFORMED, action, Observation(reading.reason), None
        result = None
        observation = Observation()
        if reading.code and not reading.submitted:
            result = await self.effects.execute(self.codes, reading.code)
            observation = Observation(result.output, result.outcome)
            if result.outcome is Outcome.SYNTAX:
                return NodeKind.MALFORMED, action, observation, None
            if reading.kind is NodeKind.STEP:
                return NodeKind.STEP, action, observation, None
            if result.outcome is not Outcome.OK:
                failed = Verdict(Judgement.INCORRECT, "program", "outcome", result.outcome)
                return NodeKind.ANSWER, action, observation, failed
        claim = self.environment.claim(instruction, reading, result)
        if claim is None:
            return NodeKind.STEP, action, observation, None
        verdict = await self._judge(claim, reading)
        if reading.submitted:
            observation = Observation(verdict.shown)
        malformed = reading.submitted and verdict.rule == UNPARSED
        kind = NodeKind.MALFORMED if malformed else NodeKind.ANSWER
        return kind, action, observation, None if malformed else verdict

    async def _judge(self, claim: Claim, reading: Reading) -> Verdict:
        if claim.kind != OPINION:
            return await self.effects.judge(claim)
        return await ask_opinion(
            self.tree.instruction, reading.text, self.config, self.effects, self._count_losses
        )

    async def _guidance(self, wave: Wave) -> str | None:
        """What the guide adds to the system prompt; None when its draft is of no use."""
        if wave.guide is None:
            return ""
        draft = ""
        if wave.guide.draft:
            messages = (Message("user", wave.guide.draft),)
            request = self._ask(wave.model, messages, 1, "draft", wave.first)
            reply = await self.effects.sample(request)
            self._count_losses(request, reply)
            # Half a program is no program to build on.
            whole = [one.text for one in reply.choices if one.finish_reason != "length"]
            draft = whole[0] if whole else ""
        return self.environment.guided(self.tree.instruction, wave.guide, draft) or None

    def _schemas(self, wave: Wave) -> list[str]:
        """A reasoning schema for each sample, by lot."""
        schemas = self.environment.schemas
        if len(schemas) == 1:
            return [*schemas] * wave.n
        return self._lot("schema", wave.first).choices(schemas, k=wave.n)

    def _request(self, wave: Wave, schema: str, guidance: str, schemas: Sequence[str]) -> Request:
        """One request for all samples of a schema, so that its prompt is read once."""
        messages = (
            *self.environment.opening(self.tree.instruction, schema, guidance),
            *self.history,
        )
        n = schemas.count(schema)
        return self._ask(wave.model, messages, n, schema, wave.first)

    def _ask(self, model: str, messages: tuple[Message, ...], n: int, *purpose: object) -> Request:
        sampling = self.config.sampling
        return Request(
            model=model,
            messages=messages,
            n=n,
            seed=request_seed(
                self.config, self.tree.instruction.id, self.number, "request", *purpose
            ),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.max_tokens,
            stop=self.environment.stop,
        )

    @staticmethod
    def _sampling(
        wave: Wave, draw: int, schema: str, request: Request, reply: Reply, choice: Choice
    ) -> Sampling:
        # Endpoints count the tokens of a request, not of a choice: share them out by length.
        letters = sum(len(one.text) for one in reply.choices) or 1
        tokens = round(reply.usage.completion_tokens * len(choice.text) / letters)
        return Sampling(
            model=wave.model,
            rung=wave.rung,
            draw=draw,
            schema=schema,
            seed=request.seed,
            temperature=request.temperature,
            guided=wave.guide.name if wave.guide and wave.purpose is Purpose.GUIDED else "",
            finish_reason=choice.finish_reason,
            completion_tokens=tokens,
        )

    def _lot(self, *purpose: object) -> random.Random:
        return lot(self.config, self.tree.instruction.id, self.number, *purpose)

    def _count_losses(self, request: Request, reply: Reply) -> None:
        if missing := request.n - len(reply.choices):
            reason = reply.lost or "the endpoint sent fewer choices than asked for"
            self.tree.losses.append(Loss(self.number, request.model, missing, reason))


async def _together(awaited: Sequence[Awaitable[T]]) -> list[T]:
    # A task costs more than what is there already.
    return [await awaited[0]] if len(awaited) == 1 else await asyncio.gather(*awaited)


def _ran(spine: Sequence[Node]) -> Iterator[str]:
    """The codes that the notebook has run; what was submitted ran elsewhere."""
    return (node.action.code for node in spine if node.observation.outcome is not None)
