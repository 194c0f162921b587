"""Turns one machine's scores of one detector into raise and clear events, the same for any block size.

A Schmitt trigger (on at the threshold, off below the dead band) with on-delay, confirmation and off-delay. The block
is cut into stretches of condition and calm with arrays; only the borders of stretches are walked one by one, so a
quiet hour costs as much as a quiet second.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.records import MAINTENANCE, SECOND_US

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.alarming.rules import AlarmRules
    from engine.records import FloatArray, IntArray, StatusArray


class Event(NamedTuple):
    """What the trigger saw: kind raise, active, suppress or clear; ticks tick ≤ i < until; `at_us` onset or end."""

    tick: int
    kind: str
    until: int = 0
    at_us: int = 0
    peak: float = 0.0
    peak_us: int = 0


@dataclass
class Trigger:
    """The state of one machine and one detector between blocks.

    Parameters
    ----------
    high, since_us
        Whether the condition holds, and from when it holds (or calm does).
    seen
        Readings at or above the threshold in this excursion.
    raised
        Whether an alarm stands.
    """

    rules: AlarmRules
    high: bool = False
    since_us: int = 0
    seen: int = 0
    raised: bool = False
    suppressed: bool = False
    peak: float = 0.0
    peak_us: int = 0

    @property
    def idle(self) -> bool:
        """Whether only a score at the threshold can make anything happen."""
        return not self.high and not self.raised

    def advance(self, times: IntArray, scores: FloatArray, status: StatusArray, threshold: float) -> list[Event]:
        """Return the events of a block; `scores` (n_ticks,), NaN = not scored (the condition stays as it was).

        A delay is over at the first tick after it that was scored: what nobody saw neither raises nor clears.
        """
        stopped = status == MAINTENANCE
        above = (scores >= threshold) & ~stopped
        calm = (scores < threshold * (1.0 - self.rules.hysteresis) - self.rules.deadband) | stopped
        events: list[Event] = []
        for start, stop, high in _stretches(above, calm, self.high):
            if high != self.high:
                self.high, self.since_us = high, int(times[start])
                self.seen, self.peak, self.peak_us = 0, 0.0, int(times[start])
            if high:
                self._excursion(events, times, scores, above, start, stop)
            elif self.raised:
                self._calm(events, times, stopped, stopped | ~np.isnan(scores), start, stop)
        return events

    def _excursion(
        self,
        events: list[Event],
        times: IntArray,
        scores: FloatArray,
        above: npt.NDArray[np.bool_],
        start: int,
        stop: int,
    ) -> None:
        first = start
        if not self.raised:
            first = _first(~np.isnan(scores), self._raise_tick(times, above, start, stop), stop)
            self._note_peak(times, scores, start, min(first + 1, stop))
            if first < stop:
                events.append(Event(first, "raise", first + 1, self.since_us, self.peak, self.peak_us))
                self.raised = True
        self.suppressed = False
        self.seen += int(above[start:stop].sum())
        if first < stop:
            events.append(Event(first, "active", stop))

    def _raise_tick(self, times: IntArray, above: npt.NDArray[np.bool_], start: int, stop: int) -> int:
        """Return the first tick of the stretch at which delay and confirmation are both reached, or `stop`."""
        ready_us = self.since_us + round(self.rules.on_delay_s * SECOND_US)
        by_delay = start + int(np.searchsorted(times[start:stop], ready_us, side="left"))
        seen = self.seen + np.cumsum(above[start:stop])
        by_count = start + int(np.searchsorted(seen, self.rules.confirm, side="left"))
        return min(max(by_delay, by_count), stop)

    def _calm(
        self,
        events: list[Event],
        times: IntArray,
        stopped: npt.NDArray[np.bool_],
        scored: npt.NDArray[np.bool_],
        start: int,
        stop: int,
    ) -> None:
        over_us = self.since_us + round(self.rules.off_delay_s * SECOND_US)
        end = _first(scored, start + int(np.searchsorted(times[start:stop], over_us, side="left")), stop)
        until_clear = stopped[start : min(end + 1, stop)]
        if not self.suppressed and until_clear.any():
            events.append(Event(start + int(until_clear.argmax()), "suppress"))
            self.suppressed = True
        if end < stop:
            events.append(Event(end, "clear", at_us=self.since_us))
            self.raised = self.suppressed = False

    def _note_peak(self, times: IntArray, scores: FloatArray, start: int, stop: int) -> None:
        if start < stop and not np.isnan(scores[start:stop]).all():
            at = start + int(np.nanargmax(scores[start:stop]))
            if scores[at] > self.peak:
                self.peak, self.peak_us = float(scores[at]), int(times[at])


def _first(scored: npt.NDArray[np.bool_], tick: int, stop: int) -> int:
    """Return the first tick from that one on that was scored, or `stop`."""
    there = np.flatnonzero(scored[tick:stop])
    return tick + int(there[0]) if len(there) else stop


def _stretches(above: npt.NDArray[np.bool_], calm: npt.NDArray[np.bool_], high: bool) -> list[tuple[int, int, bool]]:
    """Return (start, stop, condition holds) of each stretch; ticks in the dead band belong to what was before."""
    decided = np.flatnonzero(above | calm)
    states = above[decided]
    turns = np.flatnonzero(np.diff(np.concatenate(([high], states)).astype(np.int8)))
    borders = [0, *decided[turns].tolist(), len(above)]
    found = []
    for i in range(len(borders) - 1):
        if borders[i] < borders[i + 1]:
            found.append((borders[i], borders[i + 1], high ^ (i % 2 == 1)))
    return found
