"""The live app on a Kafka topic: the same runner, fed instead of simulated."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from engine.clock import Clock
from engine.errors import LabError
from engine.plant.journal import Injection, Journal
from engine.plant.spec import load_plant
from engine.records import SECOND_US, iso_time
from engine.runner import Runner
from engine.store.store import Store
from engine.streams.feed import FedPlant, KafkaFeed, fed_plant
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource
from engine.streams.sources.plant import PlantSource
from engine.streams.tended import Tended
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


def sent(plant: FedPlant, at_us: int, machines: tuple[str, ...], value: float = 60.0) -> None:
    for machine in machines:
        row = {"timestamp": iso_time(at_us), "machine_id": machine, **dict.fromkeys(plant.spec.sensor_names, value)}
        plant.feed._keep(row)


@pytest.mark.parametrize("rate", [0.5, 1, 2, 5, 10, 100])
def test_any_rate_is_kept_to_the_row(rate: float) -> None:
    """What came between whole seconds was dropped without a word: 250 sent, 135 stored."""
    plant, store, wall = silent_plant(), Store(":memory:"), [0.0]
    clock = Clock(wall=lambda: wall[0], speed=1.0, start_us=START)
    runner = Runner(plant, store, {}, clock)
    count = round(20 * rate)
    for i in range(count):
        sent(plant, START + 130_000 + round(i * SECOND_US / rate), plant.machines)

    for _ in range(220):
        wall[0] += 0.1
        runner.step_once()
    runner.core.commit_all()
    rows = store.readings_between("pump_station", 0, 2**62)

    assert plant.feed.received == len(rows["time_us"]) == 5 * count
    assert plant.feed.late == 0
    assert len(set(zip(rows["time_us"].tolist(), rows["machine"].tolist(), strict=True))) == 5 * count
    store.close()


def test_machines_with_moments_of_their_own_are_one_tick() -> None:
    """Else every machine would be without data at every tick of the others."""
    plant = silent_plant()
    for i, machine in enumerate(plant.machines):
        sent(plant, START + 100_000 * (i + 1), (machine,), 60.0 + i)

    block = plant.due_block(np.array([START + SECOND_US], np.int64), SECOND_US)

    assert block.times_us.tolist() == [START + 500_000]
    assert block.values[0, :, 0].tolist() == [60.0, 61.0, 62.0, 63.0, 64.0]


def test_what_comes_too_late_is_counted_and_stored_without_a_score() -> None:
    plant, store, wall = silent_plant(), Store(":memory:"), [0.0]
    runner = Runner(plant, store, {}, Clock(wall=lambda: wall[0], speed=1.0, start_us=START))
    wall[0] = 5.0
    runner.step_once()
    sent(plant, START + 500_000, plant.machines[:2], 61.5)
    wall[0] = 7.0
    runner.step_once()
    runner.core.commit_all()

    rows = store.readings_between("pump_station", 0, 2**62)
    assert (plant.feed.received, plant.feed.late) == (2, 2)
    assert rows["temperature"].tolist() == [61.5, 61.5]
    assert rows["time_us"].tolist() == [START + 500_000] * 2
    store.close()


class Scripted:
    """A source that does what it is told, turn by turn."""

    def __init__(self, *turns: object) -> None:
        self.turns, self.committed, self.closed, self.bad_rows = list(turns), 0, 0, 0

    def read(self, _timeout_s: float) -> list[object]:
        turn = self.turns.pop(0)
        if isinstance(turn, Exception):
            raise turn
        return [turn]

    def commit(self) -> None:
        self.committed += 1

    def close(self) -> None:
        self.closed += 1


def test_whatever_one_turn_raises_the_thread_lives_and_says_so() -> None:
    spec = load_plant("pump_station")
    row = {"timestamp": iso_time(START), "machine_id": spec.machines[0], **dict.fromkeys(spec.sensor_names, 60.0)}
    source = Scripted(row, RuntimeError("odd"), LabError("No broker."), row, {**row, "machine_id": "X"})
    feed = KafkaFeed(source, spec.machines, spec.sensor_names)  # type: ignore[arg-type]
    told = []
    for _ in range(5):
        feed._work.look_once()
        told.append(feed.problem)

    assert [bool(text) for text in told] == [False, True, True, False, False]
    assert "RuntimeError" in told[1]
    assert told[2] == "No broker."
    assert (feed.received, feed.refused, source.closed, source.committed) == (2, 1, 2, 3)
    assert "machine_id is 'X'" in feed.last_refusal


def test_what_fails_again_and_again_is_skipped_and_counted() -> None:
    source = Scripted(*[RuntimeError("poison")] * 3)
    work = Tended("test", lambda: source.read(0.1), recover=source.close, skip=source.commit)
    for _ in range(3):
        work.look_once()

    assert (work.failures, work.skipped, source.committed, source.closed) == (3, 1, 1, 3)


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
