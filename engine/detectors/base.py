"""What every detector owes: causal scores, the same live and in batch.

The contract (tested over the whole catalogue in tests/engine/detectors/test_contract.py):

- scores are float64 (n_ticks, n_machines), finite, ≥ 0, higher = stranger, 0.0 in warm-up;
- score before learn: a reading never helps to judge itself;
- block invariance: tick by tick gives the same scores as one block;
- no future peek and no label peek; NaN and constant input are tolerated; deterministic under its seed;
- the state is plain arrays that survive save and load.

What the data sheet says about the sensors may be told with `bind(spec)`; detectors that need limits learn them from
quantiles when they were told nothing. A detector may add `explain(block)`: its inside view as plain JSON-ready data.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from engine.records import Block, FloatArray

    State = dict[str, Any]


@dataclass(frozen=True)
class SensorLimits:
    """What the data sheet says about one sensor: normal range, marks and the smallest step, in the sensor's unit."""

    normal: tuple[float, float]
    warning: float | None = None
    critical: float | None = None
    low_side: bool = False  # True: the warning and critical marks lie below the normal range (an oil level)
    resolution: float = 0.0


@dataclass
class Detector(ABC):
    """Turns blocks into scores.

    A subclass is a dataclass whose fields are its parameters. It implements `start` (empty state for a plant of that
    shape) and `advance` (score each tick from the past, then learn it, in order). All machines are handled at once,
    as arrays over the machine axis. State lives in `self.state`, a dict of NumPy arrays and plain numbers; nothing
    else may change between calls.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    family: ClassVar[str]  # baseline, limit, multivariate, online forest, batch model, time series
    good_at: ClassVar[str]
    bad_at: ClassVar[str]
    online: ClassVar[bool] = True  # learns from each reading; False: fitted on a window from time to time
    multivariate: ClassVar[bool] = False  # sees relations between sensors
    default_threshold: ClassVar[float] = 3.0  # raise an alarm at score ≥ this, in units of the score
    peeks: ClassVar[bool] = False  # True only for the oracle baseline, which is shown as such

    def __post_init__(self) -> None:
        self.state: State | None = None
        self.limits: dict[str, SensorLimits] = {}

    def bind(self, spec: Any) -> Detector:
        """Tell the data-sheet limits of a plant's sensors (a PlantSpec, or anything with `sensors`); returns self."""
        self.limits = {sensor.name: _limits_of(sensor) for sensor in spec.sensors}
        return self

    @abstractmethod
    def start(self, n_machines: int, n_sensors: int) -> State:
        """Return the state before the first reading."""

    @abstractmethod
    def advance(self, block: Block) -> FloatArray:
        """Score each tick of the block from what was before it, then learn it; returns (n_ticks, n_machines)."""

    def fit(self, block: Block) -> None:
        """Learn from unlabelled history; may be left out, detectors then warm up on the stream."""
        self.learn(block)

    def score(self, block: Block) -> FloatArray:
        """Return the scores that the block would get; what was learned stays as it was."""
        before = copy.deepcopy(self.state)
        try:
            return self.score_then_learn(block)
        finally:
            self.state = before

    def learn(self, block: Block) -> None:
        """Learn the block's readings."""
        self.score_then_learn(block)

    def score_then_learn(self, block: Block) -> FloatArray:
        """Score each tick, then learn it: what the live engine calls, the cheapest way to do both."""
        if self.state is None:
            self.state = self.start(block.n_machines, block.n_sensors)
        if len(block) == 0:
            return np.zeros((0, block.n_machines))
        return self.advance(block)

    def blame(self, block: Block) -> FloatArray | None:
        """Return how much each sensor drives the scores, ≥ 0, (n_ticks, n_machines, n_sensors); None = not known."""
        return None

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the inside view on this block (X-ray page) as plain JSON-ready data; {} = nothing to show."""
        return {}

    def reset(self) -> None:
        """Forget everything that was learned; what was bound stays."""
        self.state = None


def _limits_of(sensor: Any) -> SensorLimits:
    low, high = sensor.normal
    return SensorLimits(
        normal=(float(low), float(high)),
        warning=sensor.warning,
        critical=sensor.critical,
        low_side=bool(sensor.low_side),
        resolution=float(sensor.resolution),
    )
