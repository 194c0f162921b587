"""One machine's rows through a detector, its state kept outside: what every worker runs, and the oracle of its test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.detectors.scorable import make_scorable
from engine.records import MAINTENANCE, OPERATIONAL, block_of
from engine.streams.cluster.state_bytes import from_bytes, to_bytes
from engine.streams.readings import RowError, reading_of

# Scores kept to be repeated: after a crash the rows since the last checkpoint come again. At 100 rows/s of a machine
# and a checkpoint each second 128 are enough.
KEPT_SCORES = 128


@dataclass
class MachineScorer:
    """Scores rows one at a time with the unchanged detector of the catalogue.

    A row that was scored before gets the same score again and is not learned twice, so that at-least-once delivery
    and a store keyed by machine and time are enough for right and unique scores.
    """

    algorithm: str
    threshold: float | None = None

    def __post_init__(self) -> None:
        self._detector = make_scorable(self.algorithm)
        self.limit = self._detector.default_threshold if self.threshold is None else self.threshold
        self.bad_rows = 0

    def step(self, row: Any, state: bytes | None) -> tuple[dict[str, Any] | None, bytes | None]:
        """Return the row's score (None = it is no row, or too old to be repeated) and the state after it."""
        kept = from_bytes(state) if state is not None else {"detector": None, "sensors": None, "seen": []}
        try:
            reading = reading_of(row, tuple(kept["sensors"]) if kept["sensors"] is not None else None)
        except RowError:
            self.bad_rows += 1
            return None, state
        seen = kept["seen"]
        if seen and reading.at_us <= seen[-1][0]:
            score = next((score for at, score in seen if at == reading.at_us), None)
            return (None if score is None else self._result(row, reading.at_us, score)), state
        sensors = kept["sensors"] if kept["sensors"] is not None else list(reading.values)
        values = np.array([[[reading.values[name] for name in sensors]]], np.float64)
        status = np.array([[MAINTENANCE if reading.stopped else OPERATIONAL]], np.uint8)
        times = np.array([reading.at_us], np.int64)
        self._detector.state = kept["detector"]
        block = block_of(times, values, (reading.machine,), tuple(sensors), status)
        score = float(self._detector.score_then_learn(block)[0, 0])
        seen = [*seen[-KEPT_SCORES + 1 :], [reading.at_us, score]]
        fresh = to_bytes({"detector": self._detector.state, "sensors": sensors, "seen": seen})
        return self._result(row, reading.at_us, score), fresh

    def _result(self, row: dict[str, Any], at_us: int, score: float) -> dict[str, Any]:
        return {
            "timestamp": row["timestamp"],
            "machine_id": row["machine_id"],
            "at_us": at_us,
            "detector": self.algorithm,
            "score": score,
            "alarm": score >= self.limit,
        }
