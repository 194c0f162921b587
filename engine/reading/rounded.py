"""Times that a spreadsheet rounded: 1.76757E+12 is no moment any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.reading.evidence import CANNOT_USE

if TYPE_CHECKING:
    from engine.reading.clock import Clock
    from engine.reading.evidence import Notes
    from engine.records import IntArray


def is_rounded(clock: Clock, parted: IntArray) -> bool:
    """Tell whether a counted clock stands still over many rows and then jumps: its last digits were lost."""
    if "since" not in clock.how or clock.good.sum() < 8:
        return False
    mine = clock.us[clock.good]
    parts = len(np.unique(parted))
    return len(np.unique(mine)) * parts < 0.2 * len(mine)


def say_rounded(name: str, notes: Notes) -> None:
    """Name the cause and the cure."""
    text = (
        f"The times in {name} were rounded by a spreadsheet (such as 1.76757E+12); export them again. "
        "Until then rows are taken as one second apart."
    )
    notes.say(CANNOT_USE, text)
