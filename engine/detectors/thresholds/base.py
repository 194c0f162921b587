"""What every threshold rule owes: a level for each score that depends on earlier scores only, per machine.

The contract (tested over the whole catalogue): the level at a tick is known before the tick's score; tick by tick and
one block give the same levels; machines do not influence each other; levels are above 0, infinite while the rule has
seen too little (no alarm yet). Scores before a machine's first positive one are the detector's warm-up and teach
nothing. Hysteresis, confirmation and hold-off are the alarm desk's business.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from engine.records import FloatArray, IntArray

    State = dict[str, Any]

LEAST = 1e-9  # levels are never below this: a score of 0.0 is no alarm


@dataclass
class ThresholdRule(ABC):
    """Turns scores into levels; an alarm is due where score ≥ level.

    A subclass is a dataclass whose fields are its parameters; it implements `start` and `advance`.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    good_at: ClassVar[str]
    bad_at: ClassVar[str]

    def __post_init__(self) -> None:
        self.state: State | None = None

    @abstractmethod
    def start(self, n_machines: int) -> State:
        """Return the state before the first score."""

    @abstractmethod
    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        """Return the level at each tick from the scores before it, then learn it; (n_ticks, n_machines)."""

    def levels(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        """Return the level in force at each tick, (n_ticks, n_machines), and learn the scores.

        Parameters
        ----------
        scores
            (n_ticks, n_machines), finite, ≥ 0; NaN (not scored) is passed over.
        times_us
            Event times of the ticks.
        """
        if self.state is None:
            self.state = self.start(scores.shape[1])
        if len(scores) == 0:
            return np.zeros(scores.shape)
        found = self.advance(np.ascontiguousarray(scores, dtype=np.float64), times_us)
        return np.maximum(found, LEAST)

    def peek(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        """Return the levels that the scores would meet; what was learned stays as it was."""
        before = copy.deepcopy(self.state)
        try:
            return self.levels(scores, times_us)
        finally:
            self.state = before

    def alarms(self, scores: FloatArray, times_us: IntArray) -> Any:
        """Return where an alarm is due, bool (n_ticks, n_machines), and learn the scores."""
        return scores >= self.levels(scores, times_us)

    def reset(self) -> None:
        """Forget everything."""
        self.state = None
