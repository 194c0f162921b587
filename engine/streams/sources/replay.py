"""Rows of a recording: CSV, JSON lines or Parquet, at a chosen speed."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from engine.errors import FileProblemError
from engine.params import Range
from engine.records import SECOND_US, time_us
from engine.streams.sources.base import Row, Source

CHUNK_ROWS = 1000


@dataclass
class Replay(Source):
    """Plays a file again; "-" is standard input (JSON lines).

    Parameters
    ----------
    path
        A file ending in .csv, .jsonl, .json or .parquet, with the columns timestamp and machine_id.
    speed
        Event seconds for each second; 0 = as fast as possible.
    """

    name: ClassVar[str] = "replay"
    title: ClassVar[str] = "Recording"
    path: str = "-"
    speed: Annotated[float, Range(0.0, 1e6)] = 0.0

    def __post_init__(self) -> None:
        self.clock: Callable[[], float] = time.monotonic
        self.wait: Callable[[float], object] = time.sleep
        self.bad_rows = 0
        self._rows = self._open()
        self._began: tuple[float, int] | None = None
        self._next: Row | None = None
        self._ended = False

    @property
    def finished(self) -> bool:  # type: ignore[override]
        return self._ended

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        rows: list[Row] = []
        until = self.clock() + timeout_s
        while len(rows) < CHUNK_ROWS:
            row = self._next if self._next is not None else next(self._rows, None)
            self._next = None
            if row is None:
                self._ended = True
                break
            early = self._early_s(row)
            if early > 0 and (rows or self.clock() + early > until):
                self._next = row
                if not rows:
                    self.wait(min(early, timeout_s))
                break
            if early > 0:
                self.wait(early)
            rows.append(row)
        return rows

    def _early_s(self, row: Row) -> float:
        """Return how many seconds too early the row is."""
        if self.speed == 0.0:
            return 0.0
        try:
            at = time_us(str(row.get("timestamp")))
        except ValueError:
            return 0.0
        if self._began is None:
            self._began = (self.clock(), at)
        return self._began[0] + (at - self._began[1]) / SECOND_US / self.speed - self.clock()

    def _open(self) -> Iterator[Row]:
        if self.path == "-":
            import sys

            return self._json_rows(sys.stdin)
        file = Path(self.path)
        ending = file.suffix.lower()
        readers: dict[str, Callable[[Path], Iterator[Row]]] = {
            ".csv": self._csv_file,
            ".jsonl": self._json_file,
            ".json": self._json_file,
            ".ndjson": self._json_file,
            ".parquet": _parquet_file,
        }
        if ending not in readers:
            raise FileProblemError(file, "", "its ending says no format", "name it .csv, .jsonl or .parquet")
        if not file.is_file():
            raise FileProblemError(file, "", "there is no such file", "give the path of a recording")
        return readers[ending](file)

    def _csv_file(self, file: Path) -> Iterator[Row]:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            for row in csv.DictReader(lines):
                yield {name: _value(name, text) for name, text in row.items() if name}

    def _json_file(self, file: Path) -> Iterator[Row]:
        with file.open(encoding="utf-8") as lines:
            yield from self._json_rows(lines)

    def _json_rows(self, lines: Any) -> Iterator[Row]:
        for line in lines:
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError:
                self.bad_rows += 1
                continue
            yield row


def _value(name: str, text: str | None) -> Any:
    if text is None or text == "":
        return None
    if name in ("timestamp", "machine_id", "maintenance_status", "anomaly_type"):
        return text
    try:
        return float(text)
    except ValueError:
        return text


def _parquet_file(file: Path) -> Iterator[Row]:
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file).iter_batches(batch_size=CHUNK_ROWS):
        yield from batch.to_pylist()
