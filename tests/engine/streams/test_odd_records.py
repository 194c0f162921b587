"""Records that strangers send: whatever the bytes, they are counted and set aside, and the thread goes on."""

from __future__ import annotations

import json
from collections import namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.store.database import Database
from engine.store.score_records import ScoreRecords
from engine.streams.cluster.scores import score_of, take_scores
from engine.streams.readings import RowError, reading_of
from engine.streams.sources.kafka import KafkaSource

Record = namedtuple("Record", "value offset")
Place = namedtuple("Place", "topic partition")
ROW = {"timestamp": "2026-01-05T08:00:00Z", "machine_id": "MACHINE_001", "temperature": 50.0}
ODD = {
    "UTF-16": json.dumps(ROW).encode("utf-16"),
    "no text": b"\xff\xfe\x00",
    "tombstone": None,
    "too deep": b"[" * 100_000,
    "a number too long to read": b'{"x":' + b"9" * 5000 + b"}",
    "a time before all": json.dumps({**ROW, "timestamp": "0001-01-01T00:00:00Z"}).encode(),
    "a time after all": json.dumps({**ROW, "timestamp": "9999-12-31T23:59:59Z"}).encode(),
    "half a character": b'{"timestamp":"2026-01-05T08:00:00Z","machine_id":"\\ud800"}',
    "an endless name": json.dumps({**ROW, "machine_id": "x" * 10_000}).encode(),
    "a list": b"[1]",
}
SCORE = {"timestamp": ROW["timestamp"], "machine_id": "m", "at_us": 1, "score": 0.5, "detector": "z", "alarm": False}


def decoded(*values: bytes | None) -> tuple[KafkaSource, list[dict]]:
    source = KafkaSource("t", "g")
    return source, source._decoded({Place("t", 0): [Record(value, at) for at, value in enumerate(values)]})


@pytest.mark.parametrize("name", ODD)
def test_an_odd_record_is_set_aside_and_those_around_it_are_taken(name):
    good = json.dumps(ROW).encode()
    source, rows = decoded(good, ODD[name], good)

    assert (len(rows), source.bad_rows, source.skipped) == (2, 1, [("t", 0, 1)])
    assert source._places.at == {("t", 0): 3}
    assert (source.aside[0]["offset"], bool(source.aside[0]["why"])) == (1, True)
    assert len(source.aside[0]["value"]) <= 200
    for row in rows:
        reading_of(row)


def test_a_number_beyond_floats_is_refused_with_its_name():
    with pytest.raises(RowError, match="temperature must be a number below"):
        reading_of({**ROW, "temperature": 10**400})


@settings(max_examples=300, deadline=None)
@given(some.binary(max_size=200))
def test_no_bytes_end_the_thread(value):
    source, rows = decoded(value)

    assert len(rows) + source.bad_rows == 1


@settings(max_examples=300, deadline=None)
@given(some.recursive(some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
                      lambda inner: some.lists(inner, max_size=3), max_leaves=5))  # fmt: skip
def test_a_reading_is_a_number_or_refused(value):
    try:
        found = reading_of({**ROW, "temperature": value}, ("temperature",)).values["temperature"]
    except RowError:
        return

    assert found != found or abs(found) < float("inf")


@pytest.mark.parametrize(
    "change",
    [{"at_us": 10**30}, {"at_us": -1}, {"at_us": True}, {"at_us": 1.5}, {"score": float("nan")}, {"score": 10**400},
     {"score": float("inf")}, {"score": "1"}, {"detector": None}, {"machine_id": ""}, {"machine_id": "x" * 500}],
)  # fmt: skip
def test_a_score_out_of_range_is_counted_and_the_batch_is_stored(tmp_path, change):
    """It raised in the store, was not committed, and came again for ever."""
    database = Database(tmp_path / "x.duckdb")

    class Source:
        bad_rows = committed = 0

        def read(self, _timeout_s):
            return [SCORE | {"at_us": 7}, SCORE | change]

        def commit(self):
            self.committed += 1

    source, records = Source(), ScoreRecords(database)
    stored = take_scores(source, records)

    assert (stored, records.count(), source.bad_rows, source.committed) == (1, 1, 1, 1)
    assert score_of(SCORE) is not None
    database.close()
