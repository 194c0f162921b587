"""Label columns of a file as truth events, for whoever may see the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import runs
from engine.records import TruthEvent

if TYPE_CHECKING:
    from engine.comparing.stretches import Stretch
    from engine.records import BoolArray

FAULT = "labelled"


def labelled_events(stretch: Stretch, labels: BoolArray) -> tuple[TruthEvent, ...]:
    """Return one event per run of labelled rows (n_ticks,) of the stretch's only machine, detectable at once."""
    times, machine = stretch.judged.times_us, stretch.judged.machines[0]
    return tuple(
        TruthEvent(machine, FAULT, (), 1.0, int(times[a]), int(times[a]), int(times[b]) + stretch.step_us)
        for a, b in runs(np.asarray(labels, np.int64))
    )
