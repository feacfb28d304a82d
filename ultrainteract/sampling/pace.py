"""How many requests one endpoint takes at once, found out while asking it.

Three signs move the limit. vLLM's own gauges, where it shows them: more while nothing queues, less
when a queue lasts or sequences are preempted. Else throughput: a step up stays if it brought more
tokens a second, a step down if it cost none; latency is counted for each token, so that long
replies are no sign of load. And refusals (HTTP 429), which also set a ceiling for a while.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from ultrainteract.sampling.gauges import Gauges

START, MOST = 32, 4096
_UP, _DOWN = 1.25, 0.8
_FEWEST = 16
_PATIENCE, _LONGEST_PATIENCE = 4, 32
_GAUGE_SECONDS, _FULL = 5.0, 0.9
_CEILING_SECONDS, _LONGEST_CEILING_SECONDS = 10.0, 320.0


class _Phase(StrEnum):
    """What the present limit is: the next doubling, one that stays, a step to be judged."""

    RAMP = "ramp"
    HOLD = "hold"
    HIGHER = "higher"
    LOWER = "lower"


# What the rate must be, in proportion to the one before, for a step to stay.
_ENOUGH = {_Phase.RAMP: 1.3, _Phase.HIGHER: 1.1, _Phase.LOWER: 0.95}
_NEARLY_ALL = 1.2


@dataclass
class _Window:
    """Replies to requests that were sent under the present limit."""

    replies: int = 0
    seconds: float = 0.0
    tokens: float = 0.0


@dataclass(frozen=True)
class _Known:
    """What a limit brought, in tokens a second."""

    limit: int
    rate: float


@dataclass
class _Queue:
    """The most that ran and the least that waited since a moment."""

    since: float
    running: float
    waiting: float


class Pace:
    """`limit` for one endpoint, and `epoch`, which counts its changes.

    Who sends calls `sent` and remembers the epoch; what comes back is told with that epoch, since
    a reply says something about the limit that it was sent under.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.limit, self.epoch = START, 0
        self._phase, self._next = _Phase.RAMP, _Phase.HIGHER
        self._window, self._most_sent = _Window(), 0
        self._known: _Known | None = None
        self._held, self._patience = 0, _PATIENCE
        self._cut_at = 0
        self._ceiling, self._ceiling_until = MOST, 0.0
        self._ceiling_seconds = _CEILING_SECONDS
        self._gauged, self._preemptions = False, 0.0
        self._queue: _Queue | None = None

    @property
    def ramping(self) -> bool:
        """Whether it still doubles."""
        return self._phase is _Phase.RAMP

    def sent(self, in_flight: int) -> int:
        """A request goes out, `in_flight` with it; returns the epoch."""
        self._most_sent = max(self._most_sent, in_flight)
        return self.epoch

    def answered(self, epoch: int, seconds: float, tokens: float) -> None:
        """A reply, and the tokens of one of its choices."""
        if epoch != self.epoch or self._gauged:
            return
        window = self._window
        window.replies += 1
        window.seconds += seconds
        window.tokens += max(1.0, tokens)
        # What a doubling added was sent at once; its other half comes only after what was there.
        if window.replies < max(_FEWEST, self.limit // (2 if self.ramping else 1)):
            return
        used, self._most_sent, self._window = self._used, 0, _Window()
        if used:
            # By Little's law, from the latency alone: gaps in the demand do not count.
            self._judge(self.limit * window.tokens / max(window.seconds, 1e-9))

    def refused(self, epoch: int, in_flight: int, *, for_load: bool) -> None:
        """Not now, said the endpoint: because of the load (429), or because it is not ready.

        Of those that were sent before the last such cut nothing new is heard.
        """
        if epoch < self._cut_at:
            return
        # Answers that came together with the refusal are counted as gone: the most that was sent is
        # what was too much.
        was = min(self.limit, max(in_flight, self._most_sent))
        if for_load:
            again = was * _UP >= self._ceiling
            wait = 2 * self._ceiling_seconds if again else _CEILING_SECONDS
            self._ceiling_seconds = min(_LONGEST_CEILING_SECONDS, wait)
            self._ceiling = max(1, int(0.9 * was))
            self._ceiling_until = self._clock() + self._ceiling_seconds
        self._known, self._held, self._patience = None, 0, 1
        self._phase = _Phase.HOLD if for_load else _Phase.RAMP
        self._move(0.7 * was)
        self._cut_at = self.epoch

    def gauged(self, gauges: Gauges, in_flight: int, sequences: int) -> None:
        """What the server says now, while `in_flight` requests for `sequences` texts are there."""
        preempted = self._gauged and gauges.preemptions > self._preemptions
        self._gauged, self._preemptions = True, gauges.preemptions
        used, self._most_sent = self._used, in_flight
        queue = self._lasting(gauges)
        if in_flight > self.limit:
            return  # the last cut has not come to bear
        seen = gauges.running + gauges.waiting >= 0.75 * sequences
        if preempted:
            self._settle(0.9 * in_flight)
        elif queue and queue.waiting > max(4, 0.5 * queue.running):
            self._settle(in_flight * _UP * queue.running / (queue.running + queue.waiting))
        elif used and seen and gauges.waiting <= 0.1 * gauges.running and gauges.cache < _FULL:
            self._move(self.limit * (2 if self.ramping else _UP))

    def _lasting(self, gauges: Gauges) -> _Queue | None:
        """The queue over some seconds, once they are over.

        A prompt waits for its turn to be read even where there is room, so a moment says little.
        """
        now = self._clock()
        queue = self._queue or _Queue(now, 0.0, gauges.waiting)
        queue.running = max(queue.running, gauges.running)
        queue.waiting = min(queue.waiting, gauges.waiting)
        over = now - queue.since >= _GAUGE_SECONDS
        self._queue = None if over else queue
        return queue if over else None

    @property
    def _used(self) -> bool:
        return self._most_sent >= 0.8 * self.limit

    def _judge(self, rate: float) -> None:
        """A window has closed: `rate` tokens a second under the present limit."""
        known = self._known
        if self._phase is _Phase.HOLD:
            mean = (known.rate + rate) / 2 if known and known.limit == self.limit else rate
            self._known = _Known(self.limit, mean)
            self._held += 1
            if self._held >= self._patience:
                self._phase = self._next
                self._move(self.limit * (_UP if self._next is _Phase.HIGHER else _DOWN))
        elif known is None or rate >= _ENOUGH[self._phase] * known.rate:
            self._known = _Known(self.limit, rate)
            self._stay(rate / known.rate if known else 2.0)
        else:
            self._next = _Phase.LOWER if self._phase is _Phase.HIGHER else _Phase.HIGHER
            self._patience = min(_LONGEST_PATIENCE, 2 * self._patience)
            self._settle(known.limit)

    def _stay(self, gain: float) -> None:
        """The step was good: the rate is `gain` times what it was."""
        if self._phase is not _Phase.LOWER and gain >= _NEARLY_ALL:
            # There may be far more.
            self._phase = _Phase.RAMP
            self._move(2 * self.limit)
            return
        self._next, self._held = self._phase, 0
        self._patience = 1 if self._phase is _Phase.HIGHER else _PATIENCE
        self._phase = _Phase.HOLD

    def _settle(self, limit: float) -> None:
        self._phase, self._held, self._queue = _Phase.HOLD, 0, None
        self._move(limit)

    def _move(self, limit: float) -> None:
        if limit > self._ceiling < MOST and self._clock() >= self._ceiling_until:
            self._ceiling = max(self._ceiling + 1, int(self._ceiling * _UP))
            self._ceiling_until = self._clock() + self._ceiling_seconds
        self.limit = max(1, min(int(limit), self._ceiling, MOST))
        self.epoch += 1
        self._window, self._most_sent = _Window(), 0
