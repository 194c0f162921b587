"""Readings of the variants that are looked at now, and windows of them thinned for a chart of so many pixels."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.classroom.assignment_files import Variant
    from engine.records import Block

MOST_BYTES = 512 << 20  # of readings kept; a week of two machines at 1 Hz is 68 MB
MOST_POINTS = 2000  # pairs of lowest and highest that one line gets


class KeptBlocks:
    """The newest used variants' readings; made again from their seeds when they have left."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most, self._lock, self._making = most_bytes, threading.Lock(), threading.Lock()
        self._blocks: OrderedDict[tuple[str, str, int], Block] = OrderedDict()

    def block(self, variant: Variant, make: Callable[[], Block]) -> Block:
        """Return the readings of a variant; `make` is called when they are not at hand."""
        key = (variant.assignment, variant.commitment, variant.start_us)
        with self._lock:
            if key in self._blocks:
                self._blocks.move_to_end(key)
                return self._blocks[key]
        with self._making:  # who asks for the same data meanwhile waits for it; many at once would fill the memory
            with self._lock:
                found = self._blocks.get(key)
            made = make() if found is None else found
        with self._lock:
            self._blocks[key] = made
            while len(self._blocks) > 1 and sum(b.values.nbytes for b in self._blocks.values()) > self._most:
                self._blocks.popitem(last=False)
        return made


DATA = KeptBlocks()


def window(block: Block, machine: str, span: tuple[int, int], points: int, until_us: int) -> dict[str, Any]:
    """Return a window of one machine as columns: of each stretch lowest and highest reading, so that spikes survive.

    Parameters
    ----------
    until_us
        Nothing at or after this event time is in the answer, whatever was asked for.

    Returns
    -------
    dict
        t (ms), lo and hi by sensor (None = missing; no hi where each stretch is one reading), m (1 = in maintenance),
        step_ms.
    """
    at = block.machines.index(machine)
    first, last, shown = np.searchsorted(block.times_us, [*span, until_us]).tolist()
    first, last = max(0, first - 1), min(shown, last + 1)
    count = max(0, last - first)
    width = max(1, -(-count // max(1, min(points, MOST_POINTS))))
    starts = np.arange(first, max(first, last), width)
    told: dict[str, Any] = {"t": (block.times_us[starts] / 1000).tolist(), "lo": {}, "hi": {}, "m": []}
    told["step_ms"] = width * _step_us(block) / 1000
    if not count:
        return {**told, **{side: {name: [] for name in block.sensors} for side in ("lo", "hi")}}
    states = np.maximum.reduceat(block.status[:last, at], starts)
    told["m"] = (states > 0).astype(int).tolist()
    for name in block.sensors:
        values = block.values[:last, at, block.sensors.index(name)]
        told["lo"][name] = _numbers(np.fmin.reduceat(values, starts))
        told["hi"][name] = _numbers(np.fmax.reduceat(values, starts)) if width > 1 else None
    return told


def summary(block: Block, machine: str, sensor: str, start_us: int, end_us: int) -> dict[str, float]:
    """Return mean, lowest and highest of one sensor in a span, for words beside a chart; empty without readings."""
    here = (block.times_us >= start_us) & (block.times_us < end_us)
    values = block.values[here, block.machines.index(machine), block.sensors.index(sensor)]
    values = values[~np.isnan(values)]
    if not len(values):
        return {}
    return {"mean": float(values.mean()), "lowest": float(values.min()), "highest": float(values.max())}


def _step_us(block: Block) -> float:
    return float(np.median(np.diff(block.times_us[:1000]))) if len(block) > 1 else 1e6


def _numbers(values: Any) -> list[float | None]:
    return [None if value != value else float(f"{value:.5g}") for value in values.tolist()]
