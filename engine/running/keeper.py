"""Runs the store's retention: after every hour of plant time, but not more often than every ten seconds."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from engine.records import HOUR_US
from engine.store.retention import Retention, figures_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from engine.store.store import Store

log = logging.getLogger(__name__)
LEAST_WALL_S = 10.0


class Keeper:
    """Starts retention when it is due; it runs on the store's writer thread.

    Parameters
    ----------
    wall
        Wall time in seconds.
    rules
        How long what is kept.
    """

    def __init__(self, store: Store, wall: Callable[[], float], rules: Retention | None = None) -> None:
        self.store, self.wall, self.rules = store, wall, rules or Retention()
        self.rows_deleted = self.passes = 0
        self.problem = ""
        self._next_wall = wall()
        self._next_us: int | None = None
        self._running: Future[tuple[int, int]] | None = None

    def keep_if_due(self, plant: str, now_us: int) -> None:
        """Start a pass when one is due and none is on its way."""
        if self._running is not None:
            if not self._running.done():
                return
            self._note(self._running)
            self._running = None
        if self.wall() < self._next_wall or (self._next_us is not None and 0 <= self._next_us - now_us <= HOUR_US):
            return
        self._next_wall, self._next_us = self.wall() + LEAST_WALL_S, now_us + HOUR_US
        self._running = self.store.retain(plant, self.rules, wait=False)

    def figures(self) -> dict[str, Any]:
        """Return the rules, passes made, raw rows deleted and the last problem."""
        done = {"passes": self.passes, "rows_deleted": self.rows_deleted, "problem": self.problem}
        return {**figures_of(self.rules), **done}

    def _note(self, done: Future[tuple[int, int]]) -> None:
        problem = done.exception()
        self.problem = "" if problem is None else str(problem)
        if problem is not None:
            log.error("old readings could not be rolled up: %s", problem)
            return
        self.passes += 1
        self.rows_deleted += done.result()[0]
