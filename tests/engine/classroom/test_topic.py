"""The data of a class on a topic: every variant, in order, without truth, and not before the release."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest
from kafka import KafkaConsumer

from engine.classroom.topic import ClassTopic, topic_name
from engine.errors import LabError
from engine.plant.spec import load_plant
from engine.streams.counts import SinkCounts
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.sinks.kafka import Kafka
from tests.engine.classroom.room import Room
from tests.engine.classroom.test_threats import SMALL
from tests.engine.streams.conftest import Broker


class Kept(Sink):
    """A topic in memory."""

    name: ClassVar[str] = "kept"
    title: ClassVar[str] = "Kept"

    def __init__(self) -> None:
        self.rows: list[dict] = []

    def write(self, rows: Rows) -> None:
        self.rows += [json.loads(row) for row in rows.json_rows()]

    def close(self, timeout_s: float = 10.0) -> None:
        return

    @property
    def counts(self) -> SinkCounts:
        return SinkCounts(accepted=len(self.rows), delivered=len(self.rows))


def test_the_topic_carries_every_variant_in_order_and_no_truth(room: Room):
    people = room.join(2)
    room.school.assignments.save(SMALL.replace("days: 2", "days: 1"))
    room.school.make_variants("small")
    sink = Kept()
    with pytest.raises(LabError, match="sealed"):
        ClassTopic(room.school, "small", sink).publish()
    room.school.assignments.checked("small", {})
    room.school.assignments.release("small")

    sent = ClassTopic(room.school, "small", sink).publish()

    names = {room.school.assignments.variant_of("small", p.person).variant for p in people}
    times = [row["timestamp"] for row in sink.rows]
    assert sent == len(sink.rows) > 1000
    assert {row["machine_id"].split("/")[0] for row in sink.rows} == names
    assert times == sorted(times)
    assert not any(word in " ".join(sink.rows[0]) for word in ("anomaly", "label", "fault", "seed"))


@pytest.mark.kafka
def test_what_a_consumer_of_the_class_topic_gets_is_the_data_of_all_and_no_truth(room: Room, broker: Broker):
    """On a broker: keys, headers and values of every record, as a student's own consumer would read them."""
    room.join(2)
    room.school.assignments.save(SMALL.replace("days: 2", "days: 1"))
    room.school.make_variants("small")
    room.school.assignments.checked("small", {})
    room.school.assignments.release("small")
    topic = broker.topic()
    sink = Kafka(topic, broker.servers, practice=broker.practice)

    sent = ClassTopic(room.school, "small", sink).publish()
    sink.close()
    got = consumed(broker, topic, sent)

    variants = room.school.assignments.variants("small")
    assert sent == len(got) == sink.counts.delivered > 1000
    assert {record.key.decode() for record in got} == {f"{v.variant}/{m}" for v in variants for m in v.machines}
    everything = b"\n".join(part for r in got for part in (r.key, r.value, *(h for pair in r.headers for h in pair)))
    secrets = sealed_words(room)
    assert len(secrets) > 10
    assert [word for word in secrets if word in everything] == []
    assert {name for r in got for name in json.loads(r.value)} == {
        "timestamp", "machine_id", "maintenance_status", *load_plant("pump_station").sensor_names
    }  # fmt: skip


def consumed(broker: Broker, topic: str, count: int) -> list:
    """Return what lies on a topic, read by kafka-python alone."""
    consumer = KafkaConsumer(topic, bootstrap_servers=list(broker.servers), auto_offset_reset="earliest")
    got: list = []
    for _ in range(300):
        got += [record for records in consumer.poll(timeout_ms=200).values() for record in records]
        if len(got) >= count:
            break
    consumer.close()
    return got


def sealed_words(room: Room) -> list[bytes]:
    """Return what only the vault may say: salts, seeds, and types, onsets and ends of the faults."""
    desk, words = room.school.assignments, list[str]()
    for variant in desk.variants("small"):
        draw = desk.draw_of("small", variant.person)
        words += [str(one.seed) for one in room.school.plants.variant("small", variant.person, draw).plants]
        words += [desk._vault.keys.one(assignment="small", variant=variant.variant)["salt"]]
        for event in desk.keys("small")[variant.variant].events:
            words += [event.fault, *(str(at) for at in (event.onset_us, event.detectable_from_us, event.end_us) if at)]
    return [word.encode() for word in words]


def test_two_halves_of_the_time_are_the_whole(room: Room):
    room.join(1)
    room.school.assignments.save(SMALL.replace("days: 2", "days: 1").replace("per_student", "shared"))
    room.school.make_variants("small")
    room.school.assignments.checked("small", {})
    room.school.assignments.release("small")
    whole, halves = Kept(), Kept()
    variant = room.school.assignments.variants("small")[0]
    middle = (variant.start_us + variant.end_us) // 2

    ClassTopic(room.school, "small", whole).publish()
    topic = ClassTopic(room.school, "small", halves)
    topic.publish(end_us=middle)
    topic.publish(start_us=middle)

    assert halves.rows == whole.rows


def test_a_topic_has_a_name_that_brokers_take():
    assert topic_name("wk3/ä pump") == "faultlab-class-wk3---pump"
