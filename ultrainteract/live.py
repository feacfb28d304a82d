"""The outside world of one tree: models by name, a notebook with its tools, the graders."""

import json
from collections.abc import Mapping
from dataclasses import replace

from ultrainteract.claims import ANY_ANSWER, PROGRAM
from ultrainteract.errors import SandboxFault
from ultrainteract.programs.grader import grade
from ultrainteract.programs.suite import read_suite
from ultrainteract.sampling.base import Reply, Request, Sampler
from ultrainteract.sandbox.base import Sandbox
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.types import Claim, ExecResult, Judgement, Verdict, digest
from ultrainteract.verify.pool import Grader


class LiveEffects:
    """`grow.Effects` that really asks. `sandbox` is None where no environment runs code; then
    `notebook` is."""

    def __init__(
        self,
        samplers: Mapping[str, Sampler],
        sandbox: Sandbox | None,
        notebook: Notebook | None,
        grader: Grader,
        scope: str = "",
    ) -> None:
        """`scope` keeps equal gradings of different trees apart in the sandbox."""
        self._samplers, self._sandbox, self._notebook = samplers, sandbox, notebook
        self._grader, self._scope = grader, scope

    async def sample(self, request: Request) -> Reply:
        """Ask the model that the request names."""
        return await self._samplers[request.model].sample(request)

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Run code in this tree's notebook."""
        if self._notebook is None:
            raise SandboxFault("an environment without tools asked for an execution")
        return await self._notebook.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        """Ask a grader; a program's tests run in the sandbox, apart from the notebook."""
        if claim.kind != PROGRAM:
            return await self._grader.judge(claim)
        if self._sandbox is None:
            raise SandboxFault("an environment without tools submitted a program")
        suite = read_suite(json.loads(claim.gold))
        grading = await grade(self._sandbox, claim.predicted, suite, digest([self._scope, claim]))
        verdict = grading.verdict()
        differs = verdict.judgement is Judgement.INCORRECT and grading.rule == "answer"
        if differs and claim.context == ANY_ANSWER:
            return replace(verdict, judgement=Judgement.UNVERIFIED)
        return verdict
