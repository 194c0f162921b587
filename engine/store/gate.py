"""Who reads now: readers are counted, and asked to stop when the connection must be theirs no longer.

DuckDB refuses to close a connection while a cursor of it is in a query, and leaves it half closed. So whoever renews
the connection goes first: new readers wait, running ones are interrupted until none is left.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from engine.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AGAIN_S = 0.05  # an interrupt that came before the query had begun is lost, so it is repeated
LONGEST_WAIT_S = 30.0


class Interruptible(Protocol):
    """What a reader reads with."""

    def interrupt(self) -> None: ...


class Gate:
    """Many readers, or the one who renews what they read from; that one is preferred."""

    def __init__(self, longest_wait_s: float = LONGEST_WAIT_S, wall: Callable[[], float] = time.monotonic) -> None:
        self._longest_wait_s, self._wall = longest_wait_s, wall
        self._changed = threading.Condition()
        self._reading: dict[object, Interruptible] = {}
        self._renewing = False

    @property
    def reading(self) -> int:
        """How many read now."""
        return len(self._reading)

    @contextmanager
    def reader(self, cursor: Callable[[], Interruptible]) -> Iterator[Interruptible]:
        """Read with what `cursor()` returns.

        Raises
        ------
        StoreError
            When the connection is being renewed for longer than anybody should wait.
        """
        place = object()
        with self._changed:
            if not self._changed.wait_for(lambda: not self._renewing, self._longest_wait_s):
                raise StoreError("The store is just being renewed; ask again in a moment.")
            held = self._reading[place] = cursor()
        try:
            yield held
        finally:
            with self._changed:
                del self._reading[place]
                self._changed.notify_all()

    @contextmanager
    def alone(self, longest_s: float = 10.0) -> Iterator[bool]:
        """Keep readers out and stop those that read; yields whether all have gone within that time."""
        with self._changed:
            self._changed.wait_for(lambda: not self._renewing)
            self._renewing = True
        try:
            yield self._emptied(longest_s)
        finally:
            with self._changed:
                self._renewing = False
                self._changed.notify_all()

    def _emptied(self, longest_s: float) -> bool:
        last = self._wall() + longest_s
        with self._changed:
            while self._reading and self._wall() < last:
                for held in self._reading.values():
                    held.interrupt()
                self._changed.wait(AGAIN_S)
            return not self._reading
