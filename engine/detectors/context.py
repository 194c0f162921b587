"""The context stage: raw readings become "how far from what the rest of the machine says", in standard deviations.

Per machine and sensor the stage predicts the reading from the other sensors, their recent averages (heat lags behind
power) and the hour of the day, takes away a slow baseline, and divides by the usual size of what remains. All of it is
causal and cautious: updates are clipped, strange readings count for little, and a sustained alarm stops learning, so
that a fault cannot teach the stage that it is normal. A sensor whose level is a sawtooth (oil that is used up and
topped up) is judged by its change instead of its level.

References
----------
Hines, J. W., Seibert, R. (2006). Technical review of on-line monitoring techniques (auto-associative regression).
NUREG/CR-6895. Huber, P. J. (1964). Robust estimation of a location parameter. Ann. Math. Stat. 35 (clipped updates).
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors import context_model as model
from engine.detectors.base import Detector
from engine.detectors.context_kernels import residual_kernel
from engine.detectors.standard import take_normal
from engine.params import Range
from engine.records import DAY_US, HOUR_US, OPERATIONAL, SECOND_US

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

GRID_S = 10.0  # the regression learns from one reading per 10 s at most: nearer ones say the same again
FIRST_FIT_S = 1800.0  # plant time after which a stage without history makes its first regression


@dataclass
class Context:
    """Turns blocks of readings into blocks of residuals, in standard deviations.

    Good at taking load, weather, hour and machine out of the readings; bad with little training: hours and loads it
    never saw look strange (`warning` says so). Cost: about 0.6 µs per reading of 7 sensors.

    Parameters
    ----------
    baseline_h
        Time constant of the slow baseline: shorter forgives slow wear sooner, and slow faults too.
    memory_d
        How far back the regression remembers.
    refit_h
        Plant time between two regressions.
    settle_s
        Time after maintenance in which nothing is said: the machine warms up again.
    patience_h
        How long a sustained alarm may stop learning before the new state is taken for normal.
    as_rate
        Names of sensors judged by their change, separated by commas.
    """

    baseline_h: Annotated[float, Range(1.0, 720.0, unit="h", log=True)] = 24.0
    memory_d: Annotated[float, Range(0.5, 365.0, unit="d", log=True)] = 14.0
    refit_h: Annotated[float, Range(0.1, 48.0, unit="h", log=True)] = 2.0
    settle_s: Annotated[float, Range(0.0, 36_000.0, unit="s")] = 1800.0
    patience_h: Annotated[float, Range(0.1, 240.0, unit="h", log=True)] = 24.0
    as_rate: str = "oil_level"

    def __post_init__(self) -> None:
        self.state: State | None = None

    def start(self, block: Block) -> State:
        """Return the state before the first reading of machines and sensors like those of the block."""
        names = {name.strip() for name in self.as_rate.split(",")}
        rate = np.array([sensor in names for sensor in block.sensors])
        state = model.new_state(block.n_machines, block.n_sensors, rate)
        return state | {"start_us": None, "last_us": None, "next_fit_us": None, "hours": np.zeros(168, np.int64)}

    def fit(self, block: Block) -> None:
        """Learn from unlabelled history; strange stretches in it are left out in a second and third pass."""
        state = self.state = self.start(block)
        if len(block) == 0:
            return
        take_normal(block, state, model.WARM_UP)
        state["scaled"][:] = state["count"] >= model.WARM_UP
        for _ in range(3):
            model.forget_sums(state)
            state.update(start_us=None, last_us=None, next_fit_us=None)
            self._run(block, refits=False)
            model.solve(state)
        state["hours"] += np.bincount(_hours_of_week(block), minlength=168)
        state["next_fit_us"] = int(block.times_us[-1]) + self._refit_us()

    def residuals(self, block: Block) -> Block:
        """Return the block with residuals for values (NaN = nothing known), then learn it."""
        if self.state is None:
            self.state = self.start(block)
        if len(block) == 0:
            return block
        self.state["hours"] += np.bincount(_hours_of_week(block), minlength=168)
        return replace(block, values=self._run(block, refits=True))

    def coverage(self) -> dict[str, Any]:
        """Return what the training has seen: days, hours of the day (24) and days of the week (7)."""
        hours = np.zeros((7, 24)) if self.state is None else self.state["hours"].reshape(7, 24)
        span_us = 0
        if self.state is not None and self.state["last_us"] is not None:
            span_us = self.state["last_us"] - self.state["start_us"]
        return {
            "days": span_us / DAY_US,
            "hours_of_day": [bool(n) for n in hours.sum(axis=0)],
            "days_of_week": [bool(n) for n in hours.sum(axis=1)],
        }

    def warning(self) -> str | None:
        """Return one sentence on what the training has not seen, or None when it covers a week."""
        seen = self.coverage()
        hours, days = sum(seen["hours_of_day"]), seen["days_of_week"]
        if hours < 24:
            return (
                f"Trained on {hours} of 24 hours of the day: expect false alarms at the others; train on a whole day."
            )
        if not (any(days[:5]) and any(days[5:])):
            part = "weekend" if any(days[:5]) else "working day"
            return f"No {part} in the training: expect false alarms on the first one; train on a whole week."
        return None

    def _refit_us(self) -> int:
        return int(self.refit_h * HOUR_US)

    def _run(self, block: Block, refits: bool) -> FloatArray:
        state = self.state or {}
        out = np.empty(block.values.shape)
        if state["start_us"] is None:
            state["start_us"] = int(block.times_us[0])
        if state["next_fit_us"] is None and refits:
            state["next_fit_us"] = int(block.times_us[0]) + int(FIRST_FIT_S * SECOND_US)
        done = 0
        while done < len(block):
            if refits and block.times_us[done] >= state["next_fit_us"]:
                model.solve(state)
                now = int(block.times_us[done])
                # Refits come with each doubling of the training, at most every refit_h.
                state["next_fit_us"] = now + min(max(now - state["start_us"], 60 * SECOND_US), self._refit_us())
            stop = int(np.searchsorted(block.times_us, state["next_fit_us"])) if refits else len(block)
            stop = max(stop, done + 1)
            self._stretch(block.ticks(done, stop), out[done:stop], state)
            done = stop
        return out

    def _stretch(self, block: Block, out: FloatArray, state: State) -> None:
        before = state["last_us"] if state["last_us"] is not None else int(block.times_us[0])
        steps_s = np.diff(block.times_us, prepend=before) / SECOND_US
        numbers = np.array(
            [self.baseline_h * 3600, self.memory_d * 86_400, self.settle_s, self.patience_h * 3600, GRID_S]
        )
        gains = model.gains(steps_s)
        if state["last_us"] is None:
            gains[0] = 1.0  # the averages begin at the first reading
        residual_kernel(
            block.values, np.asarray(block.status == OPERATIONAL), np.maximum(steps_s, 0.0),
            gains, model.harmonics(block.times_us), numbers, *model.arrays(state), out,
        )  # fmt: skip
        state["last_us"] = int(block.times_us[-1])


@dataclass
class OnContext(Detector):
    """Any detector, fed with residuals of the context stage instead of raw readings.

    Parameters
    ----------
    detector
        The detector that judges the residuals.
    context
        The stage before it.
    """

    good_at: ClassVar[str] = "the detector's own strengths, with load, hour and machine taken out"
    bad_at: ClassVar[str] = "hours and loads that the training never saw"

    detector: Detector
    context: Context = field(default_factory=Context)

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.detector
        # The wrapper answers to what it wraps; written to the instance, so the catalogue does not list the wrapper.
        self.__dict__.update(
            name=f"{inner.name}_on_context", title=f"{inner.title} on context", family=inner.family,
            online=inner.online, multivariate=True, default_threshold=inner.default_threshold, peeks=inner.peeks,
        )  # fmt: skip

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {"context": None, "detector": None}

    def fit(self, block: Block) -> None:
        """Fit the stage on the history, then the detector on the history's residuals."""
        self.context.fit(block)
        self.fit_detector(block)

    def fit_detector(self, block: Block) -> None:
        """Fit the detector on the residuals of a history that the stage has been fitted on already."""
        fitted = copy.deepcopy(self.context.state)
        model.rewind(self.context.state or {})
        residuals = self.context.residuals(block)
        self.context.state = fitted
        self.detector.reset()
        self.detector.fit(residuals)
        self._keep()

    def advance(self, block: Block) -> FloatArray:
        self._restore()
        scores = self.detector.score_then_learn(self.context.residuals(block))
        self._keep()
        return scores

    def blame(self, block: Block) -> FloatArray | None:
        """Return the detector's blame on the residuals."""
        shares: FloatArray | None = self._looking(block, self.detector.blame)
        return shares

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the detector's inside view on the residuals."""
        view: dict[str, Any] = self._looking(block, self.detector.explain)
        return view

    def reset(self) -> None:
        super().reset()
        self.context.state = None
        self.detector.reset()

    def _looking(self, block: Block, look: Any) -> Any:
        self._restore()
        before = copy.deepcopy(self.context.state)
        try:
            return look(self.context.residuals(block))
        finally:
            self.context.state = before
            self._keep()

    def _restore(self) -> None:
        if self.state is not None:
            self.context.state, self.detector.state = self.state["context"], self.state["detector"]

    def _keep(self) -> None:
        self.state = {"context": self.context.state, "detector": self.detector.state}


def with_context(detector: Detector, **values: Any) -> OnContext:
    """Return the detector standing on a context stage of its own; `values` are the stage's parameters."""
    return OnContext(detector, Context(**values))


def _hours_of_week(block: Block) -> Any:
    # 1970-01-01 was a Thursday, the fourth day of a week that begins on Monday.
    return ((block.times_us // HOUR_US) + 3 * 24) % 168
