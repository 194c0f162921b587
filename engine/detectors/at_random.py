"""The baseline that throws dice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.base import Detector
from engine.params import Range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.detectors.base import State
    from engine.records import Block, FloatArray

# Constants of splitmix64 (Steele, Lea, Flood 2014), the finaliser used as a counter-based hash.
GOLDEN, FIRST, SECOND = (np.uint64(c) for c in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


@dataclass
class AtRandom(Detector):
    """Throws dice at every reading: what luck alone achieves.

    Good at showing which metrics reward luck; bad at everything else. The score is uniform in [0, 1) and a pure
    function of (seed, event time, machine name), so blocks of any size give the same dice. Cost: 10 ns a reading.

    Parameters
    ----------
    seed
        Which dice.

    References
    ----------
    Steele, G., Lea, D., Flood, C. (2014). Fast splittable pseudorandom number generators. OOPSLA.
    """

    name: ClassVar[str] = "at_random"
    title: ClassVar[str] = "At random"
    family: ClassVar[str] = "baseline"
    good_at: ClassVar[str] = "nothing; it shows which metrics reward luck"
    bad_at: ClassVar[str] = "knows nothing about the readings"
    default_threshold: ClassVar[float] = 0.999

    seed: Annotated[int, Range(0, 2**31 - 1)] = 7

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {}

    def advance(self, block: Block) -> FloatArray:
        keys = np.array([_key(self.seed, machine) for machine in block.machines], np.uint64)
        return uniform(block.times_us.astype(np.uint64)[:, None], keys[None, :])


def uniform(counter: NDArray[np.uint64], key: NDArray[np.uint64]) -> FloatArray:
    """Return numbers in [0, 1) that depend on counter and key only (two rounds of splitmix64)."""
    with np.errstate(over="ignore"):
        mixed = _mix(_mix(counter * GOLDEN + key) ^ key)
    return (mixed >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * FIRST
    z = (z ^ (z >> np.uint64(27))) * SECOND
    return z ^ (z >> np.uint64(31))


def _key(seed: int, machine: str) -> int:
    import hashlib

    return int.from_bytes(hashlib.blake2b(f"{seed}/{machine}".encode(), digest_size=8).digest(), "little")
