"""Files whose rows are cycles: one sensor, its samples side by side; asked about, never guessed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.cells import Cells, RawTable
from engine.reading.evidence import CHOOSE, FIXED

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.reading.profile import Profile
    from engine.reading.table import Upright

LEAST_SAMPLES = 20


def ask_about_cycles(profile: Profile) -> None:
    """Ask where many columns without names or clock look like one curve: neighbours alike, all on one scale."""
    if profile.upright.has_names or profile.clock is not None or profile.choices.cycles is not None:
        return
    facts = profile.facts
    if len(facts) < LEAST_SAMPLES or any(f.cells.numbers is None or len(f.finite) < len(f.values) for f in facts):
        return
    middles = np.array([np.nanmedian(f.values) for f in facts])
    spread = float(np.ptp(middles))
    if spread == 0 or float(np.median(np.abs(np.diff(middles)))) > 0.1 * spread:
        return
    text = f"Each row may be a cycle of one sensor, {len(facts)} samples long; choose whether it is (--cycles)."
    profile.notes.say(CHOOSE, text)
    profile.notes.decide(
        "table",
        "rows",
        "instants",
        "neighbouring columns are alike, as samples of one curve",
        0.5,
        ("cycles",),
        "--cycles",
    )


def rows_as_cycles(upright: Upright, notes: Notes) -> Upright:
    """Return one sensor whose samples follow one another, row by row."""
    table = upright.table
    numeric = [c.numbers for c in table.columns if c.numbers is not None]
    if len(numeric) < 2:
        return upright
    values = np.stack(numeric, axis=1)
    notes.say(FIXED, f"Each row is a cycle of {values.shape[1]} samples; they were put one after another.")
    lines = np.repeat(table.lines, values.shape[1])
    return replace(
        upright,
        table=RawTable([Cells("value", numbers=values.ravel())], lines, table.dropped, table.place),
        has_names=True,
    )
