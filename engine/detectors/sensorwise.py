"""Detectors that score each sensor by itself; the highest score is the machine's."""

from __future__ import annotations

import copy
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.detectors.base import Detector

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

RECENT = 64  # ticks whose sensor scores are remembered: an alarm is explained after its readings were learned


@dataclass
class Sensorwise(Detector):
    """A detector that implements `begin` (its state) and `sensor_scores`; blame is each sensor's own score."""

    @abstractmethod
    def begin(self, n_machines: int, n_sensors: int) -> State:
        """Return the subclass's own state before the first reading."""

    @abstractmethod
    def sensor_scores(self, block: Block) -> FloatArray:
        """Score and learn the block sensor by sensor; returns (n_ticks, n_machines, n_sensors)."""

    def start(self, n_machines: int, n_sensors: int) -> State:
        recent = np.zeros((RECENT, n_machines, n_sensors))
        times = np.full(RECENT, -(2**62), np.int64)
        return {**self.begin(n_machines, n_sensors), "recent": recent, "recent_us": times}

    def advance(self, block: Block) -> FloatArray:
        each = self.sensor_scores(block)
        state = self.known()
        state["recent"] = np.concatenate([state["recent"], each])[-RECENT:]
        state["recent_us"] = np.concatenate([state["recent_us"], block.times_us])[-RECENT:]
        highest: FloatArray = each.max(axis=2, initial=0.0)
        return highest

    def known(self) -> State:
        """Return the state of a detector that has begun."""
        if self.state is None:
            raise ValueError(f"{type(self).__name__} must have seen readings first, got none.")
        return self.state

    def blame(self, block: Block) -> FloatArray | None:
        """Return each sensor's own score: as it was for ticks just learned, else as if the block came next."""
        if self.state is None or len(block) == 0:
            return None
        times = self.state["recent_us"]
        at = np.minimum(np.searchsorted(times, block.times_us), len(times) - 1)
        if (times[at] == block.times_us).all():
            remembered: FloatArray = self.state["recent"][at].copy()
            return remembered
        before = self.state
        self.state = copy.deepcopy(before)
        try:
            return self.sensor_scores(block)
        finally:
            self.state = before
