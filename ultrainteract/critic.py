"""Incorrect action and observation in, critique out: drawn again while it leaks, then masked.

The critic sees the reference; what it says must not let the actor copy the answer
(arXiv 2404.02078, section 2). A critic that gives nothing costs the tree its critique only.
"""

from collections.abc import Callable
from typing import Protocol

from ultrainteract.claims import kind_of
from ultrainteract.config import RunConfig
from ultrainteract.environment import Environment
from ultrainteract.ladder import request_seed
from ultrainteract.leak import find_leaks, mask
from ultrainteract.sampling.base import Choice, Reply, Request
from ultrainteract.tree import Node
from ultrainteract.types import Claim, Critique, ExecResult, Instruction, Verdict


class _Effects(Protocol):
    async def sample(self, request: Request) -> Reply: ...

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult: ...

    async def judge(self, claim: Claim) -> Verdict: ...


async def criticise(
    instruction: Instruction,
    node: Node,
    environment: Environment,
    config: RunConfig,
    effects: _Effects,
    count_losses: Callable[[Request, Reply], None],
) -> Critique | None:
    """A critique without a leak; None when every draw was lost or empty.

    `count_losses` hears of every request and its reply. Up to `sampling.critic_draws` drafts; the
    last one is masked if all of them leak.
    """

    async def execute(code: str) -> ExecResult:
        return await effects.execute((), code)

    sampling = config.sampling
    messages = environment.criticise(instruction, node)
    critique = None
    for draw in range(sampling.critic_draws):
        request = Request(
            model=config.roles.critic,
            messages=messages,
            n=1,
            seed=request_seed(config, instruction.id, node.turn, "critique", draw),
            temperature=sampling.critic_temperature,
            top_p=sampling.top_p,
            max_tokens=sampling.critic_max_tokens,
        )
        reply = await effects.sample(request)
        count_losses(request, reply)
        text = _whole_sentences(reply.choices[0]) if reply.choices else ""
        if not text:
            continue
        redrawn = critique.redrawn + 1 if critique else 0
        runner = execute if environment.tools else None
        leaks = await find_leaks(text, instruction, kind_of(instruction), effects.judge, runner)
        critique = Critique(mask(text, leaks), config.roles.critic, redrawn, len(leaks))
        if not leaks:
            break
    return critique


def _whole_sentences(choice: Choice) -> str:
    """The text, without a last sentence that the token limit cut."""
    text = choice.text.strip()
    if choice.finish_reason != "length":
        return text
    end = max(text.rfind(mark) for mark in (". ", ".\n", "! ", "? ", "\n"))
    return text[: end + 1].strip() if end > 0 else text
