"""CUSUM: deviations that do not cancel out."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.smoothing import new_smoothing, smooth
from engine.detectors.standard import StandardisedDetector
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

LOOK_BACK = 0.02  # weight of the average whose spread tells the correlation in time: some 100 readings


@kernel
def cusum_kernel(z, inflation, working, slack, ceiling, up, down, out_up, out_down):  # type: ignore[no-untyped-def]
    """Climb by z - slack (and by -z - slack downwards), never below 0 or above the ceiling; maintenance resets."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            a, b = up[m, k], down[m, k]
            for i in range(n_ticks):
                x = z[i, m, k] / inflation[i, m, k]
                if not working[i, m]:
                    a, b = 0.0, 0.0
                elif np.isfinite(x):
                    x = min(max(x, -10.0), 10.0)
                    a = min(max(a + x - slack, 0.0), ceiling)
                    b = min(max(b - x - slack, 0.0), ceiling)
                out_up[i, m, k], out_down[i, m, k] = a, b
            up[m, k], down[m, k] = a, b


@dataclass
class Cusum(StandardisedDetector):
    """Sum of small deviations from normal that have not yet cancelled out.

    Good at slow sensor drift and small lasting shifts; bad at single spikes, and it needs a stable normal: on raw
    readings every change of load fills the sum. Deviations are divided by the learned inflation of averages, so that
    a sensor that wanders by itself needs more to climb. Two ladders per sensor, upwards and downwards; the score is
    the highest. Cost: about 12 ns per value.

    Parameters
    ----------
    slack
        Deviation forgiven at each reading: half the shift that should be found soonest.
    ceiling
        Where the sum stops, so that an alarm ends soon after the fault does.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41, 100–115.
    """

    name: ClassVar[str] = "cusum"
    title: ClassVar[str] = "CUSUM"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "slow sensor drift and small lasting shifts"
    bad_at: ClassVar[str] = "single spikes; a normal that moves"
    default_threshold: ClassVar[float] = 40.0

    slack: Annotated[float, Range(0.0, 5.0, unit="σ", step=0.05)] = 1.0
    ceiling: Annotated[float, Range(5.0, 1000.0, unit="σ", log=True)] = 80.0

    def begin(self, n_machines: int, n_sensors: int) -> State:
        ladders = {"up": np.zeros((n_machines, n_sensors)), "down": np.zeros((n_machines, n_sensors))}
        return ladders | new_smoothing(LOOK_BACK, n_machines, n_sensors)

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        scores: FloatArray = self.contributions(z, block).max(axis=2, initial=0.0)
        return scores

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        up, down = self._ladders(z, block)
        return np.maximum(up, down)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return both ladders of every sensor over the block, per machine: `up` and `down` (n_sensors, n_ticks)."""
        if self.state is None:
            return {}
        before = copy.deepcopy(self.state)
        up, down = self._ladders(self.deviations(block), block)
        self.state = before
        ladders = {m: {"up": up[:, i].T.tolist(), "down": down[:, i].T.tolist()} for i, m in enumerate(block.machines)}
        return {"kind": "ladder", "sensors": list(block.sensors), "slack": self.slack, "machines": ladders}

    def _ladders(self, z: FloatArray, block: Block) -> tuple[FloatArray, FloatArray]:
        state = self.state or {}
        up, down = np.empty(z.shape), np.empty(z.shape)
        working = block.status == OPERATIONAL
        _, inflation = smooth(z, working, LOOK_BACK, self.memory, state)
        cusum_kernel(z, inflation, working, self.slack, self.ceiling, state["up"], state["down"], up, down)
        return up, down
