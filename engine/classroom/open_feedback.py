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
    from collections.abc import Callable, Sequence

    from engine.classroom.feedback import Counts

NOTE = (
    "While work is open, points are shown in steps of a tenth and only when an attempt gains a whole step; all numbers "
    "come when it closes."
)
_BARE = {"found": None, "of": None, "false": None, "duplicates": None, "lines": (), "comments": ()}


def while_open(counts: Counts, attempts: Callable[[], Sequence[float] | None]) -> Counts:
    """Return the counts without anything to tune by.

    `attempts` gives the person's attempts in order, 0 to 1 each, or None while they are not graded yet; it is asked
    only where points are told.
    """
    if counts.points is None:
        return counts
    shares = attempts()
    if shares is None:
        return replace(counts, **_BARE, points=None, pending=True)  # type: ignore[arg-type]
    shown = (ladder([min(1.0, share) for share in shares], OPEN_STEP) or [0.0])[-1]
    return replace(counts, **_BARE, points=round(shown * counts.out_of, 6), notes=(*counts.notes, NOTE))  # type: ignore[arg-type]
