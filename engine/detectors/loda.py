"""LODA: many one-dimensional histograms of random projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.forest import ForestDetector
from engine.detectors.kernels import kernel
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import Block, FloatArray

REACH = 6.0  # the histograms cover -6 to 6 standard deviations of a projection; the edge bins take the rest


@kernel
def loda_kernel(z, known, weights, sensors, reach, least, window, counts, total, gate, streak, patience, out):  # type: ignore[no-untyped-def]
    """Write the mean of -log2 of the relative frequency over the projections, then count the reading."""
    n_ticks, n_machines, _ = z.shape
    n_projections, n_used = weights.shape
    bins = counts.shape[2]
    places = np.zeros(n_projections, np.int64)
    for m in range(n_machines):
        for i in range(n_ticks):
            out[i, m] = np.nan
            if not known[i, m]:
                continue
            bits = 0.0
            for p in range(n_projections):
                v = 0.0
                for u in range(n_used):
                    v += weights[p, u] * min(max(z[i, m, sensors[p, u]], -100.0), 100.0)
                at = int(np.floor((v + reach) / (2.0 * reach) * bins))
                at = min(max(at, 0), bins - 1)
                places[p] = at
                # One count is spread over all bins so that an empty one is finitely strange (Laplace).
                bits -= np.log2((counts[m, p, at] + 1.0 / bins) / (total[m] + 1.0))
            if total[m] >= least:
                out[i, m] = bits / n_projections
            # A reading far stranger than usual is not learned, unless such readings go on and on.
            if out[i, m] >= gate[m]:
                streak[m] += 1
                if streak[m] <= patience:
                    continue
            else:
                streak[m] = 0
            for p in range(n_projections):
                counts[m, p, places[p]] += 1.0
            total[m] += 1.0
            if total[m] >= window:
                # Halving makes old readings count ever less without a second set of histograms.
                for p in range(n_projections):
                    for b in range(bins):
                        counts[m, p, b] *= 0.5
                total[m] *= 0.5


@dataclass
class Loda(ForestDetector):
    """Random sparse mixtures of sensors, a histogram of each; strange is what falls into thin bins of many.

    Good at broken relations between sensors, cheaply, and it can say which sensors are to blame; bad at faults within
    the usual range of every mixture. Old readings fade: the counts are halved each `window` readings. Cost: about 1 µs
    per reading of 7 sensors with 100 projections.

    Parameters
    ----------
    projections
        Number of random mixtures.
    bins
        Bins of each histogram.
    window
        Readings after which the counts are halved.

    References
    ----------
    Pevný, T. (2016). Loda: lightweight on-line detector of anomalies. Machine Learning 102, 275–304.
    """

    name: ClassVar[str] = "loda"
    title: ClassVar[str] = "LODA"
    good_at: ClassVar[str] = "broken relations between sensors; cheap; names the sensors"
    bad_at: ClassVar[str] = "faults within the usual range of every mixture"

    projections: Annotated[int, Range(5, 500, unit="projections", log=True)] = 100
    bins: Annotated[int, Range(8, 256, unit="bins", log=True)] = 60
    window: Annotated[int, Range(50, 1_000_000, unit="readings", log=True)] = 10_000

    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        used = max(1, round(n_sensors**0.5))  # sqrt(d) sensors in each projection (Pevný 2016, section 3)
        sensors = np.array([rng.permutation(n_sensors)[:used] for _ in range(self.projections)])
        weights = rng.normal(size=(self.projections, used))
        weights /= np.sqrt((weights**2).sum(axis=1, keepdims=True))
        return {
            "weights": weights, "sensors": sensors,
            "counts": np.zeros((n_machines, self.projections, self.bins)), "total": np.zeros(n_machines),
        }  # fmt: skip

    def strangeness(self, z: FloatArray, known: BoolArray, gate: FloatArray, state: State) -> FloatArray:
        raw = np.empty(z.shape[:2])
        least = min(self.warm_up, self.window // 4)
        loda_kernel(
            z, known, state["weights"], state["sensors"], REACH, least, self.window,
            state["counts"], state["total"], gate, state["streak"], self.patience, raw,
        )  # fmt: skip
        return raw

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        """Return how much stranger projections with the sensor are than those without it (Pevný 2016, section 3.4)."""
        state = self.state or {}
        filled = np.clip(np.nan_to_num(z, nan=0.0), -100.0, 100.0)
        bits = self._bits(filled, state)
        shares = np.zeros(z.shape)
        for sensor in range(z.shape[2]):
            has = (state["sensors"] == sensor).any(axis=1)
            if has.any() and not has.all():
                shares[:, :, sensor] = bits[:, :, has].mean(axis=2) - bits[:, :, ~has].mean(axis=2)
        return np.maximum(shares, 0.0)

    def _bits(self, z: FloatArray, state: State) -> FloatArray:
        values = np.einsum("impu,pu->imp", z[:, :, state["sensors"]], state["weights"])
        places = np.clip(np.floor((values + REACH) / (2 * REACH) * self.bins), 0, self.bins - 1).astype(np.int64)
        every_machine, every_projection = np.arange(z.shape[1])[None, :, None], np.arange(self.projections)
        counts = state["counts"][every_machine, every_projection, places]
        bits: FloatArray = -np.log2((counts + 1.0 / self.bins) / (state["total"][None, :, None] + 1.0))
        return bits

    def explain(self, block: Block) -> dict[str, Any]:
        """Return, per machine, how strange the block's last reading is in each projection, in bits, and its sensors."""
        shares = self.blame(block)
        if self.state is None or shares is None or len(block) == 0:
            return {}
        machines = {name: {"shares": shares[-1, i].tolist()} for i, name in enumerate(block.machines)}
        used = [[block.sensors[int(k)] for k in row] for row in self.state["sensors"]]
        return {"kind": "projections", "sensors": list(block.sensors), "projections": used, "machines": machines}
