"""From scores to alarms: a threshold, how many readings confirm one.

And which come back so soon that they are the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from engine.params import Range

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray


@dataclass(frozen=True)
class Policy:
    """How scores become alarms; changing it needs no new scoring.

    Parameters
    ----------
    threshold
        Score from which a reading counts.
    confirm
        Such readings that an alarm needs.
    hold_off
        Readings below the threshold that do not end an alarm.
    """

    threshold: Annotated[float, Range(0.0, 1e12)]
    confirm: Annotated[int, Range(1, 1000, unit="readings")] = 1
    hold_off: Annotated[int, Range(0, 10_000, unit="readings")] = 10


def alarm_runs(scores: FloatArray, scored: BoolArray, policy: Policy) -> list[tuple[int, int]]:
    """Return alarms as (first, last) places in `scores`, which are in order of time."""
    on = np.flatnonzero((scores >= policy.threshold) & scored)
    if len(on) == 0:
        return []
    cuts = np.flatnonzero(np.diff(on) > policy.hold_off + 1)
    firsts, lasts = np.concatenate(([0], cuts + 1)), np.concatenate((cuts, [len(on) - 1]))
    return [(int(on[a]), int(on[b])) for a, b in zip(firsts, lasts, strict=True) if b - a + 1 >= policy.confirm]
