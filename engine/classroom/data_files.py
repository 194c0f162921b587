"""A student's readings as a file, piece by piece: what is made takes the memory of one piece, however long the data."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engine.classroom.csv_text import csv_cell, csv_rows
from engine.records import STATUS_WORDS, iso_times

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from engine.records import Block, FloatArray

ROWS_AT_ONCE = 20_000  # of a piece: some hundredths of a second of work, and a few megabytes


def csv_parts(variant: str, blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield the readings as CSV: variant, time, machine, state and sensors; no truth, no seed."""
    for at, block in enumerate(blocks):
        head = csv_rows([["variant", "timestamp", "machine_id", "status", *block.sensors]]) if at == 0 else ""
        yield (head + "".join(_lines(variant, block))).encode()


def _lines(variant: str, block: Block) -> Iterator[str]:
    """Yield a line for each tick and machine."""
    first = csv_cell(variant)
    names = [csv_cell(machine) for machine in block.machines]
    values = [_texts(block.values[:, at]) for at in range(len(names))]
    states = block.status.tolist()
    for tick, stamp in enumerate(iso_times(block.times_us)):
        for at, name in enumerate(names):
            yield f"{first},{stamp},{name},{STATUS_WORDS[states[tick][at]]},{values[at][tick]}\n"


def _texts(values: FloatArray) -> list[str]:
    """Return the readings of a machine (n_ticks, n_sensors) as text; a missing one is empty."""
    return [",".join("" if value != value else repr(value) for value in row) for row in values.tolist()]


def parquet_parts(blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield the readings as Parquet with the documented columns, a row group for each block."""
    import pyarrow.parquet as parquet

    from engine.dataset import arrow_table

    sink, writer = _Sink(), None
    for block in blocks:
        table = arrow_table(block, False)
        writer = writer or parquet.ParquetWriter(sink, table.schema, compression="zstd")
        writer.write_table(table)
        yield sink.taken()
    if writer is not None:
        writer.close()
        yield sink.taken()


class _Sink(io.RawIOBase):
    """A file that can only be written on; what was written is taken away piece by piece."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: object) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        self._size += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)
