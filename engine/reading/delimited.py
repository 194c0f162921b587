"""The body of a text as columns, in one pass: what is plainly a number becomes one at once, the rest stays text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from engine.errors import FileProblemError
from engine.reading.cells import MISSING, MISSING_WRITTEN, Cells, RawTable, cells_of, plain_numbers, settled
from engine.reading.dialect import BLANKS, WIDE_BLANKS, Dialect, split_all
from engine.reading.records import Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.records import IntArray

BLOCK_BYTES = 1 << 23
REJECTED = "do not have {width} fields"


def body_of(
    text: Text, dialect: Dialect, names: tuple[str, ...], from_line: int, lines: IntArray, pad: bool,
    progress: Callable[[float], None] = lambda share: None, cancelled: Callable[[], bool] = lambda: False,
) -> RawTable:  # fmt: skip
    """Return the rows from a line on.

    Parameters
    ----------
    lines
        The line at which each record begins.
    pad
        True: short rows are filled up with missing cells (some programs leave trailing ones away).
    """
    if not pad and dialect.mark not in (BLANKS, WIDE_BLANKS):
        table = _by_arrow(text, dialect, names, from_line, lines, progress, cancelled)
        if table is not None:
            return table
    return _by_hand(text, dialect, names, lines, pad)


def _by_arrow(
    text: Text, dialect: Dialect, names: tuple[str, ...], from_line: int, lines: IntArray,
    progress: Callable[[float], None], cancelled: Callable[[], bool],
) -> RawTable | None:  # fmt: skip
    """Read with Arrow; None where its rows are not the records that were counted, so that nothing is lost unseen."""
    from engine.errors import CancelledError

    keys = [f"c{at}" for at in range(len(names))]
    refused: list[int] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        refused.append(-1 if row.number is None else int(row.number))
        return "skip"

    start = text.start_of(from_line)
    if start >= len(text.data):
        return RawTable([cells_of(name, []) for name in names], lines[:0])
    source = pa.BufferReader(pa.py_buffer(text.data).slice(start))
    chunks: list[list[np.ndarray | pa.Array]] = [[] for _ in keys]
    done = 0
    try:
        reader = pacsv.open_csv(
            source,
            read_options=pacsv.ReadOptions(column_names=keys, use_threads=False, block_size=BLOCK_BYTES),
            parse_options=pacsv.ParseOptions(
                delimiter=dialect.mark, quote_char=dialect.quote, newlines_in_values=len(text.goes_on) > 0,
                invalid_row_handler=refuse,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={key: pa.string() for key in keys}, strings_can_be_null=True, null_values=MISSING_WRITTEN
            ),
        )  # fmt: skip
        for batch in reader:
            if cancelled():
                raise CancelledError("Reading was cancelled; choose the file again.")
            for at, column in enumerate(batch.columns):
                chunks[at].append(_settled_chunk(column))
            done += batch.num_rows
            progress(min(1.0, done / max(1, len(lines))))
    except pa.ArrowInvalid:
        return None
    keep = np.ones(len(lines), bool)
    if done + len(refused) != len(lines) or any(number < 1 or number > len(lines) for number in refused):
        return None
    keep[np.array(refused, dtype=np.int64) - 1] = False
    columns = [_whole(name, chunks[at]) for at, name in enumerate(names)]
    pa.default_memory_pool().release_unused()
    table = RawTable(columns, lines[keep])
    if refused:
        table.dropped[REJECTED.format(width=len(names))] = lines[~keep].tolist()
    return table


def _settled_chunk(column: pa.Array) -> np.ndarray | pa.Array:
    if column.null_count == len(column):
        return np.full(len(column), np.nan)
    if not plain_numbers(column.slice(0, 100).to_pylist()) and not plain_numbers(
        column.drop_null().slice(0, 100).to_pylist()
    ):
        return column
    try:
        return np.asarray(pc.cast(column, pa.float64()).fill_null(np.nan), dtype=np.float64)
    except pa.ArrowInvalid:
        return column


def _whole(name: str, parts: list[np.ndarray | pa.Array]) -> Cells:
    if all(isinstance(part, np.ndarray) for part in parts):
        numbers = np.concatenate(parts) if parts else np.zeros(0)
        parts.clear()
        if len(numbers) and np.isnan(numbers).all():
            return Cells(name, texts=pa.chunked_array([pa.nulls(len(numbers), pa.string())]))
        return Cells(name, numbers=numbers)
    texts = [part if isinstance(part, pa.Array) else Cells(name, numbers=part).as_texts().chunk(0) for part in parts]
    return Cells(name, texts=_clean(pa.chunked_array(texts)))


def _clean(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Trim cells; those that then stand for nothing become missing."""
    if pc.any(pc.match_substring_regex(texts, r"^\s|\s$|^\x{00a0}")).as_py():
        texts = pc.utf8_trim_whitespace(texts)
    missing = pc.is_in(pc.utf8_lower(texts), pa.array(MISSING, pa.string()))
    return pc.if_else(missing, None, texts) if pc.any(missing).as_py() else texts


def _by_hand(text: Text, dialect: Dialect, names: tuple[str, ...], lines: IntArray, pad: bool) -> RawTable:
    """Read record by record: slower, and right whatever the rows look like."""
    every = text.data.decode("utf-8", errors="replace").split("\n")
    goes_on = set(text.goes_on.tolist())
    records = []
    for line in lines.tolist():
        at, record = line, every[line - text.first_line]
        while at + 1 in goes_on:
            at += 1
            record += "\n" + every[at - text.first_line]
        records.append(record)
    blank = np.array([not record.strip() for record in records], bool)
    rows = split_all(records, dialect)
    return rows_as_table(rows, names, lines, pad, blank)


def rows_as_table(
    rows: list[list[str]], names: tuple[str, ...], lines: IntArray, pad: bool, blank: np.ndarray | None = None
) -> RawTable:
    """Return rows of fields as columns; those of another width are named as dropped."""
    width = len(names)
    if pad:
        rows = [
            [*row, *[""] * (width - len(row))] if 0 < len(row) < width and (width == 2 or len(row) > 1) else row
            for row in rows
        ]
    rows = [row[:width] if len(row) > width and not any(row[width:]) else row for row in rows]
    fits = np.array([len(row) == width for row in rows], dtype=bool)
    kept = [row for row, good in zip(rows, fits, strict=True) if good]
    columns = [settled(cells_of(name, [row[at] for row in kept])) for at, name in enumerate(names)]
    table = RawTable(columns, lines[fits])
    blank = np.zeros(len(rows), bool) if blank is None else blank
    if (~fits & ~blank).any():
        table.dropped[REJECTED.format(width=width)] = lines[~fits & ~blank].tolist()
    if (~fits & blank).any():
        table.dropped["are blank"] = lines[~fits & blank].tolist()
    return table


def refuse_decimal_commas(name: str, n_names: int, width: int, line: int) -> FileProblemError:
    """Return the refusal of a file whose unquoted decimal commas stand between commas."""
    wrong = f"there are {n_names} names but {width} fields in a row: decimal commas between commas?"
    return FileProblemError(name, f"line {line}", wrong, "save it with semicolons, or read it with --decimal ,")
