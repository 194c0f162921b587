"""What the online forests share: deviations in, raw strangeness out, brought to one scale per machine.

Forests give scores in units of their own (bits, path lengths, displaced masses) whose level differs between machines
and settings. The raw strangeness is therefore standardised by its own slow, clipped mean and spread; the score is the
part above the mean, in standard deviations. Readings far above their usual strangeness are not learned (until
`patience` runs out), or a forest would take a fault for normal within one window.
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

GATE = 4.0  # usual spreads above its mean at which a reading is too strange to be learned
GATE_TICKS = 20  # the gate is set at fixed counts of ticks, so that the size of blocks does not matter


@dataclass
class ForestDetector(StandardisedDetector):
    """An ensemble of random partitions that learns from each reading.

    Parameters
    ----------
    seed
        Seed of the random cuts.
    patience
        Strange readings in a row that are not learned; then the new state is taken for normal.
    """

    family: ClassVar[str] = "online forest"
    multivariate: ClassVar[bool] = True
    default_threshold: ClassVar[float] = 8.0

    seed: Annotated[int, Range(0, 2**31 - 1)] = 7
    patience: Annotated[int, Range(0, 10_000_000, unit="readings in a row")] = 20_000

    @abstractmethod
    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        """Return the forest before the first reading."""

    @abstractmethod
    def strangeness(self, z: FloatArray, known: BoolArray, gate: FloatArray, state: State) -> FloatArray:
        """Return raw strangeness (n_ticks, n_machines), NaN while not ready, then learn.

        Parameters
        ----------
        z
            Deviations (n_ticks, n_machines, n_sensors), 0 where a sensor is silent.
        known
            Where any reading came.
        gate
            Raw strangeness of each machine from which on a reading is not learned.
        """

    def begin(self, n_machines: int, n_sensors: int) -> State:
        usual = {f"usual_{key}": array for key, array in new_normal(n_machines, 1).items()}
        usual |= {"seen": 0, "gate": np.full(n_machines, np.inf), "streak": np.zeros(n_machines, np.int64)}
        return usual | self.plant_trees(n_machines, n_sensors, np.random.default_rng(self.seed))

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        known = np.asarray(np.isfinite(z).any(axis=2))
        filled = np.nan_to_num(z, nan=0.0)
        scores = np.zeros(known.shape)
        done = 0
        while done < len(block):
            stop = min(len(block), done + GATE_TICKS - state["seen"] % GATE_TICKS)
            scores[done:stop] = self._stretch(filled[done:stop], known[done:stop], state)
            done = stop
        return scores

    def _stretch(self, z: FloatArray, known: BoolArray, state: State) -> FloatArray:
        """Score ticks between two settings of the gate."""
        raw = self.strangeness(z, known, state["gate"], state)
        usual = {key: state[f"usual_{key}"] for key in ("mean", "variance", "count")}
        above = standardise(raw[:, :, None], known, usual, self.warm_up, self.memory)[:, :, 0]
        state["seen"] += len(z)
        if state["seen"] % GATE_TICKS == 0:
            ready = usual["count"][:, 0] >= 2 * self.warm_up
            level = usual["mean"][:, 0] + GATE * np.sqrt(usual["variance"][:, 0])
            state["gate"] = np.where(ready, level, np.inf)
        return np.asarray(np.maximum(np.nan_to_num(above, nan=0.0), 0.0))

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the usual raw strangeness of each machine (mean and spread), before it is standardised."""
        if self.state is None:
            return {}
        mean, spread = self.state["usual_mean"][:, 0], np.sqrt(self.state["usual_variance"][:, 0])
        machines = {m: {"usual": float(mean[i]), "spread": float(spread[i])} for i, m in enumerate(block.machines)}
        return {"kind": "forest", "sensors": list(block.sensors), "machines": machines}
