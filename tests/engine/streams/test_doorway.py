"""The practice broker at a port of one's own choice: clients find it there, also after a restart."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from engine.streams.kafka.address import announce_broker, find_broker
from engine.streams.kafka.doorway import PortTakenError, readdressed
from engine.streams.kafka.practice import PracticeBroker
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource
from tests.engine.streams.rows_for_tests import keys_of, made_rows
from tests.engine.streams.test_kafka import take

pytestmark = pytest.mark.kafka


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_the_port_is_replaced_where_it_stands_behind_the_host_and_nowhere_else() -> None:
    """4242 is 0x1092: in an address, classic and compact, and as a number in a record."""
    classic, compact = b"\x00\x09127.0.0.1\x00\x00\x10\x92", b"\x0a127.0.0.1\x00\x00\x10\x92"

    seen = readdressed(classic + b"\x00\x00\x10\x92" + compact, 4242, 9092)

    assert seen == classic[:-2] + b"\x23\x84" + b"\x00\x00\x10\x92" + compact[:-2] + b"\x23\x84"


def test_a_producer_that_was_connected_goes_on_after_a_restart_at_the_same_port(tmp_path: Path) -> None:
    port = free_port()
    broker = PracticeBroker(port=port)
    sink = Kafka("t", (broker.bootstrap,), str(tmp_path), practice=True)
    try:
        sink.write(made_rows(0, 10))
        assert set(keys_of(take(reader(port), 30))) == set(keys_of(made_rows(0, 10).dicts()))

        broker.close()
        broker = PracticeBroker(port=port)
        sink.write(made_rows(10, 10))

        assert set(keys_of(take(reader(port), 30, 40.0))) >= set(keys_of(made_rows(10, 10).dicts()))
    finally:
        sink.close(5.0)
        broker.close()


def reader(port: int) -> KafkaSource:
    return KafkaSource("t", "g", (f"localhost:{port}",), practice=True)


def test_a_port_that_is_taken_is_refused_with_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(PortTakenError, match="Choose another one"):
        PracticeBroker(port=other.getsockname()[1])


def test_localhost_is_the_practice_broker_too(lab_home: Path) -> None:
    """The documents write localhost:9092; the client settings that the mock needs must not be forgotten then."""
    announce_broker("127.0.0.1:9092")

    assert find_broker(("localhost:9092",)).practice
    assert find_broker(None, {"KAFKA_BOOTSTRAP": "localhost:9092"}).practice
    assert not find_broker(("localhost:9093",)).practice
