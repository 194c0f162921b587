"""Sinks: every row is delivered, spooled or counted; order per machine; files continue and rotate."""

from __future__ import annotations

import contextlib
import csv
import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.catalog import describe, parts
from engine.errors import FileProblemError, LabError
from engine.streams.flow import Flow
from engine.streams.queues import BoundedQueue
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.sinks.file import File
from engine.streams.sinks.http import Http
from engine.streams.sinks.table import Table
from engine.streams.sources.plant import PlantSource
from engine.streams.sources.push import Push
from engine.streams.spool import Spool
from tests.engine.streams.http_server import Server
from tests.engine.streams.rows_for_tests import MACHINES, keys_of, made_rows

PROJECT = Path(__file__).resolve().parents[3]


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


def test_the_catalogue_has_the_six_sinks_and_describes_them() -> None:
    names = list(parts("sink"))

    assert names == ["api", "console", "file", "kafka", "mqtt", "table"]
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


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_address_can_be_waited_for(server: Server, status: int) -> None:
    server.answers = [status]
    lost = quick(server, workers=1)
    lost.write(made_rows(0, 1))
    lost.close()
    server.answers = [status]
    kept = quick(server, workers=1, keep_refused=True)
    kept.write(made_rows(1, 1))
    kept.close()

    assert (lost.counts.delivered, lost.counts.lost) == (0, 3)
    assert (kept.counts.delivered, kept.counts.lost, kept.counts.retries) == (3, 0, 1)


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


def test_a_sink_that_fails_in_an_unforeseen_way_ends_the_stream_and_says_so() -> None:
    """Else the source would wait for it for ever."""

    class Broken(File):
        def write(self, rows: Rows) -> None:
            raise ZeroDivisionError("a mistake in a sink")

    flow = Flow(PlantSource(), Broken("unused"), BoundedQueue(10), paced=False)

    with pytest.raises(ZeroDivisionError):
        flow.run()


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
    del spool  # a process that dies lets go of its file
    with (tmp_path / "s").open("ab") as file:
        file.write(b"[1, [99")

    again = Spool(tmp_path / "s")
    found = []
    while len(again):
        found.append(again.first()[0])
        again.drop_first()

    assert (again.recovered_rows, found) == (4, [1, 2, 3, 4])


@contextlib.contextmanager
def disk_full_at(size: int) -> Iterator[None]:
    """Let the kernel refuse what would make a file larger, in the middle of a write if need be, as a full disk does."""
    resource = pytest.importorskip("resource", reason="Windows cannot limit the size of files")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def contents(spool: Spool) -> list[object]:
    found = []
    while len(spool):
        found.append(spool.first()[0])
        spool.drop_first()
    return found


def test_a_full_disk_refuses_a_batch_and_harms_no_other(tmp_path: Path) -> None:
    """Half of the refused batch reached the disk; a shorter one goes to its place."""
    spool = Spool(tmp_path / "s")
    assert spool.append(["first"], 1)
    with disk_full_at(40):
        taken = spool.append(["x" * 100], 1)
        short = spool.append(["y"], 1)
    after = spool.append(["last"], 1)
    del spool

    again = Spool(tmp_path / "s")

    assert (taken, short, after) == (False, True, True)
    assert (again.recovered_rows, contents(again)) == (3, ["first", "y", "last"])


def test_a_crash_between_emptying_and_noting_it_loses_nothing_later(tmp_path: Path) -> None:
    """The note of the old place must not point into the next batches."""
    spool = Spool(tmp_path / "s")
    for number in range(3):
        spool.append([number], 1)
    spool.drop_first()
    old_place = (tmp_path / "s.place").read_text()
    contents(spool)
    del spool
    (tmp_path / "s.place").write_text(old_place)  # as if the crash had come before it went
    between = Spool(tmp_path / "s")
    for text in ("a", "b", "c"):
        between.append([text * 9], 1)
    del between

    assert contents(Spool(tmp_path / "s")) == ["a" * 9, "b" * 9, "c" * 9]


def test_what_is_no_batch_is_set_aside_and_what_came_before_is_delivered(tmp_path: Path) -> None:
    (tmp_path / "s").write_bytes(b'[1,["good"]]\n\0\0\0\n[1,["after"]]\n')

    spool = Spool(tmp_path / "s")

    assert contents(spool) == ["good"]
    assert b"after" in (tmp_path / "s.damaged").read_bytes()


def test_two_streams_to_one_place_have_files_of_their_own(tmp_path: Path) -> None:
    """And what the second leaves behind is found by the next one that has nothing before it."""
    first, second = Spool(tmp_path / "s.jsonl"), Spool(tmp_path / "s.jsonl")
    first.append(["one"], 1)
    second.append(["two"], 1)
    found = contents(first)
    first.close()
    second.close()
    next_one = Spool(tmp_path / "s.jsonl")

    assert (found, contents(next_one)) == (["one"], ["two"])
    next_one.close()
    assert list(tmp_path.iterdir()) == []


def test_rows_of_a_stream_killed_after_spooling_are_delivered_by_the_next(server: Server, tmp_path: Path) -> None:
    """kill -9 between the write to the spool and the delivery."""
    server.down()
    program = f"""
import os, signal, sys, time
from tests.engine.streams.rows_for_tests import made_rows
from engine.streams.sinks.http import Http
sink = Http({server.url!r}, spool={str(tmp_path)!r}, linger_s=0.0, tries=1, workers=2)
sink.write(made_rows(0, 40))
while sink.counts.spooled < 120:
    time.sleep(0.005)
os.kill(os.getpid(), signal.SIGKILL)
"""
    killed = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, timeout=60, check=False)
    server.up()

    sink = quick(server, tmp_path, workers=2)
    sink.write(made_rows(40, 10))
    sink.close()

    assert killed.returncode == -signal.SIGKILL
    assert sorted(keys_of(server.rows)) == sorted(keys_of(made_rows(0, 50).dicts()))
    assert (sink.counts.recovered, sink.counts.delivered, is_even(sink)) == (120, 150, True)
    assert in_order(server)


def test_a_full_disk_while_the_server_is_away_loses_rows_and_counts_them(server: Server, tmp_path: Path) -> None:
    server.down()
    sink = quick(server, tmp_path, workers=1, batch_size=10)
    with disk_full_at(6_000):
        sink.write(made_rows(0, 60))
        until(lambda: sink.counts.in_flight == 0)
        full = sink.counts
        server.up()
        until(lambda: sink.counts.spooled == 0)
    sink.write(made_rows(60, 10))
    sink.close()

    assert full.lost > 0
    assert full.spooled > 0
    assert sink.counts.delivered == full.spooled + 30 == len({*keys_of(server.rows)})
    assert is_even(sink)


@pytest.mark.parametrize("form", ["json", "csv"])
def test_a_full_disk_leaves_whole_rows_in_the_file_and_even_books(tmp_path: Path, form: str) -> None:
    path = tmp_path / f"s.{form}"
    sink = File(str(path), form)
    with disk_full_at(3_000):
        problem = None
        for tick in range(40):
            try:
                sink.write(made_rows(tick, 1))
                sink.flush()
            except OSError as found:
                problem = problem or found
        sink.close()

    lines = path.read_bytes().split(b"\n")
    assert problem is not None
    assert lines.pop() == b""
    assert sink.counts.delivered == len(lines) - (form == "csv") > 10
    assert sink.counts.lost > 0
    assert is_even(sink)


def test_a_file_can_be_watched_while_it_grows(tmp_path: Path) -> None:
    sink = File(str(tmp_path / "s.jsonl"))
    sink.write(made_rows(0, 1))

    assert (tmp_path / "s.jsonl").read_bytes().count(b"\n") == sink.counts.delivered == 3
    sink.close()


@pytest.mark.parametrize(("before", "after"), [(4, 1), (1, 4), (2, 3)])
def test_another_number_of_workers_finds_what_was_spooled(
    server: Server, tmp_path: Path, before: int, after: int
) -> None:
    server.down()
    first = quick(server, tmp_path, workers=before)
    first.write(made_rows(0, 30))
    first.close(0.5)
    server.up()

    second = quick(server, tmp_path, workers=after)
    second.write(made_rows(30, 10))
    second.close()

    assert (first.counts.spooled, second.counts.recovered, second.counts.delivered) == (90, 90, 120)
    assert in_order(server)
    assert list(tmp_path.iterdir()) == []


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
