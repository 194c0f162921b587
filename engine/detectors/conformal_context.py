"""Two plain views of each sensor, its hour and its level, measured against their own past."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.sensorwise import Sensorwise
from engine.params import Range
from engine.records import DAY_US, OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

SLOTS = 48  # half hours of the day
QUIET = 0.5  # score at most, while resting


@dataclass
class ConformalContext(Sensorwise):
    """How surprising the last reading is for its hour of day, and the mean of the last few for the level, together.

    Each view is turned into a conformal p-value, its rank among the view's own past, and the score is the mean of both
    -log10(p). After an alarm it rests, so that one event makes one alarm. Made for single streams of metrics (traffic,
    load, temperatures); a fault that only breaks the relation of two sensors stays unseen. Costs about 3 µs per
    reading and sensor. Width, memory and alarm level were chosen on the 50 public series of the Numenta benchmark.

    Parameters
    ----------
    memory
        Past values that the level view is ranked among; the hour view takes three times as many.
    width
        Readings in the short mean.
    warm_up
        Ticks before anything is scored, when there is no history.
    level
        Score from which it rests.
    rest
        Ticks that it then rests, as a share of the history (or warm-up), `memory` at most.

    References
    ----------
    Laxhammar, R. (2014). Conformal anomaly detection. Thesis, Skövde. Burnaev, E., Ishimtsev, V. (2016). Conformalized
    density- and distance-based anomaly detection in time-series data. arXiv 1608.04585 (rest after an alarm).
    """

    name: ClassVar[str] = "conformal_context"
    title: ClassVar[str] = "Conformal hour and level"
    family: ClassVar[str] = "time series"
    good_at: ClassVar[str] = "single streams with a daily rhythm; alarms at a stated rate without labels"
    bad_at: ClassVar[str] = "relations between sensors; faults that last much longer than the rest"
    default_threshold: ClassVar[float] = 2.2

    memory: Annotated[int, Range(50, 20_000, unit="readings", log=True)] = 750
    width: Annotated[int, Range(2, 200, unit="readings", log=True)] = 10
    warm_up: Annotated[int, Range(50, 20_000, unit="ticks", log=True)] = 300
    level: Annotated[float, Range(0.5, 5.0)] = 2.2
    rest: Annotated[float, Range(0.0, 1.0)] = 0.2

    def begin(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        return {
            "seen": np.zeros(shape, np.int64),
            "readings": np.zeros((*shape, self.memory + self.width)),
            "profile": np.full((*shape, SLOTS), np.nan),
            "level_past": np.zeros((*shape, self.memory)),
            "hour_past": np.zeros((*shape, 3 * self.memory)),
            "resting": np.zeros(n_machines, np.int64),
            "history": self.warm_up,
        }

    def fit(self, block: Block) -> None:
        """Learn the history, however short, and start scoring at once."""
        self.learn(block)
        if self.state is not None:
            self.state["history"] = min(len(block), self.memory)
            self.state["resting"][:] = 0

    def advance(self, block: Block) -> FloatArray:
        scores = super().advance(block)
        state = self.known()
        rest_kernel(scores, state["resting"], self.level, int(self.rest * min(state["history"], self.memory)), QUIET)
        return scores

    def sensor_scores(self, block: Block) -> FloatArray:
        state = self.known()
        working = np.isfinite(block.values) & (block.status == OPERATIONAL)[:, :, None]
        slots = (block.times_us % DAY_US) * SLOTS // DAY_US
        views = np.full((2, *block.values.shape), np.nan)
        ready = state["history"]
        hour_kernel(block.values, working, slots, state["profile"], views[0])
        level_kernel(block.values, working, state["seen"], state["readings"], self.width, views[1])
        out = np.zeros((2, *block.values.shape))
        for view, past, surprise in zip(views, (state["hour_past"], state["level_past"]), out, strict=True):
            rank_kernel(view, working, state["seen"], past, ready, surprise)
        state["seen"] += working.sum(axis=0)
        mean: FloatArray = out.mean(axis=0)
        return mean

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's usual day, 48 half hours per machine and sensor (null where none was seen)."""
        head = {"kind": "daily_profile", "machines": list(block.machines), "sensors": list(block.sensors)}
        if self.state is None:
            return {**head, "ready": False}
        profile = self.state["profile"].round(6).astype(object)
        profile[np.isnan(self.state["profile"])] = None
        return {**head, "ready": True, "profile": profile.tolist()}


@kernel
def hour_kernel(values, working, slots, profile, view):  # type: ignore[no-untyped-def]
    """Write how far each reading is from the usual one of its half hour, then learn it with a gain of 0.02."""
    for i in range(values.shape[0]):
        for m in range(values.shape[1]):
            for k in range(values.shape[2]):
                if not working[i, m, k]:
                    continue
                usual, x = profile[m, k, slots[i]], values[i, m, k]
                view[i, m, k] = abs(x - usual) if np.isfinite(usual) else 0.0
                profile[m, k, slots[i]] = usual + 0.02 * (x - usual) if np.isfinite(usual) else x


@kernel
def level_kernel(values, working, seen, readings, width, view):  # type: ignore[no-untyped-def]
    """Write how far the mean of the last `width` readings is from the mean of those before them (20 at least)."""
    size = readings.shape[2]
    for m in range(values.shape[1]):
        for k in range(values.shape[2]):
            n = seen[m, k]
            for i in range(values.shape[0]):
                if not working[i, m, k]:
                    continue
                readings[m, k, n % size] = values[i, m, k]
                n += 1
                short, long = 0.0, 0.0
                for j in range(max(0, n - width), n):
                    short += readings[m, k, j % size]
                for j in range(max(0, n - size), n - width):
                    long += readings[m, k, j % size]
                before = min(size, n) - width
                view[i, m, k] = abs(short / width - long / before) if before >= 20 else 0.0


@kernel
def rank_kernel(view, working, seen, past, ready, surprise):  # type: ignore[no-untyped-def]
    """Write -log10 of the share of past values that are as large, more when it passes them all; then keep it."""
    size = past.shape[2]
    for m in range(view.shape[1]):
        for k in range(view.shape[2]):
            n = seen[m, k]
            for i in range(view.shape[0]):
                if not working[i, m, k]:
                    continue
                x, held = view[i, m, k], min(n, size)
                as_large, largest = 0, 0.0
                for j in range(held):
                    as_large += past[m, k, j] >= x
                    largest = max(largest, past[m, k, j])
                if n >= ready:
                    surprise[i, m, k] = -np.log10((as_large + 1.0) / (held + 1.0))
                    if x > largest and largest > 0.0:
                        surprise[i, m, k] += min(2.0 * np.log10(x / largest), 2.0)
                past[m, k, n % size] = x
                n += 1


@kernel
def rest_kernel(scores, resting, level, ticks, quiet):  # type: ignore[no-untyped-def]
    """Hold scores down for `ticks` after one that reached the level."""
    for m in range(scores.shape[1]):
        for i in range(scores.shape[0]):
            if resting[m] > 0:
                resting[m] -= 1
                scores[i, m] = min(scores[i, m], quiet)
            elif scores[i, m] >= level:
                resting[m] = ticks
