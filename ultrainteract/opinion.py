"""A judge model's opinion, where a problem has no ground truth.

It gates what becomes an SFT row; nothing it turns down is called wrong, so no pair comes of it
(arXiv 2404.02078, section 2: Magicoder-Evol-Instruct).
"""

import re
from collections.abc import Callable
from typing import Protocol

from ultrainteract.config import RunConfig
from ultrainteract.ladder import request_seed
from ultrainteract.prompts import Prompt
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.types import Instruction, Judgement, Message, Verdict

_DECISION = re.compile(r"^\W*(?:verdict|decision)\W+(yes|no)\b", re.IGNORECASE | re.MULTILINE)


class _Effects(Protocol):
    async def sample(self, request: Request) -> Reply: ...


async def ask_opinion(
    instruction: Instruction,
    text: str,
    config: RunConfig,
    effects: _Effects,
    count_losses: Callable[[Request, Reply], None],
) -> Verdict:
    """CORRECT where the judge's last decision line says yes, else UNVERIFIED with the reason."""
    model = config.roles.judge or config.roles.critic
    request = Request(
        model=model,
        messages=(
            Message("system", Prompt.load("opinion/judge").render()),
            Message(
                "user",
                Prompt.load("opinion/attempt").render(statement=instruction.statement, action=text),
            ),
        ),
        n=1,
        seed=request_seed(config, instruction.id, 0, "opinion", text),
        temperature=0.0,
        top_p=1.0,
        max_tokens=config.sampling.critic_max_tokens,
    )
    reply = await effects.sample(request)
    count_losses(request, reply)
    said = _DECISION.findall(reply.choices[0].text) if reply.choices else []
    grader = f"model {model}"
    if said and said[-1].lower() == "yes":
        return Verdict(Judgement.CORRECT, "opinion", grader)
    reason = "the judge turned it down" if said else "the judge gave no decision"
    return Verdict(Judgement.UNVERIFIED, "opinion", grader, reason)
