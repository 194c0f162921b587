"""Warning and critical marks as arrays: how serious readings are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class Marks:
    """The marks of a plant's sensors.

    Parameters
    ----------
    warning, critical
        (n_sensors,), in the sensors' units; NaN = no mark.
    sign
        (n_sensors,), +1 when high is bad, -1 when low is bad.
    middle, half
        (n_sensors,), middle and half width of the normal range: the measure of "far from normal".
    """

    names: tuple[str, ...]
    warning: FloatArray
    critical: FloatArray
    sign: FloatArray
    middle: FloatArray
    half: FloatArray

    def level(self, values: FloatArray) -> int:
        """Return 2 when any reading (n, n_sensors) is at or beyond a critical mark, 1 for a warning mark, else 0."""
        if values.size == 0 or not self.names:
            return 0
        if bool((values * self.sign >= self.critical * self.sign).any()):
            return 2
        return int(bool((values * self.sign >= self.warning * self.sign).any()))

    def first_tick(self, values: FloatArray, level: int) -> int | None:
        """Return the first tick of values (n_ticks, n_sensors) at which that level is reached, or None."""
        if not self.names:
            return None
        mark = self.critical if level == 2 else self.warning
        hit = (values * self.sign >= mark * self.sign).any(axis=1)
        return int(hit.argmax()) if hit.any() else None

    def levels(self, values: FloatArray) -> FloatArray:
        """Return the level of each machine, from values (n_machines, n_sensors)."""
        return np.array([self.level(row[None, :]) for row in values], dtype=np.float64)

    def farthest(self, values: FloatArray) -> tuple[str, ...]:
        """Return the sensor farthest from the middle of its normal range, from one reading of all (n_sensors,)."""
        distance = np.abs(values - self.middle) / self.half
        if np.isnan(distance).all():
            return ()
        return (self.names[int(np.nanargmax(distance))],)


def marks_of(sensors: Sequence[Any]) -> Marks:
    """Return the marks of sensors that have name, normal, warning, critical and low_side, as in a plant's spec."""
    normal = np.array([sensor.normal for sensor in sensors], dtype=np.float64).reshape(-1, 2)
    return Marks(
        names=tuple(sensor.name for sensor in sensors),
        warning=np.array([np.nan if s.warning is None else s.warning for s in sensors], dtype=np.float64),
        critical=np.array([np.nan if s.critical is None else s.critical for s in sensors], dtype=np.float64),
        sign=np.array([-1.0 if sensor.low_side else 1.0 for sensor in sensors]),
        middle=normal.mean(axis=1),
        half=np.maximum(np.diff(normal, axis=1)[:, 0] / 2, 1e-9),
    )
