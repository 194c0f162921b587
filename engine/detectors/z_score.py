"""The z-score: how many standard deviations from normal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from engine.detectors.standard import StandardisedDetector, largest

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class ZScore(StandardisedDetector):
    """Largest deviation of any sensor from its own mean, in standard deviations.

    Good at sudden large changes of one sensor, and easy to explain; bad at slow drift, at faults that only change how
    sensors move together, and on raw readings of a plant whose load changes (stand it on the context stage). Cost:
    about 5 ns per value.

    References
    ----------
    Shewhart, W. A. (1931). Economic Control of Quality of Manufactured Product: the 3σ chart.
    """

    name: ClassVar[str] = "z_score"
    title: ClassVar[str] = "z-score"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "sudden large changes of one sensor"
    bad_at: ClassVar[str] = "slow drift; relations between sensors; changing load on raw readings"
    default_threshold: ClassVar[float] = 5.5

    def begin(self, n_machines: int, n_sensors: int) -> State:
        return {}

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        return largest(z)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's deviation over the block: `z` (n_sensors, n_ticks) per machine."""
        sizes = self.blame(block)
        lanes = {} if sizes is None else {m: sizes[:, i].T.tolist() for i, m in enumerate(block.machines)}
        return {"kind": "deviations", "sensors": list(block.sensors), "unit": "σ", "machines": lanes}
