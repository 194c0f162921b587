"""Holt-Winters: the error of a forecast from level, trend and hour of the day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.standard import StandardisedDetector, new_normal, standardise
from engine.params import Range
from engine.records import DAY_US, OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

SLOTS = 48  # half-hours of the day


@kernel
def holt_winters_kernel(z, slots, alpha, beta, gamma, level, trend, season, error, seen, out):  # type: ignore[no-untyped-def]
    """Write the forecast's error, then learn the reading; an error beyond 3 usual ones counts as 3."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            for i in range(n_ticks):
                x = z[i, m, k]
                out[i, m, k] = np.nan
                if not np.isfinite(x):
                    continue
                s = slots[i]
                if seen[m, k] == 0:
                    level[m, k] = x
                    error[m, k] = 1.0
                seen[m, k] += 1
                e = x - (level[m, k] + trend[m, k] + season[m, k, s])
                out[i, m, k] = e
                # Robust Holt-Winters (Gelper, Fried, Croux 2010): the cleaned error moves the model.
                e = min(max(e, -3.0 * error[m, k]), 3.0 * error[m, k])
                error[m, k] = max(error[m, k] + 0.02 * (1.2533 * abs(e) - error[m, k]), 1e-6)
                before = level[m, k]
                level[m, k] += trend[m, k] + alpha * e
                # A damped trend (0.98): Gardner, McKenzie 1985.
                trend[m, k] = 0.98 * (trend[m, k] + beta * (level[m, k] - before - trend[m, k]))
                season[m, k, s] += gamma * e


@dataclass
class HoltWinters(StandardisedDetector):
    """Error of a one-step forecast from level, trend and half-hour of the day, in its own usual size.

    Good at sudden breaks on top of trend and daily rhythm; bad at slow faults: the level follows them and the error
    stays small. Cost: about 15 ns per value.

    Parameters
    ----------
    alpha
        How far one reading moves the level.
    beta
        How far a move of the level moves the trend.
    gamma
        How far one reading moves the pattern of the day.

    References
    ----------
    Winters, P. R. (1960). Forecasting sales by exponentially weighted moving averages. Management Science 6, 324–342.
    Gelper, S., Fried, R., Croux, C. (2010). Robust forecasting with exponential and Holt-Winters smoothing. J.
    Forecasting 29, 285–300. Gardner, E. S., McKenzie, E. (1985). Forecasting trends in time series. Management Science
    31, 1237–1246.
    """

    name: ClassVar[str] = "holt_winters"
    title: ClassVar[str] = "Holt-Winters residual"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "sudden breaks on top of trend and daily rhythm"
    bad_at: ClassVar[str] = "slow faults: the forecast follows them"
    default_threshold: ClassVar[float] = 6.0

    alpha: Annotated[float, Range(0.001, 1.0, unit="of each error", log=True)] = 0.1
    beta: Annotated[float, Range(0.0, 0.5, unit="of each move")] = 0.01
    gamma: Annotated[float, Range(0.0, 0.5, unit="of each error")] = 0.002

    def begin(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        state: State = {f"hw_{name}": np.zeros(shape) for name in ("level", "trend", "error")}
        state |= {"hw_season": np.zeros((*shape, SLOTS)), "hw_seen": np.zeros(shape, np.int64)}
        return state | {f"usual_{key}": array for key, array in new_normal(n_machines, n_sensors).items()}

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        scores: FloatArray = self.contributions(z, block).max(axis=2, initial=0.0)
        return scores

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        errors = np.empty(z.shape)
        slots = (block.times_us % DAY_US) * SLOTS // DAY_US
        holt_winters_kernel(
            z, slots, self.alpha, self.beta, self.gamma,
            state["hw_level"], state["hw_trend"], state["hw_season"], state["hw_error"], state["hw_seen"], errors,
        )  # fmt: skip
        usual = {key: state[f"usual_{key}"] for key in ("mean", "variance", "count")}
        sizes = standardise(errors, block.status == OPERATIONAL, usual, self.warm_up, self.memory)
        return np.nan_to_num(np.abs(sizes), nan=0.0)
