"""The data of a class on a topic: every variant, in order, without truth, and not before the release."""

from __future__ import annotations

import json
from typing import ClassVar

import pytest

from engine.classroom.topic import ClassTopic, topic_name
from engine.errors import LabError
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink, SinkCounts
from tests.engine.classroom.room import Room
from tests.engine.classroom.test_threats import SMALL


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
