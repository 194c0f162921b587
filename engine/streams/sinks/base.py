"""What every sink owes: rows in, and a count of where each of them ended up.

The contract (tested over the whole catalogue): nothing blocks in the constructor, `write` may be called from one
thread only, after `close(timeout_s)` accepted = delivered + spooled + lost, and `close` returns within its time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from engine.streams.counts import SinkCounts
from engine.streams.rows import Rows


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
