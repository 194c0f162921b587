"""Exported files have the documented columns and every row."""

import csv
import json

import numpy as np
import pytest

from engine.errors import LabError, StoreError
from engine.records import SECOND_US
from tests.engine.store.samples import START_US, block, small_store


def filled_store():
    """Return a store with 20 rows and scores."""
    store, sent = small_store(), block(10)
    sent.status[3, 1] = 1
    store.append(1, "demo", sent, {"ewma": np.zeros((10, 2))})
    store.flush()
    return store


def test_csv_has_the_columns_of_the_course_material(tmp_path):
    written = filled_store().export("demo", tmp_path / "it's.csv")

    with (tmp_path / "it's.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert 20 == written == len(rows)
    assert list(rows[0]) == ["timestamp", "machine_id", "maintenance_status", "temperature", "Flow Rate", "score_ewma"]
    assert rows[0]["timestamp"] == "2026-01-05T00:00:00.000000+00:00"
    assert rows[7]["maintenance_status"] == "maintenance"


def test_json_lines_are_json_one_per_line(tmp_path):
    filled_store().export("demo", tmp_path / "x.jsonl", "jsonl", machines=["M2"], scores=False)

    rows = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text().splitlines()]
    assert len(rows) == 10
    assert {"M2"} == {row["machine_id"] for row in rows}
    assert "score_ewma" not in rows[0]


def test_parquet_holds_the_span_that_was_asked_for(tmp_path):
    import pyarrow.parquet

    filled_store().export("demo", tmp_path / "x.parquet", "parquet", START_US + SECOND_US, START_US + 4 * SECOND_US)

    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").num_rows == 6


def test_what_cannot_be_written_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(LabError, match="file_format must be one of"):
        filled_store().export("demo", tmp_path / "x.xls", "xls")
    with pytest.raises(StoreError, match="cannot be written"):
        filled_store().export("demo", tmp_path / "no" / "folder" / "x.csv")
