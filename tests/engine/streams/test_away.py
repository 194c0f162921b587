"""A broker that goes away, comes back, or comes back as another one: clients go on by themselves and say so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.cli.telling import EACH_S, Telling
from engine.store.database import Database
from engine.store.stream_records import StreamRecord, StreamRecords
from engine.streams.kafka.doorway import renamed
from engine.streams.kafka.places import Places
from engine.streams.kafka.practice import PracticeBroker
from engine.streams.kafka.watch import LOOK_S, BrokerWatch
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource, take_into_store
from tests.app.served import free_port
from tests.engine.streams.conftest import or_skip
from tests.engine.streams.rows_for_tests import keys_of, made_rows
from tests.engine.streams.test_kafka import take, until


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def records(tmp_path: Path) -> Iterator[StreamRecords]:
    database = Database(tmp_path / "s.duckdb")
    yield StreamRecords(database)
    database.close()


def record(offset: int) -> StreamRecord:
    return StreamRecord("t", 0, offset, "M", offset, "{}")


def test_away_and_back_are_said_once_each() -> None:
    said: list[str] = []
    clock, there = Clock(), [True]
    watch = BrokerWatch("reading", said.append, clock, lambda _server: there[0])
    for now, answers in enumerate((True, False, False, False, True, True), 1):
        clock.now, there[0] = now * (LOOK_S + 0.1), answers
        watch.look(("a:1",))

    assert said == [
        "No Kafka broker answers at a:1; reading goes on by itself once one does.",
        "The Kafka broker answers again.",
    ]


def test_a_broker_from_which_something_comes_is_not_asked() -> None:
    clock, asked = Clock(), []
    watch = BrokerWatch("reading", clock=clock, reaches=lambda server: not asked.append(server))
    for _ in range(10):
        clock.now += LOOK_S
        watch.heard()
        watch.look(("a:1",))

    assert asked == []


def test_only_what_the_broker_deleted_counts_as_gone() -> None:
    """Compaction and transactions leave offsets out as well; nothing is missing there."""
    said: list[str] = []
    places = Places(said.append)
    places.at["t", 0] = 100
    places.take(("t", 0), 103, 150, lambda: 0)
    places.take(("t", 0), 400, 420, lambda: 390)

    assert (places.gone, places.at["t", 0], len(said)) == (390 - 151, 421, 1)
    assert "239 records of t (partition 0) are gone" in said[0]


def test_a_partition_that_is_shorter_than_before_begins_again() -> None:
    said: list[str] = []
    places = Places(said.append)
    places.at["t", 0] = 100
    places.take(("t", 0), 0, 9, lambda: 0)

    assert (places.begun_again, places.gone, places.at["t", 0], len(said)) == ([("t", 0)], 0, 10, 1)


def test_offsets_of_another_log_are_void_and_its_rows_are_stored(records: StreamRecords) -> None:
    records.add("g", [record(n) for n in range(50)], log="one")

    assert records.next_offset("g", "t", 0, "one") == 50
    assert records.next_offset("g", "t", 0, "two") is None
    assert records.add("g", [record(n) for n in range(10)], log="two") == 10
    assert records.next_offset("g", "t", 0, "two") == 10


def test_a_partition_made_anew_is_stored_from_its_beginning(records: StreamRecords) -> None:
    records.add("g", [record(n) for n in range(50)])

    assert records.add("g", [record(n) for n in range(10)], begun_again=[("t", 0)]) == 10
    assert records.next_offset("g", "t", 0) == 10


def test_the_doorway_gives_each_start_a_name_of_its_own() -> None:
    answer = b"\x00\x14mockCluster15e84c72b" + b"\x00rest"

    seen = renamed(answer, "0123456789abcdef")
    assert seen == b"\x00\x14mockCluster012345678" + b"\x00rest"


@pytest.mark.kafka
def test_a_consumer_goes_on_with_a_practice_broker_that_was_started_anew(
    lab_home: Path, records: StreamRecords
) -> None:
    """The new one has more records than the old one had: old offsets would skip the first of them without a word."""
    port, said = free_port(), []
    broker = or_skip(lambda: PracticeBroker(port=port))
    source = KafkaSource("t", "g", (f"127.0.0.1:{port}",), practice=True)
    source.say = said.append
    try:
        send(port, 0, 20)
        until(lambda: take_into_store(source, records) >= 0 and records.count("g") == 60)
        broker.close()
        broker = PracticeBroker(port=port)
        send(port, 20, 100)
        until(lambda: take_into_store(source, records) >= 0 and records.count("g") == 360, 40.0)
    finally:
        source.close()
        broker.close()

    assert records.repeated() == 0
    assert len([line for line in said if "is another one" in line]) == 1


@pytest.mark.kafka
def test_a_store_of_an_earlier_practice_broker_takes_the_new_one_from_its_beginning(
    lab_home: Path, records: StreamRecords
) -> None:
    said: list[str] = []
    for ticks, wanted in ((range(20), 60), (range(20, 60), 180)):
        port = free_port()
        broker = or_skip(lambda port=port: PracticeBroker(port=port))
        source = KafkaSource("t", "g", (f"127.0.0.1:{port}",), practice=True)
        source.say = said.append
        try:
            send(port, ticks.start, len(ticks))
            until(
                lambda source=source, wanted=wanted: (
                    take_into_store(source, records) >= 0 and records.count("g") == wanted
                )
            )
        finally:
            source.close()
            broker.close()

    assert len(said) == 1
    assert "is another one" in said[0]


@pytest.mark.kafka
def test_a_commit_and_the_end_do_not_wait_for_a_broker_that_is_away(lab_home: Path) -> None:
    port = free_port()
    broker = or_skip(lambda: PracticeBroker(port=port))
    source = KafkaSource("t", "g", (f"127.0.0.1:{port}",), practice=True)
    send(port, 0, 10)
    assert set(keys_of(take(source, 30))) == set(keys_of(made_rows(0, 10).dicts()))
    broker.close()
    until(lambda: source.read(0.1) == [] and bool(source.problem))

    assert source.commit() is False
    assert source.repeated_commits == 0  # it was not even tried
    source.close()


def send(port: int, first: int, ticks: int) -> None:
    sink = Kafka("t", (f"127.0.0.1:{port}",), practice=True)
    sink.write(made_rows(first, ticks))
    sink.close()
    assert sink.counts.delivered == 3 * ticks


class Waiting:
    """A source that is behind."""

    gone = 3
    say = staticmethod(print)

    def behind(self) -> int:
        return 12_300


def test_how_far_a_consumer_is_behind_is_said_every_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    telling = Telling(Waiting(), False, clock)  # type: ignore[arg-type]
    for _ in range(25):
        clock.now += EACH_S / 10
        telling.look()

    assert capsys.readouterr().err == "12,300 records wait at the broker.\n" * 2
    assert telling.rest() == ", 3 gone before they were read, 12,300 still wait at the broker"
