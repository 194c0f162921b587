"""What may be said while work can still be handed in: too little to tune by.

Exact points and counts after each of a dozen attempts let a student search for the best threshold without looking at
the data. While an assignment is open its points follow the Ladder rule of the boards over the person's own attempts,
and nothing else is told.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from engine.classroom.boards import OPEN_STEP, ladder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.classroom.feedback import Counts

NOTE = (
    "While work is open, points are shown in steps of a tenth and only when an attempt gains a whole step; all numbers "
    "come when it closes."
)


def while_open(counts: Counts, shares: Sequence[float]) -> Counts:
    """Return the counts without anything to tune by; `shares` are the person's attempts in order, 0 to 1 each."""
    if counts.points is None:
        return counts
    shown = (ladder([min(1.0, share) for share in shares], OPEN_STEP) or [0.0])[-1]
    bare = {"found": None, "of": None, "false": None, "duplicates": None, "lines": (), "comments": ()}
    return replace(counts, **bare, points=round(shown * counts.out_of, 6), notes=(*counts.notes, NOTE))  # type: ignore[arg-type]
