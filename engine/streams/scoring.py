"""Rows from anywhere through a detector: scores and alarms row by row."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from engine.detectors.base import Detector
from engine.records import Block, iso_times
from engine.streams.readings import BlockAssembler, RowError, reading_of
from engine.streams.rows import rows_of
from engine.streams.sources.base import Row


@dataclass
class RowScorer:
    """Scores rows and marks alarms; a row is scored before it is learned.

    Parameters
    ----------
    threshold
        Score that raises an alarm; None = the detector's own.
    """

    detector: Detector
    threshold: float | None = None
    assembler: BlockAssembler = field(default_factory=BlockAssembler)
    bad_rows: int = field(default=0, init=False)
    alarms: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._in_alarm: set[str] = set()

    @property
    def limit(self) -> float:
        """The threshold in force."""
        return self.detector.default_threshold if self.threshold is None else self.threshold

    def add(self, rows: list[Row]) -> list[Row]:
        """Take rows and return those that are scored now, with `score`, `alarm` and `alarm_began`."""
        scored: list[Row] = []
        for row in rows:
            try:
                block = self.assembler.add(reading_of(row, self.assembler.sensors or None))
            except RowError:
                self.bad_rows += 1
                continue
            if block is not None:
                scored += self._scored(block)
        return scored

    def rest(self) -> list[Row]:
        """Return what still waited for readings of other machines."""
        block = self.assembler.rest()
        return [] if block is None else self._scored(block)

    def _scored(self, block: Block) -> list[Row]:
        scores = self.detector.score_then_learn(block).ravel().tolist()
        rows: list[dict[str, Any]] = rows_of(block, times=iso_times(block.times_us, False)).dicts()
        for row, score in zip(rows, scores, strict=True):
            alarm, machine = score >= self.limit, row["machine_id"]
            began = alarm and machine not in self._in_alarm
            (self._in_alarm.add if alarm else self._in_alarm.discard)(machine)
            self.alarms += began
            row |= {"score": round(score, 6), "alarm": alarm, "alarm_began": began}
        return rows
