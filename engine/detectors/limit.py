"""The data sheet's warning and critical marks as a detector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.base import Detector, SensorLimits
from engine.detectors.standard import BIGGEST
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class Limit(Detector):
    """Fixed limits per sensor, as on a data sheet: 0 in the normal range, 1 at the critical mark.

    Good at plain overloads, and everybody understands it; bad at faults that stay inside the limits, and at plants
    whose normal moves. The score of a sensor grows linearly from the edge of its normal range to its critical mark
    (where there is none: one normal width beyond). Without a plant (`bind`) the normal range is learned: the outer
    quantiles of the first `warm_up` readings. Cost: about 20 ns a reading.

    Parameters
    ----------
    warm_up
        Readings from which the range is learned when no data sheet was bound.

    References
    ----------
    ISA-18.2 (2016). Management of Alarm Systems for the Process Industries: absolute alarms.
    """

    name: ClassVar[str] = "limit"
    title: ClassVar[str] = "Limit"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "overloads beyond the data sheet; explains itself"
    bad_at: ClassVar[str] = "blind inside the limits; ignores what the other sensors say"
    default_threshold: ClassVar[float] = 1.0

    warm_up: Annotated[int, Range(10, 100_000, unit="readings", log=True)] = 300

    def start(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        return {
            "seen": 0,
            "history": np.full((self.warm_up, *shape), np.nan),
            "low": np.full(shape, np.nan),
            "high": np.full(shape, np.nan),
        }

    def advance(self, block: Block) -> FloatArray:
        if self._knows(block):
            return self._scores(block)
        state = self.state or {}
        free = max(0, self.warm_up - state["seen"])
        head, tail = block.ticks(0, free), block.ticks(free, len(block))
        self._learn_range(head, state)
        return np.concatenate([np.zeros((len(head), block.n_machines)), self._scores(tail)])

    def fit(self, block: Block) -> None:
        """Learn the range from the whole history instead of from the first readings."""
        state = self.state = self.start(block.n_machines, block.n_sensors)
        state["low"], state["high"] = _outer_quantiles(_working(block))
        state["seen"], state["history"] = self.warm_up, state["history"][:0]

    def blame(self, block: Block) -> FloatArray | None:
        """Return how far each sensor is beyond its normal range; 1 = at its critical mark."""
        if self.state is None:
            return None
        return self._beyond(block)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the marks in use per sensor, in the sensor's unit (of the first machine when learned)."""
        low, low_mark, high, high_mark = self._marks(block)
        return {
            "kind": "limits",
            "sensors": list(block.sensors),
            **{
                word: [None if not np.isfinite(v) else float(v) for v in marks[0]]
                for word, marks in (("low", low), ("low_mark", low_mark), ("high", high), ("high_mark", high_mark))
            },
        }

    def _knows(self, block: Block) -> bool:
        return all(sensor in self.limits for sensor in block.sensors)

    def _scores(self, block: Block) -> FloatArray:
        scores: FloatArray = self._beyond(block).max(axis=2, initial=0.0)
        return scores

    def _beyond(self, block: Block) -> FloatArray:
        low, low_mark, high, high_mark = self._marks(block)
        values = _working(block)
        above = np.nan_to_num((values - high) / (high_mark - high), nan=0.0)
        below = np.nan_to_num((low - values) / (low - low_mark), nan=0.0)
        return np.clip(np.fmax(above, below), 0.0, BIGGEST)

    def _learn_range(self, head: Block, state: State) -> None:
        if len(head) == 0:
            return
        state["history"][state["seen"] : state["seen"] + len(head)] = _working(head)
        state["seen"] += len(head)
        if state["seen"] == self.warm_up:
            state["low"], state["high"] = _outer_quantiles(state["history"])
            state["history"] = np.full((0, *state["low"].shape), np.nan)

    def _marks(self, block: Block) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        if self._knows(block):
            rows = np.array([_row(self.limits[sensor]) for sensor in block.sensors]).T
            return rows[0][None], rows[1][None], rows[2][None], rows[3][None]
        state = self.state or self.start(block.n_machines, block.n_sensors)
        # A constant sensor has no width; a millionth of its level keeps rounding from looking like an overload.
        width = np.maximum(state["high"] - state["low"], 1e-6 * (1.0 + np.abs(state["high"])))
        return state["low"], state["low"] - width, state["high"], state["high"] + width


def _row(limits: SensorLimits) -> tuple[float, float, float, float]:
    """Return low, low mark, high, high mark of a sensor; a side without a mark has it one normal width away."""
    low, high = limits.normal
    width = max(high - low, 1e-9)
    mark = limits.critical if limits.critical is not None else limits.warning
    low_mark, high_mark = low - width, high + width
    if mark is not None and limits.low_side and mark < low:
        low_mark = mark
    if mark is not None and not limits.low_side and mark > high:
        high_mark = mark
    return low, low_mark, high, high_mark


def _working(block: Block) -> FloatArray:
    return np.where((block.status == OPERATIONAL)[:, :, None] & np.isfinite(block.values), block.values, np.nan)


def _outer_quantiles(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the 0.5 % and 99.5 % quantiles over the ticks; NaN where a sensor sent nothing."""
    empty = ~np.isfinite(values).any(axis=0)
    low, high = np.nanquantile(np.where(empty, 0.0, values), [0.005, 0.995], axis=0)
    return np.where(empty, np.nan, low), np.where(empty, np.nan, high)
