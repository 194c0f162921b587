"""The run of `python -m engine process`: simulation → memory or Kafka → windows → alerts."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from engine.streams.pacing import deadlines
from engine.streams.processor import WindowProcessor, WindowSettings
from engine.streams.readings import Reading, reading_of
from engine.streams.sources.base import Row
from engine.streams.sources.plant import PlantSource
from engine.streams.transport import Transport

MODES = ("real_time", "batch", "hybrid")
ARRIVE_S = 10.0  # how long the last rows may take through the transport


@dataclass
class Processing:
    """Runs a simulated plant through windows.

    Parameters
    ----------
    mode
        real_time: each row is processed as it arrives. batch: all rows are collected first, then processed in one go.
        hybrid: as real_time, and at the end a batch run over all rows gives the windows that differ from what real
        time said (marked "pass": "batch").
    interval_s
        Seconds between two ticks; also their distance in event time.
    paced
        False = do not wait between ticks.
    """

    source: PlantSource
    transport: Transport
    settings: WindowSettings
    mode: str = "real_time"
    interval_s: float = 1.0
    paced: bool = True
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._sensors = self.source.simulated.spec.sensor_names
        self.processor = WindowProcessor(self.settings, self._sensors)
        self.sent = self.received = 0
        self._kept: list[Reading] = []

    def run(self) -> Iterator[dict[str, Any]]:
        """Yield windows and alerts as they become due; ends with the source or with `stop`."""
        live = self.mode != "batch"
        said: list[dict[str, Any]] = []
        for _ in self._ticks():
            for result in self._results(self._step(), live):
                said.append(result)
                yield result
        for result in self._results(self._rest(), live):
            said.append(result)
            yield result
        if live:
            for result in self.processor.close():
                said.append(result)
                yield result
        if self.mode != "real_time":
            yield from self._batch_pass(said)

    def _ticks(self) -> Iterator[int]:
        if self.paced and self.mode != "batch":
            yield from deadlines(1.0 / self.interval_s, self.source.ticks or None, self.stop)
            return
        while not self.source.finished and not self.stop.is_set():
            yield 0

    def _step(self) -> list[Row]:
        rows = self.source.next_rows()
        self.transport.send(rows)
        self.sent += len(rows)
        return self.transport.receive(0.0)

    def _rest(self) -> list[Row]:
        rows: list[Row] = []
        until = time.monotonic() + ARRIVE_S
        while self.received + len(rows) < self.sent and time.monotonic() < until:
            rows += self.transport.receive(0.1)
        return rows

    def _results(self, rows: list[Row], live: bool) -> Iterator[dict[str, Any]]:
        self.received += len(rows)
        for row in rows:
            reading = reading_of(row, self._sensors)
            if self.mode != "real_time":
                self._kept.append(reading)
            if live:
                yield from self.processor.add(reading)

    def _batch_pass(self, said: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """Process everything again, in order of event time, so that nothing is late."""
        batch = WindowProcessor(self.settings, self._sensors)
        results: list[dict[str, Any]] = []
        for reading in sorted(self._kept, key=lambda one: one.at_us):
            results += batch.add(reading)
        results += batch.close()
        if self.mode == "batch":
            self.processor = batch
            yield from results
            return
        yield from ({**result, "pass": "batch"} for result in results if result not in said)
