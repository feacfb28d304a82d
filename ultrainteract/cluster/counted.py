"""Counts of what a worker really asked, and their way to Prometheus through Ray's agents."""

from collections import Counter
from collections.abc import Mapping

from ray.util import metrics

from ultrainteract.grow import Effects
from ultrainteract.report.snapshot import GAUGES, METRICS, Count
from ultrainteract.sampling.base import Reply, Request
from ultrainteract.types import Claim, ExecResult, Verdict

_PREFIX = "ultrainteract_"


class Counted:
    """`grow.Effects` that counts what comes back of others."""

    def __init__(self, effects: Effects, counts: Counter[Count]) -> None:
        self._effects, self._counts = effects, counts

    async def sample(self, request: Request) -> Reply:
        """Ask a model."""
        reply = await self._effects.sample(request)
        counts, model = self._counts, request.model
        counts["calls", model] += 1
        counts["tokens", model, "prompt"] += reply.usage.prompt_tokens
        counts["tokens", model, "completion"] += reply.usage.completion_tokens
        if missing := request.n - len(reply.choices):
            counts["samples_lost", model] += missing
        return reply

    async def execute(self, path: tuple[str, ...], code: str) -> ExecResult:
        """Run code."""
        result = await self._effects.execute(path, code)
        self._counts["executions", result.outcome] += 1
        return result

    async def judge(self, claim: Claim) -> Verdict:
        """Ask a grader."""
        verdict = await self._effects.judge(claim)
        self._counts["verdicts", verdict.judgement] += 1
        return verdict


class Exporter:
    """One process's metrics for Prometheus, as `ultrainteract_...`."""

    def __init__(self) -> None:
        self._counters = {
            name: metrics.Counter(f"{_PREFIX}{name}", description=words, tag_keys=labels)
            for name, (words, labels) in METRICS.items()
        }
        self._gauges = {
            name: metrics.Gauge(f"{_PREFIX}{name}", description=words, tag_keys=labels)
            for name, (words, labels) in GAUGES.items()
        }

    def add(self, counts: Mapping[Count, float]) -> None:
        """What was counted since the last time."""
        for (name, *values), much in counts.items():
            # Ray refuses to count nothing.
            if much:
                self._counters[name].inc(much, tags=_tags(METRICS[name][1], values))

    def show(self, gauges: Mapping[Count, float]) -> None:
        """What is under way now."""
        for (name, *values), much in gauges.items():
            self._gauges[name].set(much, tags=_tags(GAUGES[name][1], values))


def _tags(labels: tuple[str, ...], values: list[str]) -> dict[str, str]:
    return dict(zip(labels, values, strict=True))
