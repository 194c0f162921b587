"""What every sink owes: rows in, and a count of where each of them ended up.

The contract (tested over the whole catalogue): nothing blocks in the constructor, `write` may be called from one
thread only, after `close(timeout_s)` accepted = delivered + spooled + lost, and `close` returns within its time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from engine.streams.rows import Rows


@dataclass
class SinkCounts:
    """Rows by where they ended up; what is in none of the last three is in flight."""

    accepted: int = 0
    delivered: int = 0
    spooled: int = 0
    lost: int = 0
    recovered: int = 0
    retries: int = 0
    blocked_s: float = 0.0

    @property
    def in_flight(self) -> int:
        """Rows that are in memory, not confirmed yet."""
        return self.accepted + self.recovered - self.delivered - self.spooled - self.lost


@dataclass
class Sink(ABC):
    """Takes rows and delivers them."""

    name: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def write(self, rows: Rows) -> None:
        """Take rows; may wait, which is how backpressure reaches the source."""

    @abstractmethod
    def close(self, timeout_s: float = 10.0) -> None:
        """Deliver what is in flight, spool or count the rest, and release everything; may be called twice."""

    @property
    @abstractmethod
    def counts(self) -> SinkCounts:
        """Return the counters at this moment."""

    def flush(self) -> None:
        """Push out what is buffered; sinks without a buffer do nothing."""
        return
