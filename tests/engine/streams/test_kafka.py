"""Kafka for real: the wire protocol over loopback, with outages, rebalances and crashes."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LabError
from engine.store.database import Database
from engine.store.stream_records import StreamRecords
from engine.streams.kafka.address import Address, find_broker, kafka_settings
from engine.streams.kafka.practice import NOT_LEADER, PRODUCE, TIMED_OUT, TOO_LARGE
from engine.streams.kafka.producer import BackpressureError, BoundedProducer
from engine.streams.processing import Processing
from engine.streams.processor import WindowSettings
from engine.streams.rows import Rows
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource, take_into_store
from engine.streams.sources.plant import PlantSource
from engine.streams.transport import InMemory, ThroughKafka
from tests.engine.streams.conftest import Broker, only_practice
from tests.engine.streams.rows_for_tests import MACHINES, keys_of, made_rows

pytestmark = pytest.mark.kafka
QUICK = {"delivery_timeout_ms": 1500, "request_timeout_ms": 500, "linger_ms": 0, "retry_backoff_ms": 50}


def sink_to(broker: Broker, topic: str, **more: Any) -> Kafka:
    return Kafka(topic, broker.servers, practice=broker.practice, **more)


def source_of(broker: Broker, topic: str, group: str = "g", **more: Any) -> KafkaSource:
    return KafkaSource(topic, group, broker.servers, practice=broker.practice, **more)


def take(source: KafkaSource, rows: int, seconds: float = 20.0) -> list[dict[str, Any]]:
    """Read until so many different rows are there."""
    found: list[dict[str, Any]] = []
    end = time.monotonic() + seconds
    while len(set(keys_of(found))) < rows and time.monotonic() < end:
        found += source.read(0.2)
    return found


def until(claim: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


@pytest.mark.parametrize("compression", [None, "gzip", "lz4"])
def test_rows_arrive_once_and_in_order_for_each_machine(broker: Broker, compression: str | None) -> None:
    topic = broker.topic()
    sink = sink_to(broker, topic, options={"compression_type": compression})
    for tick in range(100):
        sink.write(made_rows(tick, 1))
    sink.close()
    source = source_of(broker, topic)

    rows = take(source, 300)
    source.close()

    assert sorted(keys_of(rows)) == sorted(keys_of(made_rows(0, 100).dicts()))
    for machine in MACHINES:
        stamps = [row["timestamp"] for row in rows if row["machine_id"] == machine]
        assert stamps == sorted(stamps)
    assert (sink.counts.delivered, sink.counts.in_flight) == (300, 0)


def test_a_group_resumes_where_it_committed(broker: Broker) -> None:
    topic = broker.topic()
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 50))
    sink.flush()
    first = source_of(broker, topic)
    before = take(first, 150)
    first.commit()
    first.close()
    sink.write(made_rows(50, 20))
    sink.close()
    second = source_of(broker, topic)

    after = take(second, 60)
    second.close()

    assert (len(before), len(after)) == (150, 60)
    assert not set(keys_of(before)) & set(keys_of(after))


def test_two_members_share_the_partitions(broker: Broker) -> None:
    topic = broker.topic(4)
    sources = [source_of(broker, topic), source_of(broker, topic)]
    stop = threading.Event()
    threads = [threading.Thread(target=_read_until, args=(source, stop)) for source in sources]
    for thread in threads:
        thread.start()
    try:
        until(lambda: sorted(len(source.partitions) for source in sources) == [2, 2])
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _read_until(source: KafkaSource, stop: threading.Event) -> None:
    while not stop.is_set():
        source.read(0.1)
    source.close()


@only_practice
def test_a_broker_lost_and_back_gets_everything(broker: Broker, tmp_path: Path) -> None:
    """Longer away than the delivery time-out: records fail, go to the spool, and follow when it is back."""
    assert broker.mock is not None
    topic = broker.topic()
    sink = sink_to(broker, topic, spool=str(tmp_path), options=QUICK)
    sink.write(made_rows(0, 20))
    until(lambda: sink.counts.delivered == 60)
    broker.mock.down()
    for tick in range(20, 60):
        sink.write(made_rows(tick, 1))
    until(lambda: sink.flush() is None and sink.counts.spooled > 0)
    broker.mock.up()
    for tick in range(60, 80):
        sink.write(made_rows(tick, 1))
    until(lambda: sink.flush() is None and sink.counts.delivered == 240)
    sink.close()
    source = source_of(broker, topic)

    rows = take(source, 240)
    source.close()

    assert set(keys_of(rows)) == set(keys_of(made_rows(0, 80).dicts()))
    assert (sink.counts.spooled, sink.counts.lost) == (0, 0)


def test_without_a_broker_the_constructor_is_quick_and_rows_go_to_the_spool(tmp_path: Path, lab_home: Path) -> None:
    """Nothing of this may hold up a page."""
    began = time.monotonic()
    sink = Kafka("t", ("127.0.0.1:9",), str(tmp_path))
    made_after = time.monotonic() - began
    sink.write(made_rows(0, 10))
    sink.close(1.0)

    assert made_after < 0.2
    assert (sink.counts.accepted, sink.counts.spooled, sink.counts.lost) == (30, 30, 0)
    assert "No Kafka broker answers" in sink.last_problem


@only_practice
def test_closing_with_a_lost_broker_keeps_its_time_and_the_books_even(broker: Broker, tmp_path: Path) -> None:
    assert broker.mock is not None
    sink = sink_to(broker, broker.topic(), spool=str(tmp_path))
    sink.write(made_rows(0, 5))
    until(lambda: sink.counts.delivered == 15)
    broker.mock.down()
    sink.write(made_rows(5, 100))
    began = time.monotonic()
    sink.close(1.0)

    assert time.monotonic() - began < 6.0
    assert sink.counts.in_flight == 0
    assert sink.counts.accepted == sink.counts.delivered + sink.counts.spooled


@only_practice
def test_a_full_spool_counts_what_is_lost(broker: Broker, tmp_path: Path) -> None:
    assert broker.mock is not None
    sink = sink_to(broker, broker.topic(), spool=str(tmp_path), spool_mb=0.02, options=QUICK)
    sink.write(made_rows(0, 1))
    until(lambda: sink.counts.delivered == 3)
    broker.mock.down()
    sink.write(made_rows(1, 400))
    sink.close(2.0)

    counts = sink.counts
    assert counts.lost > 0
    assert counts.accepted == counts.delivered + counts.spooled + counts.lost


@only_practice
def test_memory_is_bounded_while_the_broker_does_not_answer(broker: Broker) -> None:
    """kafka-python alone would take records without end."""
    assert broker.mock is not None
    address = Address(broker.servers, True)
    producer = BoundedProducer(broker.topic(), address, max_in_flight=50, max_block_s=0.1, options=QUICK)
    first = producer.send([(b"k", b"so that the topic is known", None)])
    assert producer.wait_until_settled(10.0)
    broker.mock.down()
    lots = [producer.send([(b"k", str(number).encode(), None)] * 5) for number in range(10)]
    with pytest.raises(BackpressureError):
        producer.send([(b"k", b"one too many", None)])

    assert producer.in_flight == 50
    assert producer.blocked_s >= 0.1
    producer.close(2.5)
    assert first.failures() == []
    assert [(lot.settled, len(lot.failures())) for lot in lots] == [(True, 5)] * 10


@only_practice
def test_a_slow_broker_makes_the_writer_wait(broker: Broker) -> None:
    assert broker.mock is not None
    sink = sink_to(broker, broker.topic(), max_in_flight=30)
    sink.write(made_rows(0, 1))
    broker.mock.slow_down(150)
    sink.write(made_rows(1, 60))
    sink.close()

    assert sink.counts.blocked_s > 0.1
    assert sink.counts.delivered == 183


@only_practice
def test_errors_that_pass_are_retried_by_the_client(broker: Broker) -> None:
    assert broker.mock is not None
    topic = broker.topic()
    sink = sink_to(broker, topic)
    broker.mock.push_errors(PRODUCE, NOT_LEADER, TIMED_OUT)
    sink.write(made_rows(0, 20))
    sink.close()
    source = source_of(broker, topic)

    rows = take(source, 60)
    source.close()

    assert sorted(keys_of(rows)) == sorted(keys_of(made_rows(0, 20).dicts()))
    assert sink.counts.delivered == 60


@only_practice
def test_a_record_that_the_broker_refuses_is_lost_alone(broker: Broker, tmp_path: Path) -> None:
    """It must not be tried for ever, and must not hold up the others."""
    assert broker.mock is not None
    topic = broker.topic(1)
    sink = sink_to(broker, topic, spool=str(tmp_path), options=QUICK)
    broker.mock.push_errors(PRODUCE, TOO_LARGE)
    sink.write(made_rows(0, 1, ("M",)))
    until(lambda: sink.counts.lost == 1)
    sink.write(made_rows(1, 20, ("M",)))
    until(lambda: sink.counts.delivered == 20)
    sink.close()

    assert (sink.counts.accepted, sink.counts.lost, sink.counts.spooled) == (21, 1, 0)
    assert "MessageSizeTooLarge" in sink.last_problem


def test_a_spooled_record_that_is_refused_does_not_block_those_behind_it(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic(1)
    away = Kafka(topic, ("127.0.0.1:9",), str(tmp_path))
    away.write(with_note("short"))
    away.write(with_note("x" * 2000))
    away.write(with_note("short too"))
    away.close(1.0)
    sink = sink_to(broker, topic, spool=str(tmp_path), options={**QUICK, "max_request_size": 1000})
    until(lambda: sink.flush() is None and sink.counts.spooled == 0)
    sink.close()

    assert (sink.counts.recovered, sink.counts.delivered, sink.counts.lost) == (3, 2, 1)


def with_note(text: str) -> Rows:
    """One row with a long text in it."""
    row = made_rows(0, 1, ("M",))
    return Rows((*row.columns, "note"), (*row.data, [text]), row.times_us)


@only_practice
def test_a_spool_is_not_sent_again_while_a_slow_broker_works_on_it(broker: Broker, tmp_path: Path) -> None:
    """An answer takes longer than a flush waits; each record is on the topic once all the same."""
    assert broker.mock is not None
    topic = broker.topic(1)
    away = Kafka(topic, ("127.0.0.1:9",), str(tmp_path))
    away.write(made_rows(0, 20))
    away.close(1.0)
    sink = sink_to(broker, topic, spool=str(tmp_path), options={"delivery_timeout_ms": 60_000})
    broker.mock.slow_down(900)
    until(lambda: sink.flush() is None and sink.counts.spooled == 0, 60.0)
    broker.mock.slow_down(0)
    sink.close()
    source = source_of(broker, topic)
    rows = take(source, 60)
    source.close()

    assert sorted(keys_of(rows)) == sorted(keys_of(made_rows(0, 20).dicts()))
    assert sink.counts.retries == 1


def test_a_consumer_killed_between_store_and_commit_stores_nothing_twice(broker: Broker, tmp_path: Path) -> None:
    """Rows and offsets are one transaction, and reading resumes from the database."""
    topic = broker.topic()
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 200))
    sink.close()
    database = Database(tmp_path / "s.duckdb")
    store = StreamRecords(database)
    for _ in range(3):  # each takes some rows, stores them, and dies before it commits
        source = source_of(broker, topic, most_rows=100)
        source.resume_at = lambda t, p: store.next_offset("g", t, p)
        end = time.monotonic() + 10
        while not source.records and time.monotonic() < end:
            source.read(0.2)
        store.add("g", source.records, source.skipped)
        source.close()
    last = source_of(broker, topic)
    end = time.monotonic() + 20
    while store.count("g") < 600 and time.monotonic() < end:
        take_into_store(last, store)
    last.close()

    found = (store.count("g"), store.repeated())
    database.close()
    assert found == (600, 0)


def test_records_that_are_no_rows_are_counted_and_passed(broker: Broker, tmp_path: Path) -> None:
    topic = broker.topic(1)
    producer = BoundedProducer(topic, Address(broker.servers, broker.practice))
    good = made_rows(0, 1).json_rows()[0]
    values = (b"not json", b"[1]", good, b'{"machine_id": "M", "timestamp": "never"}')
    producer.send([(b"k", value, None) for value in values])
    producer.close(5.0)
    database = Database(tmp_path / "s.duckdb")
    store = StreamRecords(database)
    source = source_of(broker, topic)
    end = time.monotonic() + 10
    while source.bad_rows < 3 and time.monotonic() < end:
        take_into_store(source, store)
    source.close()

    found = (store.count(), source.bad_rows, store.next_offset("g", topic, 0))
    database.close()
    assert found == (1, 3, 4)


def test_a_paused_source_stays_in_the_group_and_shows_its_lag(broker: Broker) -> None:
    topic = broker.topic()
    source = source_of(broker, topic)
    until(lambda: source.read(0.1) is not None and len(source.partitions) == 4)
    source.pause()
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 10))
    sink.close()

    while_paused = source.read(0.3)
    lag = source.lag()
    source.pause(False)
    rows = take(source, 30)
    source.close()

    assert (while_paused, lag, len(rows)) == ([], 30, 30)


def test_blocks_come_out_of_a_topic_for_a_runner(broker: Broker) -> None:
    topic = broker.topic()
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 20))
    sink.close()
    source = source_of(broker, topic)
    source.expect(MACHINES, ("temperature",))
    ticks: list[int] = []
    end = time.monotonic() + 60
    while len(ticks) < 20 and time.monotonic() < end:
        block = source.next_block(0.2)
        if block is not None:
            assert block.machines == MACHINES
            ticks += block.times_us.tolist()
    source.close()

    assert ticks == sorted(ticks)
    assert len(ticks) == 20


@pytest.mark.parametrize("kind", ["time", "hopping", "session", "count"])
def test_windows_on_kafka_are_those_in_memory(broker: Broker, kind: str) -> None:
    """The same rows through a real protocol, over four partitions, give the same windows and alerts."""
    settings = WindowSettings(kind, 20.0, 5.0 if kind == "hopping" else 0.0)

    def results(through: Any) -> list[str]:
        source = PlantSource(plant="wind_turbine", seed=3, ticks=90, fault_probability=0.05, features=False)
        run = Processing(source, through, settings, paced=False)
        try:
            return sorted(json.dumps(result) for result in run.run())
        finally:
            through.close()

    in_memory = results(InMemory())
    on_kafka = results(ThroughKafka(broker.topic(), broker.servers, practice=broker.practice))

    assert in_memory
    assert in_memory == on_kafka


def test_a_missing_broker_is_named_with_the_cure(lab_home: Path) -> None:
    with pytest.raises(LabError, match=r"No Kafka broker answers at 127\.0\.0\.1:9 .*python -m engine broker"):
        KafkaSource("t", "g", ("127.0.0.1:9",)).read(0.1)


def test_the_broker_is_found_by_flag_then_environment_then_default(lab_home: Path) -> None:
    env = {"KAFKA_BOOTSTRAP": "a:1,b:2"}

    assert find_broker(("c:3",), env).servers == ("c:3",)
    assert find_broker(None, env).servers == ("a:1", "b:2")
    assert find_broker(None, {}).servers == ("localhost:9092",)


def test_the_kafka_file_is_read_and_a_wrong_key_is_named(tmp_path: Path) -> None:
    wrong = tmp_path / "kafka.yaml"
    wrong.write_text("producer:\n  acs: all\n")

    assert kafka_settings()["producer"]["acks"] == "all"
    with pytest.raises(LabError, match=r"producer\.acs: no such key; write acks"):
        kafka_settings(wrong)
