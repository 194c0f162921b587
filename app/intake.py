"""What streams into the lab beside the plant's clock: a Kafka feed, workers' scores, and each minute's statistics."""

from __future__ import annotations

import os
from typing import Any

from engine.running.windowed import WindowBook
from engine.streams.cluster.taker import score_taker
from engine.streams.follow import Follower


class Intake:
    """Started and closed with the lab.

    Parameters
    ----------
    store, runner
        The lab's; a plant that is fed by Kafka brings its feed with it.
    """

    def __init__(self, store: Any, runner: Any) -> None:
        self.windows = WindowBook(store, lambda: runner.core.run.run)
        self.scores = score_taker(store.database, os.environ)
        self.feed = feed_of(runner.plant)
        self.follower = Follower(runner, self.feed) if self.feed is not None else None
        self._leave = runner.subscribe(self.windows.on_frame)

    def start(self) -> None:
        """Begin to compute windows and to take scores."""
        for one in (self.windows, self.scores, self.follower):
            if one is not None:
                one.start()

    def close(self) -> None:
        """End all threads; what waits is written."""
        self._leave()
        for one in (self.follower, self.feed, self.scores, self.windows):
            if one is not None:
                one.stop()

    def figures(self) -> dict[str, Any]:
        """Return figures of windows, and of feed and scores where there are any."""
        facts: dict[str, Any] = {"windows": self.windows.figures()}
        if self.feed is not None:
            facts["feed"] = {
                "received": self.feed.received,
                "refused": self.feed.refused,
                "last_refusal": self.feed.last_refusal,
                "late": self.feed.late,
                "unread": self.feed.unread,
                "waiting": self.feed.behind,
                "newest_us": self.feed.newest_us,
                "problem": self.feed.problem,
            }
        if self.scores is not None:
            facts["scores"] = self.scores.figures()
        return facts

    @property
    def problems(self) -> list[str]:
        """Why something does not stream in, one sentence each."""
        found = [one["problem"] for one in self.figures().values() if one["problem"]]
        return list(dict.fromkeys(found))


def feed_of(plant: Any) -> Any:
    """Return the Kafka feed of a plant, or None when it is simulated here."""
    return getattr(plant, "feed", None)
