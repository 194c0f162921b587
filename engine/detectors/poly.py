"""POLY: a polynomial through the last readings foretells the next one."""

from __future__ import annotations

import copy
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
class Poly(Sensorwise):
    """How far a reading is from where a polynomial through the readings before it was heading.

    Sees jumps and spikes on top of smooth movement, and forgives the movement itself. The error is measured in its own
    running spread, which a fault can widen by little. Costs about 0.1 µs per reading and sensor.

    Parameters
    ----------
    length
        Readings that the polynomial is fitted to.
    degree
        Degree of the polynomial.

    References
    ----------
    Li, Z., Ma, H., Mei, Y. (2007). A unifying method for outlier and change detection from data streams based on local
    polynomial fitting. PAKDD, 150-161.
    """

    name: ClassVar[str] = "poly"
    title: ClassVar[str] = "Local polynomial"
    family: ClassVar[str] = "time series"
    good_at: ClassVar[str] = "jumps and spikes on a smoothly moving signal"
    bad_at: ClassVar[str] = "slow ramps, which it foretells"
    default_threshold: ClassVar[float] = 5.0

    length: Annotated[int, Range(4, 200, unit="readings", log=True)] = 20
    degree: Annotated[int, Range(0, 3)] = 1

    def begin(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        return {
            "seen": np.zeros(shape, np.int64),
            "past": np.zeros((*shape, self.length)),
            "error": np.zeros((*shape, 2)),  # variance of the prediction error, and of how many it is made
        }

    def weights(self) -> FloatArray:
        """Return what each of the last readings counts in the prediction, oldest first; (length,)."""
        at = np.arange(-self.length, 0) / self.length
        design = np.vander(at, self.degree + 1, increasing=True)
        foretold: FloatArray = np.linalg.pinv(design)[0]  # the polynomial at 0, one step after the last reading
        return foretold

    def sensor_scores(self, block: Block) -> FloatArray:
        return self._run(block)[0]

    def _run(self, block: Block) -> tuple[FloatArray, FloatArray]:
        """Return scores and predictions of the block's readings, and learn them."""
        state, working = self.known(), np.isfinite(block.values) & (block.status == OPERATIONAL)[:, :, None]
        scores, foretold = np.zeros(block.values.shape), np.full(block.values.shape, np.nan)
        poly_kernel(
            block.values, working, self.weights(), state["seen"], state["past"], state["error"], scores, foretold
        )
        return scores, foretold

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the readings of the block and what is foretold for each when it comes next, per machine and sensor."""
        head = {"kind": "prediction", "machines": list(block.machines), "sensors": list(block.sensors)}
        before = self.state
        if before is None:
            return {**head, "ready": False}
        self.state = copy.deepcopy(before)
        foretold = self._run(block)[1]
        self.state = before
        lanes = [np.moveaxis(values, 0, -1).astype(object) for values in (block.values, foretold)]
        for lane in lanes:
            lane[np.isnan(lane.astype(float))] = None
        return {**head, "ready": True, "readings": lanes[0].tolist(), "foretold": lanes[1].tolist()}


@kernel
def poly_kernel(values, working, weights, seen, past, error, scores, foretold):  # type: ignore[no-untyped-def]
    """Write each reading's prediction and its error in running standard deviations, then learn it, clipped at 3."""
    length = len(weights)
    for m in range(values.shape[1]):
        for k in range(values.shape[2]):
            n, variance, count = seen[m, k], error[m, k, 0], error[m, k, 1]
            for i in range(values.shape[0]):
                if not working[i, m, k]:
                    continue
                x = values[i, m, k]
                if n >= length:
                    guess = 0.0
                    for j in range(length):
                        guess += weights[j] * past[m, k, (n - length + j) % length]
                    foretold[i, m, k] = guess
                    off, spread = x - guess, max(np.sqrt(variance), 1e-9 * (1.0 + abs(x)))
                    if count >= 100:
                        scores[i, m, k] = min(abs(off) / spread, 1e6)
                        off = min(max(off, -3.0 * spread), 3.0 * spread)
                    count += 1.0
                    variance += (off * off - variance) / min(count, 2000.0)
                past[m, k, n % length] = x
                n += 1
            seen[m, k], error[m, k, 0], error[m, k, 1] = n, variance, count
