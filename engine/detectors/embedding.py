"""Models of stretches: what a sensor did over its last few readings, not where it stands."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.windowed import Windowed, width_of
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

MEMORY = 64  # ticks kept beyond the stretch, so that a short block just learned can still be explained
PRESENT = 0.9  # share of a stretch that must have been read, and not strange, to be learned


@dataclass
class Embedded(Windowed):
    """A model of stretches of `length` readings, fitted on a window like the other batch models.

    Stretches are cut from standardised readings; a missing one stands at the centre. A subclass returns raw scores in
    parts, one per sensor or one for all; each is measured in its own training spread and the highest counts.

    Parameters
    ----------
    length
        Readings in a stretch.
    """

    family: ClassVar[str] = "time series"
    multivariate: ClassVar[bool] = False

    length: Annotated[int, Range(4, 500, unit="ticks", log=True)] = 20

    @abstractmethod
    def fitted_stretches(self, stretches: FloatArray) -> State:
        """Fit stretches (n, n_sensors, length) and return the model as plain arrays."""

    @abstractmethod
    def part_scores(self, model: State, stretches: FloatArray) -> FloatArray:
        """Return raw scores (n, n_parts) of stretches (n, n_sensors, length)."""

    def start(self, n_machines: int, n_sensors: int) -> State:
        reach = self.length - 1 + MEMORY
        tail = np.full((reach, n_machines, n_sensors), np.nan)
        return {**super().start(n_machines, n_sensors), "tail": tail, "tail_us": np.full(reach, -(2**62), np.int64)}

    def stride_for(self, n_ticks: int) -> int:
        return 1  # a stretch needs every reading, so the window is the newest part of the history

    def fit(self, block: Block) -> None:
        super().fit(block)
        self._extend_tail(block)

    def fitted(self, rows: FloatArray) -> tuple[State, FloatArray]:
        model = self.fitted_stretches(rows)
        parts = self.part_scores(model, rows)
        middle, high = np.quantile(parts, [0.5, 0.99], axis=0)
        columns = zip(middle, high, parts.T, strict=True)
        model["part_middle"], model["part_width"] = middle, np.array([width_of(*column) for column in columns])
        return model, self.raw_scores(model, rows)

    def raw_scores(self, model: State, rows: FloatArray) -> FloatArray:
        best: FloatArray = self._measured_parts(model, rows).max(axis=1)
        return best

    def training_rows(self, values: FloatArray) -> FloatArray:
        n_ticks, n_machines, n_sensors = values.shape
        if n_ticks < self.length:
            return np.zeros((0, n_sensors, self.length))
        ends = np.unique(np.linspace(self.length - 1, n_ticks - 1, max(1, self.train_rows // n_machines)).astype(int))
        at = ends[:, None] - np.arange(self.length)[::-1]
        stretches: FloatArray = np.moveaxis(self.standardised(values)[at], 1, 3).reshape(-1, n_sensors, self.length)
        read = np.moveaxis(~np.isnan(values)[at], 1, 3).reshape(len(stretches), -1).mean(axis=1)
        learnable: FloatArray = stretches[read >= PRESENT]
        return learnable

    def blame(self, block: Block) -> FloatArray | None:
        """Return each sensor's own score; where the method has none, how far the score falls without that sensor."""
        if self.state is None or not self.state["is_fitted"]:
            return None
        stretches = self._stretches(self._before(block), block.values)
        parts = self._measured_parts(self.state, stretches)
        if parts.shape[1] != block.n_sensors:
            parts = self._falls(stretches)
        middle, width = self.state["unit"]
        blame: FloatArray = np.maximum((parts - middle) / width, 0.0).reshape(block.values.shape)
        return blame

    def _falls(self, stretches: FloatArray) -> FloatArray:
        state = self._state()
        whole = self.raw_scores(state, stretches)
        falls = []
        for sensor in range(stretches.shape[1]):
            without = stretches.copy()
            without[:, sensor] = 0.0
            falls.append(whole - self.raw_scores(state, without))
        middle = state["unit"][0]
        falls_from: FloatArray = np.maximum(np.stack(falls, axis=1), 0.0) + middle
        return falls_from

    def _measured_parts(self, model: State, stretches: FloatArray) -> FloatArray:
        measured: FloatArray = (self.part_scores(model, stretches) - model["part_middle"]) / model["part_width"]
        return measured

    def _scores(self, values: FloatArray) -> FloatArray:
        state = self._state()
        if not state["is_fitted"]:
            return np.zeros(values.shape[:2])
        raw = self.raw_scores(state, self._stretches(state["tail"], values))
        scores = self.calibrated(raw).reshape(values.shape[:2])
        return np.where(np.isnan(values).all(axis=2), 0.0, scores)

    def _stretches(self, before: FloatArray, values: FloatArray) -> FloatArray:
        """Return the stretch that ends at each reading, (n_ticks · n_machines, n_sensors, length)."""
        joined = self.standardised(np.concatenate([before[len(before) - self.length + 1 :], values]))
        windows = np.lib.stride_tricks.sliding_window_view(joined, self.length, axis=0)
        return windows.reshape(-1, values.shape[2], self.length)

    def _before(self, block: Block) -> FloatArray:
        """Return the readings that came before the block, whether it was learned already or comes next."""
        state = self._state()
        earlier = state["tail"][state["tail_us"] < block.times_us[0]]
        missing = np.full((max(0, self.length - 1 - len(earlier)), *state["tail"].shape[1:]), np.nan)
        return np.concatenate([missing, earlier])

    def _remember(self, block: Block, scores: FloatArray) -> None:
        self._extend_tail(block)
        super()._remember(block, scores)

    def _extend_tail(self, block: Block) -> None:
        state = self._state()
        reach = len(state["tail"])
        state["tail"] = np.concatenate([state["tail"], block.values])[-reach:]
        state["tail_us"] = np.concatenate([state["tail_us"], block.times_us])[-reach:]
