"""Sinks: every row is delivered, spooled or counted; order per machine; files continue and rotate."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.catalog import describe, parts
from engine.errors import FileProblemError, LabError
from engine.streams.sinks.base import Sink
from engine.streams.sinks.file import File
from engine.streams.sinks.http import Http
from engine.streams.sinks.table import Table
from engine.streams.sources.push import Push
from engine.streams.spool import Spool
from tests.engine.streams.http_server import Server
from tests.engine.streams.rows_for_tests import MACHINES, keys_of, made_rows


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.down()


def until(claim: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that other threads do."""
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.005)


def quick(server: Server, spool: Path | str = "", **more: object) -> Http:
    settings = {"linger_s": 0.0, "tries": 2, "first_wait_s": 0.01, "most_wait_s": 0.05, "request_timeout_s": 1.0}
    return Http(server.url, spool=str(spool), **{**settings, **more})  # type: ignore[arg-type]


def in_order(server: Server) -> bool:
    """Whether each machine's rows arrived in the order of their making."""
    stamps = {m: [row["timestamp"] for row in server.rows if row["machine_id"] == m] for m in MACHINES}
    return all(found == sorted(found) for found in stamps.values())


def is_even(sink: Sink) -> bool:
    counts = sink.counts
    return counts.accepted + counts.recovered == counts.delivered + counts.spooled + counts.lost


def test_the_catalogue_has_the_five_sinks_and_describes_them() -> None:
    names = list(parts("sink"))

    assert names == ["api", "console", "file", "kafka", "table"]
    assert all(describe("sink", name)["caption"] for name in names)


# ---- HTTP


def test_rows_travel_in_batches_over_kept_connections(server: Server) -> None:
    sink = quick(server, linger_s=0.05, workers=2, batch_size=50)
    for tick in range(100):
        sink.write(made_rows(tick, 1))
    sink.close()

    assert sorted(keys_of(server.rows)) == sorted(keys_of(made_rows(0, 100).dicts()))
    assert max(server.sizes) <= 50
    assert len(server.sizes) < 100
    assert in_order(server)
    assert (sink.counts.delivered, sink.counts.lost) == (300, 0)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(server: Server, status: int) -> None:
    server.answers = [status] * 10
    sink = quick(server, workers=1)
    sink.write(made_rows(0, 2))
    sink.close()

    assert (sink.counts.delivered, sink.counts.retries) == (6, 0)


@pytest.mark.parametrize("status", [500, 503, 429, 408])
def test_what_may_pass_is_tried_again(server: Server, status: int) -> None:
    server.answers = [status]
    sink = quick(server, workers=1)
    sink.write(made_rows(0, 2))
    sink.close()

    assert (sink.counts.delivered, sink.counts.retries, len(server.rows)) == (6, 1, 6)


def test_what_the_server_refuses_is_counted_and_does_not_hold_up_the_rest(server: Server) -> None:
    server.answers = [422]
    sink = quick(server, workers=1, batch_size=3)
    sink.write(made_rows(0, 1))
    until(lambda: sink.counts.lost == 3)
    sink.write(made_rows(1, 1))
    sink.close()

    assert (sink.counts.delivered, sink.counts.lost) == (3, 3)
    assert "422" in sink.last_problem


def test_a_single_row_is_posted_as_a_plain_object(server: Server) -> None:
    """As the guide's endpoint expects it."""
    sink = quick(server, workers=1, batch_size=1)
    sink.write(made_rows(0, 2))
    sink.close()

    assert server.sizes == [1] * 6


def test_a_server_that_goes_away_and_comes_back_gets_everything_in_order(server: Server, tmp_path: Path) -> None:
    sink = quick(server, tmp_path, workers=2)
    sink.write(made_rows(0, 20))
    until(lambda: sink.counts.delivered == 60)
    server.down()
    for tick in range(20, 60):
        sink.write(made_rows(tick, 1))
    until(lambda: sink.counts.spooled == 120)
    server.up()
    for tick in range(60, 80):
        sink.write(made_rows(tick, 1))
    until(lambda: sink.counts.delivered == 240)
    sink.close()

    assert is_even(sink)
    assert set(keys_of(server.rows)) == set(keys_of(made_rows(0, 80).dicts()))
    assert len(set(server.keys)) == len(server.keys)
    assert in_order(server)
    assert list(tmp_path.iterdir()) == []


def test_what_is_spooled_at_the_end_is_delivered_by_the_next_run(server: Server, tmp_path: Path) -> None:
    server.down()
    first = quick(server, tmp_path)
    first.write(made_rows(0, 30))
    until(lambda: first.counts.spooled > 0)
    first.close(0.3)
    server.up()
    second = quick(server, tmp_path)
    second.write(made_rows(30, 10))
    second.close()

    assert (first.counts.spooled, first.counts.lost) == (90, 0)
    assert (second.counts.recovered, second.counts.delivered, second.counts.spooled) == (90, 120, 0)
    assert in_order(server)
    assert len(server.rows) == 120


def test_a_full_spool_loses_rows_and_counts_them(server: Server, tmp_path: Path) -> None:
    server.down()
    sink = quick(server, tmp_path, spool_mb=0.004, workers=1, batch_size=10)
    for tick in range(40):
        sink.write(made_rows(tick, 1))
    sink.close(0.5)

    counts = sink.counts
    assert is_even(sink)
    assert counts.spooled > 0
    assert counts.lost > 0
    assert counts.accepted == 120


def test_closing_with_a_dead_server_keeps_its_time(server: Server, tmp_path: Path) -> None:
    server.down()
    sink = quick(server, tmp_path)
    sink.write(made_rows(0, 100))
    began = time.monotonic()
    sink.close(0.5)

    assert time.monotonic() - began < 3.0
    assert is_even(sink)


def test_an_address_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(LabError, match="url must be an http or https address"):
        Http("localhost:8000")


def test_the_http_sink_feeds_the_push_source() -> None:
    source = Push()
    sink = Http(source.url, linger_s=0.0)
    sink.write(made_rows(0, 50))
    sink.close()
    taken = []
    while rows := source.read(0.01):
        taken += rows
    source.close()

    assert sorted(keys_of(taken)) == sorted(keys_of(made_rows(0, 50).dicts()))


def test_the_push_source_refuses_with_a_reason_and_takes_a_batch_once() -> None:
    source = Push(queue_rows=5)
    good = made_rows(0, 1).json_rows()
    body = b"[" + b",".join(good) + b"]"

    answers = [
        source.take(body, "k1")[0],
        source.take(body, "k1")[0],
        source.take(b'{"machine_id": "M", "timestamp": "x"}', None),
        source.take(b'[{"machine_id":"M","timestamp":"2026-01-05","temperature":"hot"},{"machine_id":1}]', None)[0],
        source.take(body, "k2")[0],
    ]
    source.close()

    assert answers[:2] == [202, 200]
    assert answers[2] == (422, "Row 1: timestamp must be an ISO 8601 time, got 'x'.")
    assert answers[3:] == [422, 429]


# ---- spool


def test_a_torn_last_line_is_cut_off_and_the_rest_survives(tmp_path: Path) -> None:
    """A crash in mid-write leaves half a line that was never reported as spooled."""
    spool = Spool(tmp_path / "s")
    for number in range(5):
        spool.append([number], 1)
    spool.drop_first()
    with (tmp_path / "s").open("ab") as file:
        file.write(b"[1, [99")

    again = Spool(tmp_path / "s")
    found = []
    while len(again):
        found.append(again.first()[0])
        again.drop_first()

    assert (again.recovered_rows, found) == (4, [1, 2, 3, 4])


# ---- files


def test_a_csv_has_a_header_and_continues_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "stream.csv"
    for first in (0, 5):
        sink = File(str(path), "csv")
        sink.write(made_rows(first, 5))
        sink.close()

    rows = list(csv.DictReader(path.open()))
    assert keys_of(rows) == keys_of(made_rows(0, 10).dicts())  # type: ignore[arg-type]


def test_a_line_that_a_crash_tore_is_cut_before_going_on(tmp_path: Path) -> None:
    path = tmp_path / "stream.jsonl"
    path.write_bytes(made_rows(0, 2).json_lines() + b'{"timestamp": "2026')
    sink = File(str(path), "json")
    sink.write(made_rows(2, 2))
    sink.close()

    assert keys_of([json.loads(line) for line in path.open()]) == keys_of(made_rows(0, 4).dicts())


def test_a_file_with_other_columns_is_not_appended_to(tmp_path: Path) -> None:
    path = tmp_path / "stream.csv"
    path.write_text("a,b\n1,2\n")

    with pytest.raises(FileProblemError, match="columns differ"):
        File(str(path), "csv").write(made_rows(0, 1))


@pytest.mark.parametrize("form", ["json", "csv"])
def test_rotation_by_size_loses_no_row(tmp_path: Path, form: str) -> None:
    sink = File(str(tmp_path / f"s.{form}"), form, rotate_bytes=2000)
    for tick in range(50):
        sink.write(made_rows(tick, 1))
    sink.close()

    files = sorted(tmp_path.iterdir())
    lines = sum(len(file.read_text().splitlines()) - (form == "csv") for file in files)
    assert len(files) > 3
    assert lines == 150
    assert max(file.stat().st_size for file in files) < 2500


def test_parquet_holds_the_same_rows_and_a_restart_begins_the_next_file(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    for first in (0, 5):
        sink = File(str(tmp_path / "s.parquet"), "parquet")
        sink.write(made_rows(first, 5))
        sink.close()

    assert keys_of(pq.read_table(tmp_path / "s.1.parquet").to_pylist()) == keys_of(made_rows(0, 5).dicts())
    assert keys_of(pq.read_table(tmp_path / "s.parquet").to_pylist()) == keys_of(made_rows(5, 5).dicts())


# ---- table


def test_a_table_continues_after_a_restart(tmp_path: Path) -> None:
    from engine.store.database import Database
    from engine.store.stream_records import StreamRecords

    for first in (0, 40):
        sink = Table(str(tmp_path / "t.duckdb"), batch_rows=50)
        for tick in range(first, first + 40):
            sink.write(made_rows(tick, 1))
        sink.close()
        assert sink.counts.delivered == 120
    database = Database(tmp_path / "t.duckdb")
    records = StreamRecords(database)

    found = [json.loads(body) for body in records.bodies("stream")]
    database.close()
    assert keys_of(found) == keys_of(made_rows(0, 80).dicts())
