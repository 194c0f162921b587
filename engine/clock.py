"""Plant time as a function of wall time: speed, pause, step and seek, with nothing added up that could drift.

The clock holds one anchor (a wall time and the plant time that belongs to it); every question is answered from it, so
a thousand questions give the same answer as one and a late thread never makes the plant slow.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from engine.errors import ParameterError
from engine.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Callable

SLOWEST, FASTEST = 0.1, 10_000.0


class Clock:
    """A simulated clock; wall time is passed in as a function, so that tests own it.

    Parameters
    ----------
    wall
        Returns wall time in seconds, never going backwards.
    speed
        Seconds of plant time per second of wall time, 0.1 to 10,000.
    start_us
        Plant time at the beginning, microseconds since the epoch.
    paused
        Whether the clock stands still at the beginning.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.monotonic,
        speed: float = 1.0,
        start_us: int = 0,
        paused: bool = False,
    ) -> None:
        self.wall = wall
        self._lock = threading.RLock()
        self._speed = checked_speed(speed)
        self._paused = paused
        self._anchor_wall = wall()
        self._anchor_us = int(start_us)

    @property
    def speed(self) -> float:
        return self._speed

    @property
    def paused(self) -> bool:
        return self._paused

    def now_us(self) -> int:
        """Return plant time in microseconds."""
        with self._lock:
            if self._paused:
                return self._anchor_us
            passed_s = max(0.0, self.wall() - self._anchor_wall)
            return self._anchor_us + math.floor(passed_s * self._speed * SECOND_US + 1e-3)

    def wall_of(self, at_us: int) -> float:
        """Return the wall time at which plant time reaches `at_us`; infinity while paused and not there yet."""
        with self._lock:
            if self._paused:
                return self._anchor_wall if at_us <= self._anchor_us else math.inf
            return self._anchor_wall + (at_us - self._anchor_us) / (self._speed * SECOND_US)

    def set_speed(self, speed: float) -> None:
        """Run at another speed from now on; plant time does not jump.

        Raises
        ------
        ParameterError
            When the speed is outside 0.1 to 10,000.
        """
        checked = checked_speed(speed)
        with self._lock:
            self._anchor_here()
            self._speed = checked

    def pause(self) -> None:
        """Stand still."""
        with self._lock:
            self._anchor_here()
            self._paused = True

    def resume(self) -> None:
        """Go on from where the clock stands."""
        with self._lock:
            self._anchor_here()
            self._paused = False

    def step(self, span_us: int) -> None:
        """Move plant time forward by `span_us` microseconds, running or paused."""
        if span_us < 0:
            raise ParameterError(f"span_us must be 0 or more, got {span_us!r}.")
        with self._lock:
            self._anchor_here()
            self._anchor_us += int(span_us)

    def seek(self, at_us: int) -> None:
        """Set plant time, forward or back."""
        with self._lock:
            self._anchor_wall = self.wall()
            self._anchor_us = int(at_us)

    def _anchor_here(self) -> None:
        now_us = self.now_us()
        self._anchor_wall = self.wall()
        self._anchor_us = now_us


def checked_speed(speed: float) -> float:
    """Return the speed, or raise ParameterError when it is outside 0.1 to 10,000."""
    try:
        number = float(speed)
    except (TypeError, ValueError):
        number = math.nan
    if not SLOWEST <= number <= FASTEST:
        raise ParameterError(f"speed must be from {SLOWEST:g} to {FASTEST:,.0f}, got {speed!r}.")
    return number
