"""Keeps the clock of a fed plant at the time of its stream: a stream may be a replay, or of a plant in other times."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from engine.records import SECOND_US
from engine.streams.feed import DELAY_S
from engine.streams.tended import Tended

if TYPE_CHECKING:
    from engine.streams.feed import KafkaFeed

APART_S = 15.0  # so far clock and stream may be apart: late rows and a broker's pauses are no reason to jump
LOOK_S = 0.5


class Follower:
    """Moves the runner's clock when the stream is at another time; only while readings come.

    Going back begins a new run, as always; a stream that stops leaves the clock running and its readings missing.
    """

    def __init__(self, runner: Any, feed: KafkaFeed) -> None:
        self.runner, self.feed = runner, feed
        self.jumps = 0
        self._received = 0
        self._over = threading.Event()
        self._work = Tended("faultlab-follow", self._turn)

    def start(self) -> None:
        """Begin to look twice a second."""
        self._work.start()

    def stop(self) -> None:
        """End the thread."""
        self._over.set()
        self._work.stop()

    def look(self) -> bool:
        """Move the clock if it is too far from the newest reading; returns whether it was."""
        at_us, fresh = self.feed.last_us, self.feed.received > self._received
        self._received = self.feed.received
        if at_us is None or not fresh:
            return False
        wanted = at_us - int(DELAY_S * SECOND_US)
        if abs(self.runner.clock.now_us() - wanted) <= APART_S * SECOND_US:
            return False
        self.runner.seek(wanted)
        self.jumps += 1
        return True

    def _turn(self) -> None:
        if not self._over.wait(LOOK_S):
            self.look()
