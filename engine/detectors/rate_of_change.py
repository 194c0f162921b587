"""How fast a sensor moves, against how fast it usually does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.standard import StandardisedDetector, new_normal, standardise
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@kernel
def step_kernel(z, working, last, out):  # type: ignore[no-untyped-def]
    """Write the difference to the sensor's last reading; a gap is bridged, maintenance starts anew."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            for i in range(n_ticks):
                x = z[i, m, k]
                out[i, m, k] = np.nan
                if not working[i, m]:
                    last[m, k] = np.nan
                elif np.isfinite(x):
                    out[i, m, k] = x - last[m, k]
                    last[m, k] = x


@dataclass
class RateOfChange(StandardisedDetector):
    """Step from one reading to the next, in the usual size of such steps.

    Good at jumps, spikes and sudden stops, whatever the level; bad at everything that comes gradually. Cost: about
    8 ns per value.

    References
    ----------
    ISA-18.2 (2016). Management of Alarm Systems for the Process Industries: rate-of-change alarms.
    """

    name: ClassVar[str] = "rate_of_change"
    title: ClassVar[str] = "Rate of change"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "jumps, spikes and sudden stops"
    bad_at: ClassVar[str] = "everything that comes gradually"
    default_threshold: ClassVar[float] = 6.0

    def begin(self, n_machines: int, n_sensors: int) -> State:
        usual = {f"usual_{key}": array for key, array in new_normal(n_machines, n_sensors).items()}
        return usual | {"last": np.full((n_machines, n_sensors), np.nan)}

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        scores: FloatArray = self.contributions(z, block).max(axis=2, initial=0.0)
        return scores

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        working = block.status == OPERATIONAL
        steps = np.empty(z.shape)
        step_kernel(z, working, state["last"], steps)
        usual = {key: state[f"usual_{key}"] for key in ("mean", "variance", "count")}
        return np.nan_to_num(np.abs(standardise(steps, working, usual, self.warm_up, self.memory)), nan=0.0)
