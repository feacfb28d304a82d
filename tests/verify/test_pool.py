import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ultrainteract.errors import GraderFault, UnknownName
from ultrainteract.types import Claim, Judgement
from ultrainteract.verify import kinds
from ultrainteract.verify.kinds import Kind
from ultrainteract.verify.pool import GRADER_VERSION, Grader

SLOW = """
import ctypes, os, time
from ultrainteract.verify.finding import Finding, found

def judge(predicted, gold, context):
    if predicted == "spin":
        while True: pass
    if predicted == "spin in C":
        9 ** 9 ** 9
    if predicted == "eat":
        "x" * (1 << 40)
    if predicted == "crash":
        ctypes.string_at(0)
    if predicted == "raise":
        raise KeyError("a grader's own fault")
    if predicted == "wait":
        open(gold, "w").close()
        time.sleep(600)
    return found("probe", equal=True, reason=str(os.getpid()))
"""


@pytest.fixture
async def grader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Grader]:
    (tmp_path / "slow_probe.py").write_text(SLOW)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    kinds.register("probe", Kind(lambda _predicted, _gold, _context: None, "slow_probe:judge"))
    grader = Grader(processes=1, seconds=0.5, memory_mb=512)
    yield grader
    await grader.close()


def probe(predicted: str, gold: str = "") -> Claim:
    return Claim("probe", predicted, gold)


async def test_a_verdict_names_its_rule_and_the_grader() -> None:
    grader = Grader()
    verdict = await grader.judge(Claim("math", "2*sqrt(3)", r"\sqrt{12}"))
    await grader.close()
    assert verdict.judgement is Judgement.CORRECT
    assert (verdict.rule, verdict.grader) == ("value", GRADER_VERSION)


async def test_the_exact_stage_starts_no_process() -> None:
    grader = Grader()
    assert (await grader.judge(Claim("math", "", "5"))).rule == "empty"
    assert not grader._idle
    await grader.close()


async def test_an_unknown_kind_is_an_error_that_names_the_known_ones(grader: Grader) -> None:
    with pytest.raises(UnknownName, match="did you mean 'math'"):
        await grader.judge(Claim("maths", "1", "1"))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("spin", "time"),
        ("spin in C", "time"),
        ("eat", "memory"),
        ("crash", "crash"),
        ("raise", "fault"),
    ],
)
async def test_a_claim_that_breaks_its_worker_is_unverified_and_the_next_is_judged(
    grader: Grader, text: str, rule: str
) -> None:
    verdict = await grader.judge(probe(text))
    assert (verdict.judgement, verdict.rule) == (Judgement.UNVERIFIED, rule)
    assert verdict.reason
    assert (await grader.judge(probe("good"))).judgement is Judgement.CORRECT


async def test_a_worker_is_used_again(grader: Grader) -> None:
    assert len({(await grader.judge(probe("pid"))).reason for _ in range(3)}) == 1


async def test_claims_queue_for_the_workers(grader: Grader) -> None:
    verdicts = await asyncio.gather(*(grader.judge(probe(str(n))) for n in range(8)))
    assert len({verdict.reason for verdict in verdicts}) == 1


async def test_a_worker_ended_from_outside_is_replaced_and_the_claim_asked_again(
    grader: Grader,
) -> None:
    first = await grader.judge(probe("pid"))
    os.kill(int(first.reason), signal.SIGKILL)
    second = await grader.judge(probe("pid"))
    assert second.judgement is Judgement.CORRECT
    assert second.reason != first.reason


async def test_workers_ended_from_outside_again_and_again_are_a_fault(
    grader: Grader, tmp_path: Path
) -> None:
    os.mkfifo(mark := tmp_path / "running")
    judged = asyncio.create_task(grader.judge(probe("wait", str(mark))))
    for _ in range(2):
        await asyncio.to_thread(mark.read_bytes)
        for worker in list(grader._busy):
            worker.signal_kill()
    with pytest.raises(GraderFault, match="ended from outside"):
        await judged


async def test_a_cancelled_claim_leaves_no_answer_for_the_next(
    grader: Grader, tmp_path: Path
) -> None:
    os.mkfifo(mark := tmp_path / "running")
    judged = asyncio.create_task(grader.judge(probe("wait", str(mark))))
    await asyncio.to_thread(mark.read_bytes)
    judged.cancel()
    with pytest.raises(asyncio.CancelledError):
        await judged
    assert (await grader.judge(probe("good"))).judgement is Judgement.CORRECT


async def test_a_worker_that_cannot_start_is_a_fault_and_no_verdict(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    grader = Grader()
    with pytest.raises(GraderFault, match="could be started"):
        await grader.judge(Claim("math", "x+x", "2x"))
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(GraderFault, match="did not come up"):
        await grader.judge(Claim("math", "x+x", "2x"))
    await grader.close()


async def test_no_worker_outlives_the_grader(grader: Grader) -> None:
    pid = int((await grader.judge(probe("pid"))).reason)
    await grader.close()
    await grader.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    with pytest.raises(GraderFault, match="closed"):
        await grader.judge(probe("late"))
