"""Sensors of several rates on one clock: the last value is held for its own step.

What is filled too seldom is left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.evidence import CANNOT_USE, FIXED
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.records import Block, FloatArray, IntArray

FULL_ENOUGH = 0.9  # share of ticks with a reading, from which on gaps are gaps
SELDOM = 0.03  # below it a sensor that is not read evenly is left out
LEAST_READINGS = 10


def held(blocks: list[Block], names: list[str], notes: Notes) -> tuple[list[Block], list[int], dict[str, str]]:
    """Return blocks in which slower sensors keep their value for their own step, the sensors kept.

    And those left out.
    """
    left_out: dict[str, str] = {}
    keep = list(range(len(names)))
    n_ticks = sum(len(block) for block in blocks)
    for at, name in enumerate(names):
        n = sum(int(np.isfinite(block.values[:, 0, at]).sum()) for block in blocks)
        if n >= FULL_ENOUGH * n_ticks:
            continue
        if n == 0:
            left_out[name] = "it has no reading"
            continue
        if n < n_ticks and _is_state(blocks, at):
            for block in blocks:
                _hold(block.values[:, 0, at], block.times_us, 2**61)
            notes.say(FIXED, f"{name} is a state, written when it changes: it is held until the next change.")
            continue
        steps = [step for block in blocks if (step := _own_step(block, at)) is not None]
        if steps:
            for block in blocks:
                _hold(block.values[:, 0, at], block.times_us, int(max(steps)))
            text = (
                f"{name} is read every {duration(float(np.median(steps)) / SECOND_US)}, the file's rows "
                "come more often: its last value is held until the next."
            )
            notes.say(FIXED, text)
        elif n < SELDOM * n_ticks:
            left_out[name] = f"it is filled in only {100 * n / n_ticks:.1g} % of the rows"
    if left_out and len(left_out) < len(names):
        keep = [at for at, name in enumerate(names) if name not in left_out]
        blocks = [replace(b, values=b.values[:, :, keep], sensors=tuple(names[at] for at in keep)) for b in blocks]
        for name, why in left_out.items():
            notes.say(CANNOT_USE, f"Sensor {name} is left out: {why}.")
    elif left_out:
        left_out = {}
    return blocks, keep, left_out


def _is_state(blocks: list[Block], at: int) -> bool:
    """Tell whether a sensor is a switch that is written on change: 0 and 1, hardly ever twice the same."""
    for block in blocks:
        values = block.values[:, 0, at]
        there = values[np.isfinite(values)]
        if len(there) < 2 or not np.isin(there, (0.0, 1.0)).all() or (np.diff(there) != 0).mean() < 0.5:
            return False
    return True


def _own_step(block: Block, at: int) -> int | None:
    """Return a slower sensor's step in microseconds where it is read evenly, or often enough; None = it is not."""
    there = np.flatnonzero(np.isfinite(block.values[:, 0, at]))
    if len(there) < LEAST_READINGS or len(block) < 2 * LEAST_READINGS:
        return None
    gaps = np.diff(block.times_us[there])
    base = float(np.median(np.diff(block.times_us)))
    step = float(np.median(gaps))
    if step < 1.5 * base:
        # Read at the file's own step but with long gaps, or written only when it changed.
        return int(np.percentile(gaps, 95)) if len(there) < 0.7 * len(block) and len(there) > 0.1 * len(block) else None
    even = float((np.abs(gaps - step) <= 0.2 * step).mean())
    if even >= 0.6:
        return int(step)
    return int(np.percentile(gaps, 95)) if len(there) >= 0.05 * len(block) else None


def _hold(values: FloatArray, times_us: IntArray, step_us: int) -> None:
    """Fill gaps with the last reading, for one and a half steps at most (changed in place)."""
    there = np.isfinite(values)
    last = np.maximum.accumulate(np.where(there, np.arange(len(values)), -1))
    fresh = (last >= 0) & (times_us - times_us[np.maximum(last, 0)] < 1.5 * step_us)
    values[fresh] = values[last[fresh]]


def duration(seconds: float) -> str:
    """Return a duration in words a person would use: 10 s, 5 min, 1 h, 250 ms."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size and abs(seconds / size - round(seconds / size)) < 1e-6:
            return f"{round(seconds / size)} {unit}"
    return f"{seconds:.3g} s" if seconds >= 1 else f"{1000 * seconds:.3g} ms"
