"""xStream: chains of half-spaces over random projections."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.forest import ForestDetector
from engine.detectors.kernels import kernel
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import FloatArray

TABLE = 1021  # cells of each counting sketch; a prime spreads the bins evenly
REACH = 20.0  # deviations beyond ±20 σ lie in the outermost bins


@kernel
def chain_kernel(  # type: ignore[no-untyped-def]
    z,
    known,
    mixture,
    reach,
    chosen,
    shifts,
    window,
    table,
    size,
    reference,
    latest,
    count,
    total,
    gate,
    streak,
    patience,
    out,
):
    """Walk each chain to ever finer bins, write how empty the emptiest level was, then count the reading."""
    n_ticks, n_machines, n_sensors = z.shape
    n_chains, depth = chosen.shape
    n_mixed = mixture.shape[0]
    mixed = np.zeros(n_mixed)
    used = np.zeros(n_mixed, np.int64)
    bins = np.zeros(n_mixed, np.int64)
    cells = np.zeros((n_chains, depth), np.int64)
    for m in range(n_machines):
        for i in range(n_ticks):
            out[i, m] = np.nan
            if not known[i, m]:
                continue
            for p in range(n_mixed):
                v = 0.0
                for k in range(n_sensors):
                    v += mixture[p, k] * min(max(z[i, m, k], -reach), reach)
                mixed[p] = v
            strange = 0.0
            for c in range(n_chains):
                least = 1e300
                used[:] = 0
                bins[:] = 0
                for level in range(depth):
                    p = chosen[c, level]
                    used[p] += 1
                    # Each further use of a mixture halves its bin; the first is about one usual width.
                    width = 4.0 * 0.5 ** used[p]
                    bins[p] = int(np.floor((mixed[p] + shifts[c, p]) / width))
                    h = level + 1
                    for q in range(n_mixed):
                        h = (h * 31 + bins[q] % 4093 + q) % 1000003
                    h = h % table
                    # A bin at level l holds 2^-l of evenly spread readings: count times 2^l compares levels.
                    mass = np.log2(1.0 + reference[m, c, level, h]) + level + 1
                    least = min(least, mass)
                    cells[c, level] = h
                strange -= least
            if total[m] > 0:
                out[i, m] = strange / n_chains + np.log2(total[m])
            # A reading far stranger than usual is not learned, unless such readings go on and on.
            if out[i, m] >= gate[m]:
                streak[m] += 1
                if streak[m] <= patience:
                    continue
            else:
                streak[m] = 0
            for c in range(n_chains):
                for level in range(depth):
                    latest[m, c, level, cells[c, level]] += 1
            count[m] += 1
            if count[m] >= size[m]:
                for c in range(n_chains):
                    for level in range(depth):
                        for h in range(table):
                            reference[m, c, level, h] = latest[m, c, level, h]
                            latest[m, c, level, h] = 0
                total[m] = count[m]
                size[m] = min(2 * size[m], window)
                count[m] = 0


@dataclass
class XStream(ForestDetector):
    """Chains of ever finer random bins over random mixtures of sensors, counted in small sketches.

    Good at clusters and holes at several scales, also with many sensors; bad at small shifts; needs some hundred
    readings. A reading is as strange as the emptiest level of its chains was in the last window. Cost: about 15 µs per
    reading of 7 sensors with 30 chains of depth 10; 5 MB a machine.

    Parameters
    ----------
    chains
        Number of chains.
    depth
        Levels of each chain.
    mixtures
        Random projections of the sensors.
    window
        Readings counted before the counts are exchanged; the first windows are shorter.

    References
    ----------
    Manzoor, E., Lamba, H., Akoglu, L. (2018). xStream: outlier detection in feature-evolving data streams. KDD,
    1963–1972. Sparse ±1 projections: Achlioptas, D. (2003). Database-friendly random projections. JCSS 66.
    """

    name: ClassVar[str] = "xstream"
    title: ClassVar[str] = "xStream"
    good_at: ClassVar[str] = "clusters and holes at several scales; many sensors"
    bad_at: ClassVar[str] = "small shifts; costs more than the other forests"
    default_threshold: ClassVar[float] = 6.5

    chains: Annotated[int, Range(1, 200, unit="chains", log=True)] = 30
    depth: Annotated[int, Range(2, 20, unit="levels")] = 10
    mixtures: Annotated[int, Range(2, 100, unit="projections", log=True)] = 10
    window: Annotated[int, Range(20, 100_000, unit="readings", log=True)] = 4000

    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        signs = rng.choice([-1.0, 0.0, 1.0], size=(self.mixtures, n_sensors), p=[1 / 3, 1 / 3, 1 / 3])
        empty = ~signs.any(axis=1)
        signs[empty, rng.integers(0, n_sensors, size=int(empty.sum()))] = 1.0
        counts = np.zeros((n_machines, self.chains, self.depth, TABLE), np.int32)
        first = max(self.window // 16, 20)
        # Staggered ends, so that the machines do not all exchange their counts at one tick.
        size = first + np.arange(n_machines, dtype=np.int64) * first // n_machines
        return {
            "mixture": signs / np.sqrt((signs**2).sum(axis=1, keepdims=True)),
            "chosen": rng.integers(0, self.mixtures, size=(self.chains, self.depth)),
            "shifts": rng.random((self.chains, self.mixtures)) * 4.0,
            "reference": counts, "latest": counts.copy(),
            "filled": np.zeros(n_machines, np.int64), "size": size, "total": np.zeros(n_machines, np.int64),
        }  # fmt: skip

    def strangeness(self, z: FloatArray, known: BoolArray, gate: FloatArray, state: State) -> FloatArray:
        raw = np.empty(z.shape[:2])
        chain_kernel(
            z, known, state["mixture"], REACH, state["chosen"], state["shifts"], self.window, TABLE, state["size"],
            state["reference"], state["latest"], state["filled"], state["total"],
            gate, state["streak"], self.patience, raw,
        )  # fmt: skip
        return raw
