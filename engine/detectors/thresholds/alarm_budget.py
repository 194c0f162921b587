"""A budget of alarms: how often may I phone you at night?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.thresholds.base import ThresholdRule
from engine.params import Range
from engine.records import DAY_US

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray, IntArray


@kernel
def budget_kernel(scores, steps, training, step, seen, highest, level, active, out):  # type: ignore[no-untyped-def]
    """Lower the level with time at the budget's pace, raise it at each alarm's start; frozen while in alarm."""
    n_ticks, n_machines = scores.shape
    for m in range(n_machines):
        for i in range(n_ticks):
            x = scores[i, m]
            if seen[m] < training:
                out[i, m] = np.inf
                if np.isfinite(x) and (seen[m] > 0 or x > 0.0):
                    seen[m] += 1
                    highest[m] = max(highest[m], x)
                    if seen[m] == training:
                        level[m] = max(highest[m], 1e-9)
                continue
            if not active[m]:
                level[m] = max(level[m] * np.exp(-step * steps[i]), 1e-9)
            out[i, m] = level[m]
            if not np.isfinite(x):
                continue
            if x >= level[m] and not active[m]:
                active[m] = True
            elif x < level[m] and active[m]:
                # The alarm is over: it has used up one call of the budget.
                active[m] = False
                level[m] *= np.exp(step)


@dataclass
class AlarmBudget(ThresholdRule):
    """As many alarms as you can bear: the level moves until alarms come at the rate of the budget.

    Good when attention is what is scarce: the answer to "how often may I phone you at night?"; bad when nothing is
    wrong (the budget is spent on the strangest normal) and when everything is. An alarm counts once, however long it
    lasts; while it lasts the level stands still. Cost: 10 ns per score.

    Parameters
    ----------
    alarms_per_day
        Alarms that each machine may raise per day, in the long run.
    step
        How far one alarm moves the level: larger finds the level sooner and wobbles more.
    training
        Scores of each machine whose largest is the first level.

    References
    ----------
    Gibbs, I., Candès, E. (2021). Adaptive conformal inference under distribution shift. NeurIPS 34 (the feedback).
    """

    name: ClassVar[str] = "alarm_budget"
    title: ClassVar[str] = "Alarm budget"
    good_at: ClassVar[str] = "keeping the number of alarms bearable, whatever the scores mean"
    bad_at: ClassVar[str] = "spends its budget even when nothing is wrong"

    alarms_per_day: Annotated[float, Range(0.01, 1000.0, unit="alarms per machine and day", log=True)] = 1.0
    step: Annotated[float, Range(0.01, 1.0, unit="of the level, logarithmic")] = 0.1
    training: Annotated[int, Range(20, 100_000, unit="readings", log=True)] = 500

    def start(self, n_machines: int) -> State:
        return {
            "last_us": None,
            "seen": np.zeros(n_machines, np.int64),
            "highest": np.zeros(n_machines),
            "level": np.full(n_machines, np.inf),
            "active": np.zeros(n_machines, np.bool_),
        }

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        state = self.state or {}
        before = int(times_us[0]) if state["last_us"] is None else state["last_us"]
        calls = np.maximum(np.diff(times_us, prepend=before), 0) / DAY_US * self.alarms_per_day
        out = np.empty(scores.shape)
        budget_kernel(
            scores, calls, self.training, self.step,
            state["seen"], state["highest"], state["level"], state["active"], out,
        )  # fmt: skip
        state["last_us"] = int(times_us[-1])
        return out
