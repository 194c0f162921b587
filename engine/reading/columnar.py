"""Parquet: columns that already have types."""

from __future__ import annotations

import io

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import FileProblemError
from engine.reading.cells import Cells, RawTable, settled


def table_of_parquet(name: str, data: bytes) -> RawTable:
    """Return the columns of a Parquet file; lists and such are left out by the reader of roles."""
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as problem:
        wrong = f"the Parquet file cannot be read ({str(problem).splitlines()[0][:80]})"
        raise FileProblemError(name, "", wrong, "write it again, or write it as CSV") from None
    if table.num_rows == 0 or table.num_columns == 0:
        raise FileProblemError(name, "", "the table is empty", "choose a file with readings")
    columns = [_cells(field.name, table.column(at)) for at, field in enumerate(table.schema)]
    return RawTable(columns, np.arange(1, table.num_rows + 1, dtype=np.int64), place="row")


def _cells(name: str, column: pa.ChunkedArray) -> Cells:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_boolean(kind):
        return Cells(name, texts=column.cast(pa.string()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return Cells(
            name, numbers=np.asarray(column.cast(pa.float64(), safe=False).fill_null(np.nan), dtype=np.float64)
        )
    if pa.types.is_timestamp(kind):
        zoned = kind.tz is not None
        texts = pc.cast(column, pa.timestamp("us", "UTC" if zoned else None), safe=False)
        texts = pc.cast(pc.cast(texts, pa.timestamp("us")), pa.string()) if not zoned else pc.cast(texts, pa.string())
        return Cells(name, texts=texts)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        return Cells(name, texts=pa.chunked_array([pa.nulls(len(column), pa.string())]))
    return settled(Cells(name, texts=column.cast(pa.string())))
