"""The stuck-sensor rule: a reading that repeats itself too often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.base import Detector
from engine.detectors.kernels import kernel
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@kernel
def run_kernel(values, working, limit, warm_up, last, run, longest, moves, seen, out):  # type: ignore[no-untyped-def]
    """Write the length of the current run of equal readings over what is tolerated, then learn finished runs."""
    n_ticks, n_machines, n_sensors = values.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            for i in range(n_ticks):
                x = values[i, m, k]
                out[i, m, k] = 0.0
                if not working[i, m]:
                    run[m, k] = 0
                    last[m, k] = np.nan
                    continue
                if not np.isfinite(x):
                    continue
                if x == last[m, k]:
                    run[m, k] += 1
                else:
                    tolerated = max(limit, 3.0 * longest[m, k])
                    if run[m, k] <= tolerated:  # a stuck sensor's run is not what is usual
                        longest[m, k] = max(0.9999 * longest[m, k], run[m, k])
                    run[m, k] = 0
                    moves[m, k] += 1
                last[m, k] = x
                seen[m, k] += 1
                # A sensor that hardly ever moves (a switch, a set point) is not stuck.
                if seen[m, k] > warm_up and moves[m, k] > 10:
                    out[i, m, k] = run[m, k] / max(limit, 3.0 * longest[m, k])


@dataclass
class FlatLine(Detector):
    """Length of a run of exactly equal readings, against the longest usual run of that sensor.

    Good at stuck sensors, which look perfectly normal to every other detector; bad at everything else, and at sensors
    whose steps are coarse. Stand it on raw readings: on residuals nothing is ever equal. Cost: about 3 ns per value.

    Parameters
    ----------
    limit
        Equal readings in a row that are always tolerated.
    warm_up
        Readings before anything is scored.

    References
    ----------
    Sharma, A. B., Golubchik, L., Govindan, R. (2010). Sensor faults: detection methods and prevalence in real-world
    datasets. ACM Trans. Sensor Networks 6 (the CONSTANT rule).
    """

    name: ClassVar[str] = "flat_line"
    title: ClassVar[str] = "Flat line"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "stuck sensors"
    bad_at: ClassVar[str] = "everything else; sensors with coarse steps"
    default_threshold: ClassVar[float] = 1.0

    limit: Annotated[int, Range(2, 10_000, unit="repeats", log=True)] = 15
    warm_up: Annotated[int, Range(10, 100_000, unit="readings", log=True)] = 120

    def start(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        counts = {name: np.zeros(shape, np.int64) for name in ("run", "moves", "seen")}
        return counts | {"last": np.full(shape, np.nan), "longest": np.zeros(shape)}

    def advance(self, block: Block) -> FloatArray:
        scores: FloatArray = self._runs(block, self.state or {}).max(axis=2, initial=0.0)
        return scores

    def blame(self, block: Block) -> FloatArray | None:
        """Return each sensor's run over what is tolerated."""
        if self.state is None:
            return None
        return self._runs(block, {name: array.copy() for name, array in self.state.items()})

    def _runs(self, block: Block, state: State) -> FloatArray:
        out = np.empty(block.values.shape)
        run_kernel(
            block.values, block.status == OPERATIONAL, float(self.limit), self.warm_up,
            state["last"], state["run"], state["longest"], state["moves"], state["seen"], out,
        )  # fmt: skip
        return out
