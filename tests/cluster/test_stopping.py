"""A signal drains a run, a closed terminal's as well; what is ignored stays ignored."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from ultrainteract.cluster.driver import _stop_signals


@pytest.fixture
def hangup() -> Iterator[None]:
    """What is done at a hangup is as before in the end; the tests may run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.usefixtures("hangup")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_asks_for_a_stop(number: signal.Signals) -> None:
    stop, said = asyncio.Event(), list[str]()
    with _stop_signals(stop, said.append):
        os.kill(os.getpid(), number)
        await asyncio.wait_for(stop.wait(), 10)
    assert ["nothing new starts" in line for line in said] == [True]


@pytest.mark.usefixtures("hangup")
async def test_a_run_under_nohup_outlives_its_terminal() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with _stop_signals(asyncio.Event(), print):
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
