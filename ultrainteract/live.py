"""The outside world of one tree: models by name, a notebook, the graders."""

from collections.abc import Mapping

from ultrainteract.errors import SandboxFault
from ultrainteract.sampling.base import Reply, Request, Sampler
from ultrainteract.sandbox.notebook import Notebook
from ultrainteract.types import Claim, ExecResult, Verdict
from ultrainteract.verify.pool import Grader


class LiveEffects:
    """`grow.Effects` that really asks. `notebook` is None where no environment runs code."""

    def __init__(
        self, samplers: Mapping[str, Sampler], notebook: Notebook | None, grader: Grader
    ) -> None:
        self._samplers, self._notebook, self._grader = samplers, notebook, grader

    async def sample(self, request: Request) -> Reply:
        """Ask the model that the request names."""
        return await self._samplers[request.model].sample(request)

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Run code in this tree's notebook."""
        if self._notebook is None:
            raise SandboxFault("an environment without tools asked for an execution")
        return await self._notebook.execute(path, code)

    async def judge(self, claim: Claim) -> Verdict:
        """Ask a grader."""
        return await self._grader.judge(claim)
