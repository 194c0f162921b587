"""The live app on a Kafka topic: the same runner, fed instead of simulated."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.errors import LabError
from engine.plant.journal import Injection, Journal
from engine.plant.spec import load_plant
from engine.records import SECOND_US
from engine.streams.feed import FedPlant, KafkaFeed, fed_plant
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource
from engine.streams.sources.plant import PlantSource
from tests.engine.streams.conftest import Broker

START = 1_767_571_200_000_000


def silent_plant() -> FedPlant:
    spec = load_plant("pump_station")
    return FedPlant(spec, KafkaFeed(KafkaSource(), spec.machines, spec.sensor_names))


@pytest.mark.kafka
def test_readings_from_a_topic_are_those_that_were_sent(broker: Broker) -> None:
    topic = broker.topic()
    spec = load_plant("pump_station")
    source = KafkaSource(topic, "app", broker.servers, practice=broker.practice)
    feed = KafkaFeed(source, spec.machines, spec.sensor_names)
    feed.start()
    sink = Kafka(topic, broker.servers, practice=broker.practice)
    sink.write(PlantSource(seed=3, start_us=START, features=False).next_rows(30))
    sink.close()
    end = time.monotonic() + 20
    while feed.received < 150 and time.monotonic() < end:
        time.sleep(0.02)
    feed.stop()
    times = START + np.arange(32, dtype=np.int64) * SECOND_US

    block = FedPlant(spec, feed).block(times)

    sent = PlantSource(seed=3, start_us=START, features=False).next_block(30)
    np.testing.assert_array_equal(sent.values, block.values[:30])
    assert np.isnan(block.values[30:]).all()


def test_what_did_not_arrive_is_missing_and_not_zero() -> None:
    block = silent_plant().block(np.array([START], np.int64))

    assert np.isnan(block.values).all()


def test_nothing_is_injected_into_a_stream_that_comes_from_elsewhere() -> None:
    plant = silent_plant()
    entry = Injection("i", plant.machines[0], "bearing_failure", 0.5, START, 1.0, 60.0)

    with pytest.raises(LabError, match="fed by Kafka"):
        plant.with_journal(Journal((entry,)))
    assert plant.truth(0, START) == ()


def test_a_feed_without_a_broker_says_so_and_lets_the_app_run(lab_home: Path) -> None:
    spec = load_plant("pump_station")
    feed = KafkaFeed(KafkaSource(servers=("127.0.0.1:9",)), spec.machines, spec.sensor_names)
    began = time.monotonic()
    feed.start()

    assert time.monotonic() - began < 0.2
    end = time.monotonic() + 15
    while not feed.problem and time.monotonic() < end:
        time.sleep(0.02)
    feed.stop()
    assert "No Kafka broker answers" in feed.problem


def test_the_environment_chooses_the_source() -> None:
    spec = load_plant("pump_station")

    assert fed_plant(spec, {}) is None
    assert fed_plant(spec, {"FAULTLAB_SOURCE": "plant"}) is None
    with pytest.raises(LabError, match="must be plant or kafka, got 'pigeon'"):
        fed_plant(spec, {"FAULTLAB_SOURCE": "pigeon"})
