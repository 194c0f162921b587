"""Models fitted on a rolling window: the streaming wrapper around batch methods.

One model serves all machines: each machine's readings are standardised by its own centre and spread, then pooled.
Refits happen at fixed counts of ticks, never by the clock, so tick by tick and one block give the same scores.
"""

from __future__ import annotations

import logging
import time
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.base import Detector
from engine.params import Range
from engine.records import MAINTENANCE

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

logger = logging.getLogger(__name__)

NEVER = 2**62
LEAST_ROWS = 20  # fewer readings than this teach nothing
FAR = 100.0  # standardised readings are cut off here, so that one absurd value cannot overflow a model


@dataclass
class Windowed(Detector):
    """A model of all machines that is fitted on a window from time to time.

    The score is (raw - median) / (99 % quantile - median) of the raw scores of the training readings, cut at 0: 1.0 is
    passed by one normal reading in a hundred, whatever the method. Readings in maintenance are neither scored nor
    learned; readings that looked strange are left out of the next fit unless they make up half of the machine's
    window.

    Parameters
    ----------
    warm_up
        Ticks before the first fit when there is no history; then it refits at each doubling up to `refit_every`.
    window
        Ticks kept for fitting.
    refit_every
        Ticks between fits; 0 = fit once and stay.
    train_rows
        Readings, of all machines together, that one fit uses; they are spread evenly over the window.
    seed
        Seed of the method's random choices.
    """

    online: ClassVar[bool] = False
    multivariate: ClassVar[bool] = True
    family: ClassVar[str] = "batch model"
    default_threshold: ClassVar[float] = 2.0

    warm_up: Annotated[int, Range(LEAST_ROWS, 20_000, unit="ticks", log=True)] = 120
    window: Annotated[int, Range(50, 50_000, unit="ticks", log=True)] = 3600
    refit_every: Annotated[int, Range(0, 1_000_000, unit="ticks")] = 3600
    train_rows: Annotated[int, Range(50, 20_000, unit="readings", log=True)] = 2000
    seed: Annotated[int, Range(0, 2**31 - 1)] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        self.refit_seconds: list[float] = []  # what each fit cost; a measurement, so not part of the state

    @abstractmethod
    def fitted(self, rows: FloatArray) -> tuple[State, FloatArray]:
        """Fit standardised rows (n, n_sensors); return the model as plain arrays and the raw scores of the rows."""

    @abstractmethod
    def raw_scores(self, model: State, rows: FloatArray) -> FloatArray:
        """Return the method's own score of standardised rows (n, n_sensors) without NaN; higher = stranger."""

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {
            "ticks": 0,
            "stride": 1,
            "kept": 0,
            "next_fit": self.warm_up,
            "is_fitted": 0,
            "ring": np.full((self.window, n_machines, n_sensors), np.nan),
            "strange": np.zeros((self.window, n_machines), np.bool_),
            "centre": np.zeros((n_machines, n_sensors)),
            "spread": np.ones((n_machines, n_sensors)),
            "unit": np.array([0.0, 1.0]),
        }

    def fit(self, block: Block) -> None:
        """Fit on the history at once; the rolling window then spans as much time as the history did."""
        self.state = self.start(block.n_machines, block.n_sensors)
        if len(block) == 0:
            return
        values = _learnable(block)
        self.state["stride"] = self.stride_for(len(block))
        kept = values[:: self.state["stride"]][-self.window :]
        self._keep(kept, np.zeros(kept.shape[:2], np.bool_))
        self._refit(values, np.zeros(values.shape[:2], np.bool_))
        if self.state["is_fitted"]:
            self.state["next_fit"] = self.refit_every or NEVER

    def stride_for(self, n_ticks: int) -> int:
        """Return which share of the ticks (each n-th) the window keeps after a history of that length."""
        return -(-n_ticks // self.window)

    def advance(self, block: Block) -> FloatArray:
        state = self._state()
        out = np.zeros((len(block), block.n_machines))
        done = 0
        while done < len(block):
            stop = min(len(block), done + max(1, state["next_fit"] - state["ticks"]))
            part = block.ticks(done, stop)
            out[done:stop] = np.where(part.status == MAINTENANCE, 0.0, self._scores(part.values))
            self._remember(part, out[done:stop])
            done = stop
        return out

    def blame(self, block: Block) -> FloatArray | None:
        """Return how far the score falls when one sensor is set to the machine's centre."""
        if self.state is None or not self.state["is_fitted"]:
            return None
        whole = self._scores(block.values)
        falls = []
        for sensor in range(block.n_sensors):
            without = block.values.copy()
            without[:, :, sensor] = np.nan
            falls.append(np.maximum(whole - self._scores(without), 0.0))
        return np.stack(falls, axis=-1)

    def standardised(self, values: FloatArray) -> FloatArray:
        """Return (n_ticks, n_machines, n_sensors) in each machine's units; a missing reading is at the centre."""
        state = self._state()
        scaled = (values - state["centre"]) / state["spread"]
        rows: FloatArray = np.clip(np.nan_to_num(scaled, nan=0.0, posinf=FAR, neginf=-FAR), -FAR, FAR)
        return rows

    def _state(self) -> State:
        if self.state is None:
            raise ValueError(f"{type(self).__name__} must have seen readings first, got none.")
        return self.state

    def _scores(self, values: FloatArray) -> FloatArray:
        state = self._state()
        if not state["is_fitted"]:
            return np.zeros(values.shape[:2])
        rows = self.standardised(values).reshape(-1, values.shape[2])
        raw = np.asarray(self.raw_scores(state, rows), dtype=np.float64)
        scores = self.calibrated(raw).reshape(values.shape[:2])
        return np.where(np.isnan(values).all(axis=2), 0.0, scores)

    def calibrated(self, raw: FloatArray) -> FloatArray:
        """Return scores from raw scores; see the class."""
        middle, width = self._state()["unit"]
        scores: FloatArray = np.maximum(np.nan_to_num((raw - middle) / width, nan=0.0, posinf=1e9, neginf=0.0), 0.0)
        return scores

    def _remember(self, block: Block, scores: FloatArray) -> None:
        state = self._state()
        ticks = np.arange(state["ticks"], state["ticks"] + len(block))
        kept = ticks % state["stride"] == 0
        self._keep(_learnable(block)[kept], scores[kept] >= self.default_threshold)
        state["ticks"] += len(block)
        if state["ticks"] >= state["next_fit"]:
            oldest_first = np.arange(max(0, state["kept"] - self.window), state["kept"]) % self.window
            self._refit(state["ring"][oldest_first], state["strange"][oldest_first])
            state["next_fit"] = self._following_fit(state["ticks"])

    def _following_fit(self, ticks: int) -> int:
        if not self._state()["is_fitted"]:
            return ticks + self.warm_up
        if self.refit_every == 0:
            return NEVER
        return ticks + min(ticks, self.refit_every)

    def _keep(self, values: FloatArray, strange: Any) -> None:
        state = self._state()
        values, strange, skipped = values[-self.window :], strange[-self.window :], max(0, len(values) - self.window)
        at = (state["kept"] + skipped + np.arange(len(values))) % self.window
        state["ring"][at], state["strange"][at] = values, strange
        state["kept"] += skipped + len(values)

    def _refit(self, values: FloatArray, strange: Any) -> None:
        state = self._state()
        began = time.perf_counter()
        mostly_strange = strange.mean(axis=0) >= 0.5
        usable = np.where((strange & ~mostly_strange)[:, :, None], np.nan, values)
        centre, spread = centre_and_spread(usable)
        before = state["centre"], state["spread"]
        state["centre"], state["spread"] = centre, spread
        rows = self.training_rows(usable)
        if len(rows) < LEAST_ROWS:
            state["centre"], state["spread"] = before
            return
        try:
            model, raw = self.fitted(rows)
        except (ValueError, ArithmeticError) as problem:  # what libraries raise on data that they cannot fit
            logger.warning("%s kept its model: the new fit failed (%s).", self.name, problem)
            state["centre"], state["spread"] = before
            return
        middle, high = np.quantile(raw, [0.5, 0.99])
        state.update(model, is_fitted=1, unit=np.array([middle, width_of(middle, high, raw)]))
        self.refit_seconds.append(time.perf_counter() - began)

    def training_rows(self, values: FloatArray) -> FloatArray:
        """Return at most `train_rows` standardised rows of readings in which NaN marks what must not be learned."""
        seen = ~np.isnan(values).all(axis=2).reshape(-1)
        rows = self.standardised(values).reshape(-1, values.shape[2])[seen]
        if len(rows) <= self.train_rows:
            return rows
        return rows[np.linspace(0, len(rows) - 1, self.train_rows).astype(np.int64)]


def centre_and_spread(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the median and the spread (n_machines, n_sensors) of readings (n_ticks, n_machines, n_sensors).

    The spread is the 10 % to 90 % distance over 2.563, which is the standard deviation of normal data; where that is 0
    the standard deviation, and for a constant sensor a thousandth of its value, so that its first move is noticed.
    """
    ordered = np.sort(values, axis=0)
    count = np.sum(~np.isnan(values), axis=0)
    low, middle, high = (_quantile(ordered, count, q) for q in (0.1, 0.5, 0.9))
    spread = (high - low) / 2.563
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.nansum(values, axis=0) / count
        deviation = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / count)
    spread = np.where(spread > 1e-9 * np.abs(middle), spread, deviation)
    spread = np.where(spread > 1e-9 * np.abs(middle), spread, np.maximum(1e-3 * np.abs(middle), 1e-6))
    known = count > 0
    return np.where(known, middle, 0.0), np.where(known, spread, 1.0)


def _quantile(ordered: FloatArray, count: Any, share: float) -> FloatArray:
    at = np.maximum((count - 1) * share, 0.0).astype(np.int64)
    picked: FloatArray = np.take_along_axis(ordered, at[None], axis=0)[0]
    return picked


def width_of(middle: float, high: float, raw: FloatArray) -> float:
    """Return high - middle, or the next best positive width where the raw scores do not differ."""
    for width in (high - middle, float(raw.max()) - middle):
        if width > 1e-12 * max(abs(middle), 1.0):
            return float(width)
    return max(abs(float(middle)), 1.0)


def _learnable(block: Block) -> FloatArray:
    """Return the readings with those taken in maintenance, and infinite ones, left out (NaN)."""
    unusable = (block.status == MAINTENANCE)[:, :, None] | np.isinf(block.values)
    return np.where(unusable, np.nan, block.values)
