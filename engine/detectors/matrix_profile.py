"""The left matrix profile, kept up to date reading by reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.sensorwise import Sensorwise
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class MatrixProfile(Sensorwise):
    """Distance of each sensor's last stretch to the most similar one before it, both brought to equal mean and spread.

    A shape never seen stands out (a discord). Blind to slow ramps and to level, since stretches are normalised; on pure
    noise every shape is new. The distance is measured against its own running mean and spread. Costs 1.3 µs per reading
    and sensor with 1,000 readings of history.

    Parameters
    ----------
    length
        Readings in a stretch; a quarter of the history at most.
    history
        Readings that a stretch is compared with; it begins with as many as there are.

    References
    ----------
    Yeh, C.-C. M. et al. (2016). Matrix Profile I: all pairs similarity joins for time series. ICDM.
    """

    name: ClassVar[str] = "matrix_profile"
    title: ClassVar[str] = "Matrix profile"
    family: ClassVar[str] = "time series"
    good_at: ClassVar[str] = "a shape that never occurred before in a repeating signal"
    bad_at: ClassVar[str] = "slow ramps, changes of level, pure noise"
    default_threshold: ClassVar[float] = 5.0

    length: Annotated[int, Range(4, 500, unit="ticks", log=True)] = 30
    history: Annotated[int, Range(50, 20_000, unit="ticks", log=True)] = 1000

    def begin(self, n_machines: int, n_sensors: int) -> State:
        signals, windows = n_machines * n_sensors, self.history - self.stretch + 1
        return {
            "readings": np.zeros((signals, self.history)),
            "seen": np.zeros(signals, np.int64),
            "products": np.zeros((signals, windows)),
            "means": np.zeros((signals, windows)),
            "spreads": np.zeros((signals, windows)),
            "origin": np.zeros(signals),
            "usual": np.zeros((signals, 3)),  # mean and variance of the distance, and how many it is made of
        }

    @property
    def stretch(self) -> int:
        """Readings in a stretch as used: a quarter of the history at most, or there is too little to compare."""
        return min(self.length, self.history // 4)

    def distances(self, block: Block) -> FloatArray:
        """Return the left matrix profile itself (n_ticks, n_machines, n_sensors), NaN while warming up; learns."""
        return self._run(block)[0]

    def sensor_scores(self, block: Block) -> FloatArray:
        return self._run(block)[1]

    def _run(self, block: Block) -> tuple[FloatArray, FloatArray]:
        if self.state is None:
            self.state = self.start(block.n_machines, block.n_sensors)
        state, shape = self.known(), block.values.shape
        working = np.isfinite(block.values) & (block.status == OPERATIONAL)[:, :, None]
        values = np.ascontiguousarray(np.where(working, block.values, np.nan).reshape(shape[0], -1).T)
        distances, scores = np.full(values.shape, np.nan), np.zeros(values.shape)
        arrays = (state[key] for key in ("readings", "seen", "products", "means", "spreads", "origin"))
        profile_kernel(values, *arrays, self.stretch, distances)
        unusual_kernel(distances, state["usual"], 1e-2 * np.sqrt(2.0 * self.stretch), scores)
        return distances.T.reshape(shape), scores.T.reshape(shape)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's last stretch and the earlier stretch most like it (the motif), per machine."""
        head = {"kind": "motif", "machines": list(block.machines), "sensors": list(block.sensors), "ready": False}
        if self.state is None or int(self.state["seen"].min()) < 4 * self.stretch:
            return head
        state, count = self.state, len(self.state["seen"])
        past = [state["readings"][s][-int(state["seen"][s]) :] + state["origin"][s] for s in range(count)]
        lanes = [_motif(readings, self.stretch) for readings in past]
        rows = [lanes[m * block.n_sensors : (m + 1) * block.n_sensors] for m in range(block.n_machines)]
        return {**head, "ready": True, "lanes": rows}


def _motif(readings: FloatArray, length: int) -> dict[str, Any]:
    windows = np.lib.stride_tricks.sliding_window_view(readings, length)
    normal = (windows - windows.mean(axis=1, keepdims=True)) / np.maximum(windows.std(axis=1, keepdims=True), 1e-12)
    apart = (length + 3) // 4
    distance = np.sqrt(((normal[: -apart - 1] - normal[-1]) ** 2).sum(axis=1))
    at = int(distance.argmin())
    ago = len(windows) - 1 - at
    return {"stretch": windows[-1].tolist(), "motif": windows[at].tolist(), "ago": ago, "distance": float(distance[at])}


@kernel
def profile_kernel(values, readings, seen, products, means, spreads, origin, length, distances):  # type: ignore[no-untyped-def]
    """Move each signal's history on by its new readings and write the distance to the nearest earlier stretch.

    `products[j]` is the dot product of the newest stretch with stretch j; a new reading changes it by one product that
    leaves and one that enters. Everything moves down one place per reading, so index 0 is the oldest stretch.
    """
    size, apart = readings.shape[1], (length + 3) // 4  # stretches less than that apart are the same one
    last = size - length  # index of the newest stretch
    for s in range(values.shape[0]):
        past, product, mean, spread = readings[s], products[s], means[s], spreads[s]
        for i in range(values.shape[1]):
            if not np.isfinite(values[s, i]):
                continue
            if seen[s] == 0:
                origin[s] = values[s, i]
            new, leaving, before = values[s, i] - origin[s], past[last], past[0]
            seen[s] += 1
            for j in range(size - 1):
                past[j] = past[j + 1]
            past[size - 1] = new
            for j in range(last + 1):
                product[j] += past[j + length - 1] * new - before * leaving
                before = past[j]
            for j in range(last):
                mean[j], spread[j] = mean[j + 1], spread[j + 1]
            mean[last], width = past[last:].mean(), past[last:].std()
            spread[last] = width if width > 1e-9 * (np.abs(past[last:]).max() + abs(origin[s])) else 0.0
            if seen[s] % size == 0:  # start the sums afresh now and then, so that rounding cannot pile up
                for j in range(last + 1):
                    product[j] = np.sum(past[j : j + length] * past[last:])
            first, nearest = max(0, size - seen[s]), 4.0 * length
            for j in range(first, last - apart):
                both = spread[j] * spread[last]
                if both > 0.0:
                    alike = (product[j] - length * mean[j] * mean[last]) / (length * both)
                    nearest = min(nearest, 2.0 * length * (1.0 - min(alike, 1.0)))
                else:  # a flat stretch equals a flat one and is unlike any other
                    nearest = min(nearest, 0.0 if spread[j] == spread[last] else 1.0 * length)
            distances[s, i] = np.sqrt(nearest) if last - apart - first >= 2 * length else np.nan


@kernel
def unusual_kernel(distances, usual, least, scores):  # type: ignore[no-untyped-def]
    """Write how many standard deviations each distance lies above its own running mean, then learn it, clipped."""
    for s in range(distances.shape[0]):
        for i in range(distances.shape[1]):
            if not np.isfinite(distances[s, i]):
                continue
            middle, variance, count = usual[s, 0], usual[s, 1], usual[s, 2]
            off, deviation = distances[s, i] - middle, max(np.sqrt(variance), least)
            if count >= 100:
                scores[s, i] = max(off / deviation, 0.0)
                off = min(max(off, -3.0 * deviation), 3.0 * deviation)
            gain = 1.0 / min(count + 1.0, 2000.0)
            usual[s, 1] += gain * (off * off * (1.0 - gain) - variance)
            usual[s, 0] += gain * off
            usual[s, 2] = count + 1.0
