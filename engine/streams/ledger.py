"""The books of a stream: what was produced, and where each row ended up."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass
class Ledger:
    """Rows by where they ended up; `balanced` says that nothing is unaccounted for.

    Parameters
    ----------
    produced
        Rows that the source made.
    delivered
        Rows that the other side confirmed (written, acknowledged, answered with 2xx).
    queued
        Rows still in memory.
    spooled
        Rows on disk, waiting to be delivered.
    dropped
        Rows that the queue's policy gave up.
    lost
        Rows that a sink gave up: refused by the other side, or the spool was full.
    recovered
        Rows of an earlier run found in the spool at the start.
    """

    produced: int = 0
    delivered: int = 0
    queued: int = 0
    spooled: int = 0
    dropped: int = 0
    lost: int = 0
    recovered: int = 0

    @property
    def balanced(self) -> bool:
        """Whether produced + recovered = delivered + queued + spooled + dropped + lost."""
        ends = self.delivered + self.queued + self.spooled + self.dropped + self.lost
        return self.produced + self.recovered == ends

    def lines(self) -> list[str]:
        """Return the books as text, one line for each figure."""
        figures = [f"{name:>10}  {count:>12,}" for name, count in asdict(self).items()]
        return [*figures, f"{'balance':>10}  {'even' if self.balanced else 'NOT EVEN':>12}"]
