"""Rows in a DuckDB table of their own."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.params import Range
from engine.streams.counts import SinkCounts
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink

if TYPE_CHECKING:
    from engine.store.database import Database
    from engine.store.stream_records import StreamRecord, StreamRecords


@dataclass
class Table(Sink):
    """A table in a DuckDB file, written in batches, each in one transaction.

    Parameters
    ----------
    path
        The file; not that of a running app, since DuckDB lets one process only open a file.
    run
        Name under which the rows are kept.
    batch_rows
        Most rows in a transaction.
    batch_s
        Longest wait before a transaction; a commit costs about a millisecond whatever its size.
    """

    name: ClassVar[str] = "table"
    title: ClassVar[str] = "DuckDB table"
    path: str = ""
    run: str = "stream"
    batch_rows: Annotated[int, Range(1, 1_000_000)] = 5_000
    batch_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 1.0

    def __post_init__(self) -> None:
        self._counts = SinkCounts()
        self._database: Database | None = None
        self._records: StreamRecords | None = None
        self._waiting: list[StreamRecord] = []
        self._since = 0.0
        self._offset = 0

    def write(self, rows: Rows) -> None:
        from engine.store.stream_records import StreamRecord

        self._counts.accepted += len(rows)
        if not self._waiting:
            self._since = time.monotonic()
        self._open()
        for machine, at, body in zip(rows.column("machine_id"), rows.times_us, rows.json_rows(), strict=True):
            self._waiting.append(StreamRecord("table", 0, self._offset, machine, at, body.decode()))
            self._offset += 1
        if len(self._waiting) >= self.batch_rows:
            self._store()
        self.flush()

    def flush(self) -> None:
        if self._waiting and time.monotonic() - self._since >= self.batch_s:
            self._store()

    def close(self, timeout_s: float = 10.0) -> None:
        if self._waiting:
            self._store()
        if self._database is not None:
            self._database.close()
            self._database = None

    @property
    def counts(self) -> SinkCounts:
        return SinkCounts(**vars(self._counts))

    def _open(self) -> None:
        if self._database is None:
            from engine.home import home
            from engine.store.database import Database
            from engine.store.stream_records import StreamRecords

            self._database = Database(Path(self.path) if self.path else home() / "stream.duckdb")
            self._records = StreamRecords(self._database)
            self._offset = self._records.next_offset(self.run, "table", 0) or 0

    def _store(self) -> None:
        assert self._records is not None  # _open ran before any row was put in waiting
        self._counts.delivered += self._records.add(self.run, self._waiting)
        self._waiting = []
