"""Machines that say nothing: silence is a state of its own, neither calm nor an alarm.

What is missing shows nothing about a machine, so a tick without any reading decides nothing: no alarm is raised, and
none is cleared. After `silence_s` the alarms that stand say so, until the machine is heard again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import MAINTENANCE, SECOND_US

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.records import Block, FloatArray, IntArray

    Mask = npt.NDArray[np.bool_]


def silent_ticks(block: Block) -> Mask:
    """Return where a machine that should run has no reading of any sensor, (n_ticks, n_machines)."""
    quiet: Mask = np.isnan(block.values).all(axis=2) & (block.status != MAINTENANCE)
    return quiet


def decided(scores: FloatArray, quiet: Mask) -> FloatArray:
    """Return scores, NaN (not scored) where there was nothing to score."""
    return np.where(quiet, np.nan, scores) if quiet.any() else scores


@dataclass
class _Heard:
    """When a machine was heard last, and the last tick that was seen of it."""

    at_us: int
    seen_us: int

    def age_us(self) -> int:
        return self.seen_us - self.at_us


class Silence:
    """Follows machines from block to block; the result does not depend on how the stream is cut."""

    def __init__(self) -> None:
        self._heard: dict[str, _Heard] = {}
        self._ages: dict[str, tuple[int, IntArray]] = {}

    def follow(self, block: Block, quiet: Mask) -> None:
        """Take a block; `crossings` then speaks of it."""
        self._ages = {}
        for at, machine in enumerate(block.machines):
            known = self._heard.setdefault(machine, _Heard(int(block.times_us[0]), int(block.times_us[0])))
            before = known.age_us()
            if before or quiet[:, at].any():
                heard = np.where(quiet[:, at], known.at_us, block.times_us)
                ages = block.times_us - np.maximum.accumulate(heard)
                self._ages[machine] = (before, ages)
                known.at_us = int(block.times_us[-1] - ages[-1])
            else:
                known.at_us = int(block.times_us[-1])
            known.seen_us = int(block.times_us[-1])

    def crossings(self, machine: str, after_s: float) -> list[tuple[int, bool]]:
        """Return (tick, silent) where a machine's silence reached `after_s` seconds, or ended after that."""
        if machine not in self._ages:
            return []
        before, ages = self._ages[machine]
        limit = max(1, round(after_s * SECOND_US))
        beyond = np.concatenate(([before], ages)) >= limit
        ticks = np.flatnonzero(beyond[1:] != beyond[:-1])
        return [(int(tick), bool(beyond[tick + 1])) for tick in ticks]

    def heard_us(self, machine: str, tick: int, times_us: IntArray) -> int:
        """Return when the machine was heard last before a tick of the block."""
        return int(times_us[tick] - self._ages[machine][1][tick])

    def restore(self, machine: str, heard_us: int, now_us: int) -> None:
        """Take over that a machine was silent when the lab was stopped."""
        self._heard[machine] = _Heard(heard_us, max(heard_us, now_us))
