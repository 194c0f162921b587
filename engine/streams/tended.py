"""A thread that nothing ends but its owner: what one turn of its work raises is counted, shown and survived."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from engine.errors import LabError
from engine.streams.backoff import Backoff

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
TRIES = 3


def _nothing() -> None:
    """Do nothing."""


class Tended:
    """Turns of work on a thread of their own, again and again until `stop`.

    Parameters
    ----------
    turn
        One turn; it waits for its work itself, but never for ever.
    recover
        Called after a turn that failed, such as closing a connection.
    skip
        Called instead of trying once more, after `TRIES` turns in a row that ended in a defect of ours: what cannot
        be worked on must not come again for ever. What a person can mend (LabError) is tried for as long as it takes.
    at_end
        Called once, on the thread, when it ends.
    """

    def __init__(
        self,
        name: str,
        turn: Callable[[], object],
        recover: Callable[[], object] = _nothing,
        skip: Callable[[], object] = _nothing,
        at_end: Callable[[], object] = _nothing,
        backoff: Backoff | None = None,
    ) -> None:
        self.problem = ""
        self.failures = self.skipped = 0
        self._turn, self._recover, self._skip, self._at_end = turn, recover, skip, at_end
        self._backoff = backoff or Backoff(0.5, 10.0)
        self._in_a_row = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._started = False

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin; returns at once."""
        self._started = True
        self._thread.start()

    def stop(self, timeout_s: float = 10.0) -> None:
        """End the thread after the turn that is under way. May be called twice."""
        self._stop.set()
        if self._started:
            self._thread.join(timeout_s)

    def look_once(self) -> float:
        """Do one turn; returns the seconds to wait before the next."""
        try:
            self._turn()
        except LabError as problem:
            if str(problem) != self.problem:
                log.warning("%s", problem)
            self.problem = str(problem)
        except Exception as problem:
            self._survive(problem)
        else:
            self.problem, self._in_a_row = "", 0
            self._backoff.reset()
            return 0.0
        self._try(self._recover)
        return self._backoff.next_s()

    def _survive(self, problem: Exception) -> None:
        self.failures += 1
        self._in_a_row += 1
        self.problem = f"A defect of the lab ({type(problem).__name__}); it goes on, and the log has the details."
        log.error("%s failed and goes on", self._thread.name, exc_info=problem)
        if self._in_a_row >= TRIES:
            self._in_a_row = 0
            self.skipped += 1
            log.error("%s skips what failed %d times", self._thread.name, TRIES)
            self._try(self._skip)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:
            log.exception("%s cannot recover yet", self._thread.name)

    def _run(self) -> None:
        wait = 0.0
        while not self._stop.wait(wait) if wait else not self._stop.is_set():
            wait = self.look_once()
        self._try(self._at_end)
