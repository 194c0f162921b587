"""Running averages of deviations, and how much correlation in time inflates them.

Control charts assume that deviations are independent from one reading to the next. On a plant they are not: load and
vibration wander for minutes, so averages and sums spread wider than the textbook says. The inflation is learned: the
spread of an average over the spread that independent readings would give it, at least 1.

References
----------
Bagshaw, M., Johnson, R. A. (1975). The effect of serial correlation on the performance of CUSUM tests II.
Technometrics 17, 73–80.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.detectors.kernels import kernel

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import FloatArray


@kernel
def smooth_kernel(z, working, weight, memory, average, spread2, learned, out, inflation):  # type: ignore[no-untyped-def]
    """Write each sensor's running average and its inflation before learning it; maintenance starts it afresh."""
    n_ticks, n_machines, n_sensors = z.shape
    independent = weight / (2.0 - weight)  # variance of the average of independent unit deviations
    for m in range(n_machines):
        for k in range(n_sensors):
            e, v, n = average[m, k], spread2[m, k], learned[m, k]
            for i in range(n_ticks):
                inflation[i, m, k] = max(np.sqrt(v / independent), 1.0)
                if not working[i, m]:
                    e = 0.0
                elif np.isfinite(z[i, m, k]):
                    e += weight * (min(max(z[i, m, k], -10.0), 10.0) - e)
                    # Averages beyond 5 spreads are faults and teach nothing; 0.9205 = E[min(z², 4)] of a normal z.
                    if e * e <= 25.0 * v:
                        v += (min(e * e, 4.0 * v) / 0.9205 - v) / min(n + 2000, memory)
                        n += 1
                out[i, m, k] = e
            average[m, k], spread2[m, k], learned[m, k] = e, v, n


def new_smoothing(weight: float, n_machines: int, n_sensors: int) -> State:
    """Return averages of 0 and the spread of independent deviations."""
    shape = (n_machines, n_sensors)
    independent = weight / (2.0 - weight)
    return {
        "average": np.zeros(shape),
        "average_variance": np.full(shape, independent),
        "averages_learned": np.zeros(shape, np.int64),
    }


def smooth(
    z: FloatArray, working: BoolArray, weight: float, memory: int, state: State
) -> tuple[FloatArray, FloatArray]:
    """Return running averages and inflations, both (n_ticks, n_machines, n_sensors); the state goes on."""
    out, inflation = np.empty(z.shape), np.empty(z.shape)
    smooth_kernel(
        z, working, weight, max(memory, 2000), state["average"], state["average_variance"],
        state["averages_learned"], out, inflation,
    )  # fmt: skip
    return out, inflation
