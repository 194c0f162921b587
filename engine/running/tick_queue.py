"""The bounded queue between plant and detectors: what happens on overload is chosen and counted.

No reading is ever lost here: a dropped tick is one that the detectors do not see; it is still stored and shown,
without scores. In ticks: produced = delivered + dropped + queued.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.errors import ParameterError

if TYPE_CHECKING:
    from engine.records import Block

POLICIES = ("block", "drop_oldest", "drop_newest")


@dataclass
class Piece:
    """A block in the queue; `scored` is False once overload took it from the detectors."""

    block: Block
    scored: bool = True


class TickQueue:
    """Blocks that wait for the detectors.

    Parameters
    ----------
    most_ticks
        Ticks that may wait for scoring.
    policy
        On overload: "block" (plant time waits, and the clock slips), "drop_oldest" or "drop_newest".
    """

    def __init__(self, most_ticks: int = 8192, policy: str = "block") -> None:
        if policy not in POLICIES:
            raise ParameterError(f"policy must be one of: {', '.join(POLICIES)}, got {policy!r}.")
        self.most_ticks, self.policy = most_ticks, policy
        self._pieces: deque[Piece] = deque()
        self.produced = self.delivered = self.dropped = self.queued = 0

    @property
    def room(self) -> int | None:
        """How many ticks may be produced now; None = any number, the policy takes care of too many."""
        return max(0, self.most_ticks - self.queued) if self.policy == "block" else None

    def put(self, block: Block) -> None:
        """Add produced ticks."""
        n = len(block)
        self.produced += n
        if self.policy == "drop_newest" and self.queued + n > self.most_ticks:
            self._pieces.append(Piece(block, scored=False))
            self.dropped += n
            return
        self._pieces.append(Piece(block))
        self.queued += n
        if self.policy == "drop_oldest":
            self._drop_oldest()

    def get(self) -> Piece | None:
        """Return the next piece in the order of time, or None; the caller delivers it."""
        if not self._pieces:
            return None
        piece = self._pieces.popleft()
        if piece.scored:
            self.queued -= len(piece.block)
            self.delivered += len(piece.block)
        return piece

    def _drop_oldest(self) -> None:
        waiting = (piece for piece in self._pieces if piece.scored)
        while self.queued > self.most_ticks:
            piece = next(waiting)
            piece.scored = False
            self.queued -= len(piece.block)
            self.dropped += len(piece.block)

    def figures(self) -> dict[str, int | str]:
        """Return the counters, in ticks."""
        return {
            "produced": self.produced,
            "delivered": self.delivered,
            "dropped": self.dropped,
            "queued": self.queued,
            "room_for": self.most_ticks,
            "policy": self.policy,
        }
