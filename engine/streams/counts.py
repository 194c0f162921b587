"""Where rows ended up on their way out."""

from __future__ import annotations

from dataclasses import dataclass


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
