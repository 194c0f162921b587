"""Rows in files: JSON lines, CSV or Parquet."""

from __future__ import annotations

import contextlib
import re
import time
from dataclasses import dataclass
from io import FileIO
from pathlib import Path
from typing import Annotated, Any, ClassVar

from engine.errors import FileProblemError
from engine.params import Choice, Range
from engine.streams.counts import SinkCounts
from engine.streams.rows import KEY_COLUMNS, LABEL_COLUMNS, WHOLE_NUMBERS, Rows, join_rows
from engine.streams.sinks.base import Sink

BUFFER_BYTES = 64 << 10
FLUSH_S = 0.5  # rows wait no longer for the file, so that it can be watched while it grows
PARQUET_ROWS = 50_000  # rows in a row group: large enough to compress, small enough for memory


@dataclass
class File(Sink):
    """A file that is continued after a restart and rotated by size.

    JSON lines and CSV are appended to; a rotated file is renamed to name.1.csv, name.2.csv … (1 is the oldest).
    A Parquet file cannot be appended to, so a restart begins the next file. Rows count as delivered when the system
    has them; on a full disk a text file ends with the last whole row.

    Parameters
    ----------
    path
        The file; its folder is made when missing.
    format
        json (lines), csv (with a header) or parquet.
    rotate_bytes
        Start a new file at this size; 0 = never.
    """

    name: ClassVar[str] = "file"
    title: ClassVar[str] = "File"
    path: str = "stream.jsonl"
    format: Annotated[str, Choice(("json", "csv", "parquet"))] = "json"
    rotate_bytes: Annotated[int, Range(0, 1e15, unit="B")] = 0

    def __post_init__(self) -> None:
        self._path = Path(self.path)
        self._counts = SinkCounts()
        self._file: FileIO | None = None
        self._parquet: Any = None
        self._text, self._text_rows = bytearray(), 0  # lines that are not in the file yet
        self._size, self._flushed_at = 0, 0.0
        self._waiting: list[Rows] = []  # Parquet rows not in a row group yet
        self._columns: tuple[str, ...] = ()

    def write(self, rows: Rows) -> None:
        self._counts.accepted += len(rows)
        if self.format == "parquet":
            self._waiting.append(rows)
            if sum(len(part) for part in self._waiting) >= PARQUET_ROWS:
                self._write_row_group()
            return
        if self._file is None:
            self._open(rows)
        self._text += rows.json_lines() if self.format == "json" else rows.csv_lines()
        self._text_rows += len(rows)
        if len(self._text) >= BUFFER_BYTES or time.monotonic() - self._flushed_at >= FLUSH_S:
            self.flush()
        if self.rotate_bytes and self._size + len(self._text) >= self.rotate_bytes:
            self._rotate()

    def flush(self) -> None:
        if self._file is None or not self._text:
            return
        text, rows = bytes(self._text), self._text_rows
        self._text, self._text_rows, self._flushed_at = bytearray(), 0, time.monotonic()
        left = memoryview(text)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            whole = text[: len(text) - len(left)].rfind(b"\n") + 1
            self._size += whole
            with contextlib.suppress(OSError):
                self._file.truncate(self._size)
            kept = max(0, text[:whole].count(b"\n") - (len(text.splitlines()) - rows))
            self._counts.delivered += kept
            self._counts.lost += rows - kept
            raise
        self._size += len(text)
        self._counts.delivered += rows

    def close(self, timeout_s: float = 10.0) -> None:
        try:
            if self._waiting:
                self._write_row_group()
            self.flush()
        finally:
            if self._parquet is not None:
                self._parquet.close()
                self._parquet = None
            if self._file is not None:
                self._file.close()
                self._file = None

    @property
    def counts(self) -> SinkCounts:
        return SinkCounts(**vars(self._counts))

    def _open(self, rows: Rows) -> None:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._mend_torn_line()
            file = self._file = self._path.open("ab", buffering=0)
            self._size = file.tell()
        except OSError as problem:
            raise self._unwritable(problem) from None
        if self.format == "csv" and self._size == 0:
            self._text += rows.csv_header()
        elif self.format == "csv":
            self._check_header(rows.csv_header())

    def _unwritable(self, problem: OSError) -> FileProblemError:
        why = problem.strerror or str(problem)
        return FileProblemError(self._path, "", why, "give a path that can be written")

    def _mend_torn_line(self) -> None:
        """Cut off a last line that a crash left unfinished."""
        if not self._path.exists() or self._path.stat().st_size == 0:
            return
        with self._path.open("r+b") as file:
            size = file.seek(0, 2)
            tail = b""
            at = size
            while at > 0 and b"\n" not in tail:
                at = max(0, at - BUFFER_BYTES)
                file.seek(at)
                tail = file.read(size - at)
            if not tail.endswith(b"\n"):
                file.truncate(at + tail.rfind(b"\n") + 1)

    def _check_header(self, header: bytes) -> None:
        with self._path.open("rb") as file:
            found = file.readline()
        if found != header:
            cure = "give another --output, or the settings that the file was begun with"
            raise FileProblemError(self._path, "line 1", "the columns differ from those of this stream", cure)

    def _next_name(self) -> Path:
        pattern = re.compile(re.escape(self._path.stem) + r"\.(\d+)" + re.escape(self._path.suffix))
        taken = [int(m[1]) for other in self._path.parent.glob("*") if (m := pattern.fullmatch(other.name))]
        return self._path.with_name(f"{self._path.stem}.{max(taken, default=0) + 1}{self._path.suffix}")

    def _rotate(self) -> None:
        self.close()
        self._path.rename(self._next_name())

    def _write_row_group(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows, self._waiting = join_rows(self._waiting), []
        columns = zip(rows.columns, rows.data, strict=True)
        table = pa.table({name: pa.array(column, _parquet_type(pa, name)) for name, column in columns})
        if self._parquet is None:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                if self._path.exists():
                    self._path.rename(self._next_name())
                self._parquet = pq.ParquetWriter(self._path, table.schema, compression="zstd")
            except OSError as problem:
                self._counts.lost += len(rows)
                raise self._unwritable(problem) from None
        try:
            self._parquet.write_table(table)
        except OSError:
            self._counts.lost += len(rows)
            raise
        self._counts.delivered += len(rows)
        if self.rotate_bytes and self._path.stat().st_size >= self.rotate_bytes:
            self._parquet.close()
            self._parquet = None
            self._path.rename(self._next_name())


def _parquet_type(pa: Any, column: str) -> Any:
    """Return the column's type from its name, since a row group may hold nothing but missing readings."""
    if column in KEY_COLUMNS or column == LABEL_COLUMNS[1]:
        return pa.string()
    return pa.int64() if column in WHOLE_NUMBERS or column == LABEL_COLUMNS[0] else pa.float64()
