"""A student's data as a file is made in pieces, and the pieces are the file."""

import csv
import io

import numpy as np

from engine.classroom.data_files import csv_parts, parquet_parts
from engine.records import Block

TIMES = 1_772_409_600_000_000 + np.arange(50, dtype=np.int64) * 500_000


def pieces(size):
    """Yield 50 ticks of two machines in blocks of so many ticks; one name needs quotes, one reading is missing."""
    values = np.round(np.random.default_rng(3).normal(50, 5, (50, 2, 3)), 2)
    values[7, 1, 2] = np.nan
    status = (np.arange(100).reshape(50, 2) % 7 == 0).astype(np.uint8)
    for at in range(0, 50, size):
        part = slice(at, at + size)
        yield Block(TIMES[part], values[part], status[part], ("M1", 'M,"2"'), ("a", "b", "c"))


def test_the_file_is_the_same_whatever_the_pieces():
    assert b"".join(csv_parts("V1", pieces(50))) == b"".join(csv_parts("V1", pieces(7)))
    assert len(list(csv_parts("V1", pieces(7)))) == 8


def test_the_csv_says_what_the_block_holds():
    rows = list(csv.DictReader(io.StringIO(b"".join(csv_parts("V1", pieces(9))).decode())))
    whole = next(pieces(50))

    assert len(rows) == 100
    assert {row["machine_id"] for row in rows} == {"M1", 'M,"2"'}
    assert rows[15] == {
        "variant": "V1", "timestamp": "2026-03-02T00:00:03.500000+00:00", "machine_id": 'M,"2"',
        "status": "operational", "a": repr(float(whole.values[7, 1, 0])), "b": repr(float(whole.values[7, 1, 1])),
        "c": "",
    }  # fmt: skip
    assert rows[14]["status"] == "maintenance"


def test_the_parquet_pieces_are_one_file():
    import pyarrow.parquet as parquet

    made = list(parquet_parts(pieces(20)))
    table = parquet.read_table(io.BytesIO(b"".join(made)))

    assert table.num_rows == 100
    assert len(made) == 4  # three row groups and the end
    assert np.array_equal(table.column("a").to_numpy(), next(pieces(50)).values[..., 0].ravel())
