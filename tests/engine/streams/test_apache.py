"""Apache Kafka itself: what only a real broker can show, and what is said where it cannot be had."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from engine.errors import LabError
from engine.store.database import Database
from engine.store.stream_records import StreamRecords
from engine.streams.kafka import jars
from engine.streams.kafka.address import announce_broker, find_broker
from engine.streams.sources.kafka import take_into_store
from tests.engine.streams.conftest import Broker
from tests.engine.streams.rows_for_tests import MACHINES, keys_of, made_rows
from tests.engine.streams.test_kafka import sink_to, source_of, take, until

PROJECT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.kafka
slow = pytest.mark.slow
only_apache = pytest.mark.parametrize("broker", ["apache"], indirect=True)


def which_without(*missing: str) -> Any:
    """Return a `shutil.which` that does not know these programs, and knows all others."""
    return lambda name: None if name in missing else f"/usr/bin/{name}"


@pytest.mark.parametrize(
    ("missing", "said"),
    [("java", r"needs Java; install a JDK, 17 or newer"), ("mvn", r"fetched by Maven the first time; install Maven")],
)
def test_what_is_missing_is_named(missing: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", which_without(missing))

    with pytest.raises(LabError, match=said):
        jars.classpath()


def test_a_maven_that_fetches_nothing_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(shutil, "which", which_without())
    answer = subprocess.CompletedProcess([], 1, "[ERROR] Could not transfer artifact\n", "")
    monkeypatch.setattr(subprocess, "run", lambda *_words, **_named: answer)

    with pytest.raises(LabError, match=r"Maven Central reached from here\? It said: .*Could not transfer"):
        jars.classpath()


def test_the_compose_file_names_the_version_that_is_tested() -> None:
    image = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]["kafka"]["image"]

    assert f"<version>{image.rpartition(':')[2]}</version>" in jars.POM.read_text()


def test_an_apache_broker_is_found_as_what_it_is(lab_home: Path) -> None:
    """The practice broker's client settings would hide what a real one can do."""
    announce_broker("127.0.0.1:9092", practice=False)
    found = find_broker(None, {})

    assert (found.servers, found.practice, found.found) == (("127.0.0.1:9092",), False, "Apache broker")


@slow
@only_apache
def test_a_restart_loses_nothing_and_clients_go_on(broker: Broker, tmp_path: Path) -> None:
    """Killed as by a power cut: producer and group member go on by themselves, each row is in the store once."""
    assert broker.apache is not None
    topic = broker.topic()
    sink, source = sink_to(broker, topic, spool=str(tmp_path)), source_of(broker, topic)
    database = Database(tmp_path / "s.duckdb")
    store = StreamRecords(database)
    try:
        sink.write(made_rows(0, 30))
        until(lambda: take_into_store(source, store) >= 0 and store.count("g") == 90)
        broker.apache.down()
        sink.write(made_rows(30, 30))
        assert take_into_store(source, store, 0.1) == 0
        broker.apache.up()
        sink.write(made_rows(60, 30))
        until(lambda: sink.flush() is None and take_into_store(source, store) >= 0 and store.count("g") == 270, 60.0)

        assert (store.repeated(), sink.counts.lost) == (0, 0)
    finally:
        sink.close()
        source.close()
        database.close()


@slow
@only_apache
def test_an_aborted_transaction_is_read_by_nobody_who_asks_for_committed(broker: Broker) -> None:
    import kafka

    topic = broker.topic(1)
    producer = kafka.KafkaProducer(bootstrap_servers=list(broker.servers), transactional_id=topic, acks="all")
    producer.init_transactions()
    for tick, end in (
        (0, producer.commit_transaction),
        (1, producer.abort_transaction),
        (2, producer.commit_transaction),
    ):
        producer.begin_transaction()
        producer.send(topic, made_rows(tick, 1, ("M",)).json_rows()[0])
        producer.flush()
        end()
    producer.close()
    source = source_of(broker, topic, options={"isolation_level": "read_committed"})

    rows = take(source, 3, 4.0)
    source.close()

    assert source.gone == 0  # the offsets of the aborted one and of the marks are left out, not deleted
    committed = [*made_rows(0, 1, ("M",)).dicts(), *made_rows(2, 1, ("M",)).dicts()]
    assert sorted(keys_of(rows)) == sorted(keys_of(committed))


@slow
@only_apache
def test_a_detector_slower_than_the_poll_interval_loses_nothing(broker: Broker) -> None:
    """It is put out of the group meanwhile; what it had is read again."""
    topic = broker.topic(1)
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 40))
    sink.close()
    quick = {"max_poll_interval_ms": 1000, "session_timeout_ms": 1000, "heartbeat_interval_ms": 200}
    source = source_of(broker, topic, most_rows=30, options=quick)
    found: list[dict[str, Any]] = []
    end = time.monotonic() + 40
    while len(set(keys_of(found))) < 120 and time.monotonic() < end:
        rows = source.read(0.2)
        found += rows
        if rows and len(found) <= 60:
            time.sleep(1.5)  # the detector thinks
        source.commit()
    source.close()

    assert set(keys_of(found)) == set(keys_of(made_rows(0, 40).dicts()))
    assert source.repeated_commits > 0  # it was out of the group


@slow
@only_apache
def test_what_the_broker_deleted_before_it_was_read_is_counted_and_said(broker: Broker) -> None:
    from kafka.admin import KafkaAdminClient
    from kafka.structs import TopicPartition

    topic = broker.topic(1)
    sink = sink_to(broker, topic)
    sink.write(made_rows(0, 10))
    sink.flush()
    first = source_of(broker, topic)
    assert len(take(first, 30)) == 30
    assert first.commit()
    first.close()
    sink.write(made_rows(10, 40))
    sink.close()
    admin = KafkaAdminClient(bootstrap_servers=list(broker.servers))
    admin.delete_records({TopicPartition(topic, 0): 100})
    admin.close()
    said: list[str] = []
    second = source_of(broker, topic)
    second.say = said.append

    rows = take(second, 50)
    second.close()

    assert (len(rows), second.gone) == (50, 70)
    assert said == [
        f"70 records of {topic} (partition 0) are gone: the broker deleted them before they were read. "
        "Reading goes on at offset 100."
    ]


@slow
@only_apache
def test_a_compacted_topic_keeps_the_newest_of_each_machine_and_nothing_counts_as_gone(broker: Broker) -> None:
    from kafka import KafkaConsumer

    quick = {"segment_ms": "200", "min_cleanable_dirty_ratio": "0.01", "max_compaction_lag_ms": "200"}
    topic = broker.topic(1, cleanup_policy="compact", **quick)
    for tick in range(6):
        sink = sink_to(broker, topic)
        sink.write(made_rows(tick, 1))
        sink.close()
        time.sleep(0.25)  # a segment must be over before it is compacted
    source = source_of(broker, topic)
    assert len(take(source, 3)) >= 3
    source.commit()

    def is_compacted() -> bool:
        sink = sink_to(broker, topic)
        sink.write(made_rows(6, 1))
        sink.close()
        reader = KafkaConsumer(
            topic, bootstrap_servers=list(broker.servers), auto_offset_reset="earliest", consumer_timeout_ms=500
        )
        stamps = {json.loads(record.value)["timestamp"] for record in reader}
        reader.close()
        return made_rows(0, 1).dicts()[0]["timestamp"] not in stamps

    until(is_compacted, 60.0)
    late = source_of(broker, topic, group="late")
    rows = take(late, 3)
    for one in (source, late):
        one.close()

    assert {row["machine_id"] for row in rows} == set(MACHINES)
    assert late.gone == 0
