"""Time that is judged: don't-care zones are cut out of the time axis of a machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.metrics.arrays import IntArray


@dataclass(frozen=True)
class Zone:
    """A span of a machine on which nobody is judged; machine "" means every machine. Half-open, microseconds."""

    machine: str
    start_us: int
    end_us: int
    reason: str = ""


class CaredTime:
    """Time with the don't-care zones cut out: maps microseconds to judged microseconds, never decreasing."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        merged: list[list[int]] = []
        for zone in sorted(zones, key=lambda z: z.start_us):
            if zone.end_us <= zone.start_us:
                continue
            if merged and zone.start_us <= merged[-1][1]:
                merged[-1][1] = max(merged[-1][1], zone.end_us)
            else:
                merged.append([zone.start_us, zone.end_us])
        bounds = np.array(merged, np.int64).reshape(-1, 2)
        self._starts, self._ends = bounds[:, 0], bounds[:, 1]
        self._cut = np.concatenate([[0], np.cumsum(self._ends - self._starts)])

    def __call__(self, times_us: IntArray) -> IntArray:
        at = np.searchsorted(self._starts, times_us, side="right")
        if not len(self._starts):
            return times_us
        inside = np.clip(self._ends[np.maximum(at - 1, 0)] - times_us, 0, None) * (at > 0)
        shifted: IntArray = times_us - (self._cut[at] - inside)
        return shifted
