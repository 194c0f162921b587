"""What the online forests share: deviations in, raw strangeness out, brought to one scale per machine.

Forests give scores in units of their own (bits, path lengths, displaced masses) whose level differs between machines
and settings. The raw strangeness is therefore standardised by its own slow, clipped mean and spread; the score is the
part above the mean, in standard deviations.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.standard import StandardisedDetector, new_normal, standardise
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import Block, FloatArray


@dataclass
class ForestDetector(StandardisedDetector):
    """An ensemble of random partitions that learns from each reading.

    Parameters
    ----------
    seed
        Seed of the random cuts.
    """

    family: ClassVar[str] = "online forest"
    multivariate: ClassVar[bool] = True
    default_threshold: ClassVar[float] = 8.0

    seed: Annotated[int, Range(0, 2**31 - 1)] = 7

    @abstractmethod
    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        """Return the forest before the first reading."""

    @abstractmethod
    def strangeness(self, z: FloatArray, known: BoolArray, state: State) -> FloatArray:
        """Return raw strangeness (n_ticks, n_machines), NaN while not ready, then learn; `known` = a reading came."""

    def begin(self, n_machines: int, n_sensors: int) -> State:
        usual = {f"usual_{key}": array for key, array in new_normal(n_machines, 1).items()}
        return usual | self.plant_trees(n_machines, n_sensors, np.random.default_rng(self.seed))

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        known = np.asarray(np.isfinite(z).any(axis=2))
        raw = self.strangeness(np.nan_to_num(z, nan=0.0), known, state)
        usual = {key: state[f"usual_{key}"] for key in ("mean", "variance", "count")}
        above = standardise(raw[:, :, None], known, usual, self.warm_up, self.memory)[:, :, 0]
        return np.maximum(np.nan_to_num(above, nan=0.0), 0.0)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the usual raw strangeness of each machine (mean and spread), before it is standardised."""
        if self.state is None:
            return {}
        mean, spread = self.state["usual_mean"][:, 0], np.sqrt(self.state["usual_variance"][:, 0])
        machines = {m: {"usual": float(mean[i]), "spread": float(spread[i])} for i, m in enumerate(block.machines)}
        return {"kind": "forest", "sensors": list(block.sensors), "machines": machines}
