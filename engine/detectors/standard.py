"""What "normal" means to most detectors: a slow, clipped mean and spread of each sensor of each machine.

The mean and variance first follow every reading (warm-up), then move by at most 3 standard deviations per reading and
ever more slowly, so that a fault cannot teach a detector that it is normal. Readings under maintenance are neither
scored nor learned.
"""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np

from engine.detectors.base import Detector
from engine.detectors.kernels import kernel
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.detectors.base import State
    from engine.records import Block, FloatArray

    BoolArray = NDArray[np.bool_]

BIGGEST = 1e6  # scores and deviations are cut here so that they stay finite whatever a sensor sends
FITTED_READINGS = 20_000  # history counts as at most this many readings, so that `memory` still decides


@kernel
def standardise_kernel(values, working, mean, variance, count, warm_up, memory, floor, out):  # type: ignore[no-untyped-def]
    """Write (value - mean) / spread before learning the value; NaN where there is no reading or no normal yet."""
    n_ticks, n_machines, n_sensors = values.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            mu, var, n = mean[m, k], variance[m, k], count[m, k]
            for i in range(n_ticks):
                x = values[i, m, k]
                if not working[i, m] or not np.isfinite(x):
                    out[i, m, k] = np.nan
                    continue
                spread = max(np.sqrt(var), floor * (1.0 + abs(mu)))
                d = x - mu
                if n >= warm_up:
                    out[i, m, k] = min(max(d / spread, -1e6), 1e6)
                    # A reading may move the normal by 3 spreads at most; 0.995 = E[min(z², 9)] of a normal z.
                    # Beyond 3 spreads the pull falls off with the square (redescending), never quite to nothing.
                    far = d / spread
                    gain = (1.0 if far * far <= 9.0 else max(9.0 / (far * far), 0.02)) / min(n + 1, memory)
                    d = min(max(d, -3.0 * spread), 3.0 * spread)
                    var += gain * (d * d / 0.995 - var)
                else:
                    out[i, m, k] = np.nan
                    gain = 1.0 / (n + 1)
                    var += gain * (d * d * (1.0 - gain) - var)
                mu += gain * d
                n += 1
            mean[m, k], variance[m, k], count[m, k] = mu, var, n


@dataclass
class StandardisedDetector(Detector):
    """A detector that works on deviations from each sensor's own normal, in standard deviations.

    A subclass implements `begin` (its own state) and `judge` (scores from deviations).

    Parameters
    ----------
    warm_up
        Readings of each sensor before anything is scored; skipped after `fit`.
    memory
        Readings over which the normal is averaged: the larger, the slower it follows changes.
    """

    warm_up: Annotated[int, Range(10, 100_000, unit="readings", log=True)] = 120
    memory: Annotated[int, Range(100, 10_000_000, unit="readings", log=True)] = 20_000

    @abstractmethod
    def begin(self, n_machines: int, n_sensors: int) -> State:
        """Return the subclass's own state before the first reading."""

    @abstractmethod
    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        """Return scores (n_ticks, n_machines) from deviations (n_ticks, n_machines, n_sensors), NaN = unknown."""

    def start(self, n_machines: int, n_sensors: int) -> State:
        return new_normal(n_machines, n_sensors) | self.begin(n_machines, n_sensors)

    def advance(self, block: Block) -> FloatArray:
        scores = self.judge(self.deviations(block), block)
        scores[block.status != OPERATIONAL] = 0.0
        return scores

    def deviations(self, block: Block) -> FloatArray:
        """Return (value - mean) / spread of each reading and learn it; NaN = no reading, maintenance, warm-up."""
        if self.state is None:
            self.state = self.start(block.n_machines, block.n_sensors)
        return standardise(block.values, block.status == OPERATIONAL, self.state, self.warm_up, self.memory)

    def fit(self, block: Block) -> None:
        """Take the mean and spread of each sensor from history (outliers cut), then run over it once."""
        if self.state is None:
            self.state = self.start(block.n_machines, block.n_sensors)
        take_normal(block, self.state, self.warm_up)
        self.learn(block)

    def blame(self, block: Block) -> FloatArray | None:
        """Return the size of each sensor's deviation, in standard deviations."""
        before = copy.deepcopy(self.state)
        try:
            return self.contributions(self.deviations(block), block)
        finally:
            self.state = before

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        """Return how much each sensor drives the scores; may change the state, which `blame` puts back."""
        return np.nan_to_num(np.abs(z), nan=0.0)


def new_normal(n_machines: int, n_sensors: int) -> State:
    """Return the state of a normal that has seen nothing."""
    shape = (n_machines, n_sensors)
    return {"mean": np.zeros(shape), "variance": np.zeros(shape), "count": np.zeros(shape, np.int64)}


def standardise(values: FloatArray, working: BoolArray, state: State, warm_up: int, memory: int) -> FloatArray:
    """Return deviations from the normal in `state`, which learns the values (arrays changed in place)."""
    out = np.empty(values.shape)
    standardise_kernel(values, working, state["mean"], state["variance"], state["count"], warm_up, memory, 1e-9, out)
    return out


def take_normal(block: Block, state: State, warm_up: int) -> None:
    """Set mean and spread from history: winsorised at 6 robust spreads around the median, NaN left out.

    Sensors with fewer than `warm_up` readings in the history keep warming up on the stream.
    """
    values = np.where((block.status == OPERATIONAL)[:, :, None], block.values, np.nan)
    n = np.isfinite(values).sum(axis=0)
    enough = n >= max(warm_up, 2)
    if not enough.any():
        return
    values = np.where(enough & np.isfinite(values), values, np.nan)
    safe = np.where(enough, values, 0.0)
    middle = np.nanmedian(safe, axis=0)
    width = 1.4826 * np.nanmedian(np.abs(safe - middle), axis=0)
    width = np.where(width > 0, width, np.nanstd(safe, axis=0))
    cut = np.clip(safe, middle - 6 * width, middle + 6 * width)
    state["mean"][enough] = np.nanmean(cut, axis=0)[enough]
    state["variance"][enough] = np.nanvar(cut, axis=0)[enough]
    state["count"][enough] = np.minimum(n, FITTED_READINGS)[enough]


def largest(z: FloatArray) -> FloatArray:
    """Return the largest |z| over the sensors, 0.0 where none is known; (n_ticks, n_machines)."""
    result: FloatArray = np.nan_to_num(np.abs(z), nan=0.0).max(axis=2, initial=0.0)
    return result
