"""The live app on a Kafka topic, and the app as the only writer of workers' scores."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.intake_view import _left_out
from app.opening import open_runner
from engine.errors import LabError
from engine.plant.simulator import Plant
from engine.records import SECOND_US
from engine.streams.cluster.taker import score_taker
from engine.streams.follow import Follower
from tests.app.conftest import START
from tests.app.served import ROOT, Served
from tests.app.test_pages import opened_page


@pytest.fixture
def bootstrap() -> Iterator[str]:
    """A practice broker, or the one that KAFKA_BOOTSTRAP names."""
    named = os.environ.get("KAFKA_BOOTSTRAP")
    if named:
        yield named
        return
    from engine.streams.kafka.practice import PracticeBroker

    try:
        made = PracticeBroker()
    except LabError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker in CI: {problem}")
        pytest.skip(str(problem))
    made.create_topic("scores", 2)
    made.create_topic("live-rows", 4)
    yield made.bootstrap
    made.close()


def wait_for(claim: Any, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)


@pytest.mark.kafka
def test_the_live_app_shows_rows_that_another_program_sent(bootstrap: str, tmp_path: Path) -> None:
    """Producer and app are programs of their own; only the broker is between them."""
    practice = {} if os.environ.get("KAFKA_BOOTSTRAP") else {"KAFKA_PRACTICE": "1"}
    kafka = {"KAFKA_BOOTSTRAP": bootstrap, "FAULTLAB_GROUP": f"app-{uuid.uuid4().hex[:6]}", **practice}
    command = [sys.executable, "-m", "engine", "stream", "--mode", "kafka", "--topic", "live-rows", "--seed", "5"]
    told = tmp_path / "producer.log"
    with told.open("wb") as out:
        home = {"FAULTLAB_HOME": str(tmp_path / "producer")}
        producer = subprocess.Popen(
            [*command, "--rate", "2", "--quiet"], cwd=ROOT, env={**os.environ, **kafka, **home}, stdout=out, stderr=out
        )
    try:
        source = {"FAULTLAB_SOURCE": "kafka", "FAULTLAB_TOPIC": "live-rows"}
        with Served(tmp_path / "home", **kafka, **source) as served:
            wait_for(lambda: served.get("/api/health")["intake"]["feed"]["received"] >= 10)
            wait_for(lambda: _shown(served))
            facts = served.get("/api/health")
    finally:
        producer.terminate()
        producer.wait(15)

    assert facts["speed"] == 1.0
    assert facts["time"].startswith("2026-01-05T")  # the stream's own time
    assert facts["intake"]["feed"]["problem"] == ""
    assert facts["intake"]["feed"]["refused"] == 0


def _shown(served: Served) -> bool:
    """Whether the newest readings that the app shows are numbers and not gaps."""
    rows = served.get("/api/readings?machine=MACHINE_001&limit=3")["rows"]
    return len(rows) == 3 and all(row["vibration"] is not None for row in rows)


def test_a_fed_run_is_not_gone_on_with_as_a_simulation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its seed stands for nothing; going on with it would show a plant that nobody has seen."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:9")
    store, runner = open_runner(tmp_path, {"FAULTLAB_SOURCE": "kafka"})
    fed = runner.core.run.run
    runner.step_once()
    runner.plant.feed.stop()
    runner.stop()
    store.close()

    store, runner = open_runner(tmp_path, {})
    assert runner.core.run.run == fed + 1
    assert type(runner.plant) is Plant
    runner.stop()
    store.close()


def test_the_live_page_says_what_waits_at_the_broker() -> None:
    nothing = {"late": 0, "unread": 0, "waiting": 0, "refused": 0, "last_refusal": ""}

    assert _left_out(nothing) == ""
    assert "wait at the broker: 12,300" in _left_out({**nothing, "waiting": 12_300})


def test_a_feed_without_a_broker_is_said_on_the_live_page(opened: Any) -> None:
    class Silent:
        received, refused, newest_us, problem = 0, 0, None, "No Kafka broker answers at 127.0.0.1:9."
        late, unread, behind, last_refusal = 0, 0, 0, ""

        def stop(self) -> None:
            """Nothing runs."""

    opened.intake.feed = Silent()
    test = opened_page("live")

    assert not test.exception
    assert [box.value for box in test.warning] == [Silent.problem]
    assert opened.health()["status"] != "ok"
    assert Silent.problem in opened.health()["reasons"]


def test_the_clock_follows_a_stream_of_other_times(opened: Any, wall: Any) -> None:
    """A replay of last January is shown as it was then; a stream that pauses does not move the clock."""

    class Fed:
        received, last_us = 5, START - 3600 * SECOND_US

    follower = Follower(opened.runner, Fed())
    before = opened.runner.core.run.run

    assert follower.look()
    assert abs(opened.runner.clock.now_us() - Fed.last_us) < 5 * SECOND_US
    assert opened.runner.core.run.run == before + 1
    wall.now += 1000.0
    assert not follower.look()


@pytest.mark.kafka
def test_the_app_stores_each_score_of_the_workers_once(
    bootstrap: str, opened: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers promise at least once; the store makes it effectively once."""
    import kafka

    monkeypatch.setenv("KAFKA_BOOTSTRAP", bootstrap)
    if "KAFKA_BOOTSTRAP" not in os.environ or not os.environ.get("CI"):
        monkeypatch.setenv("KAFKA_PRACTICE", "1")
    producer = kafka.KafkaProducer(bootstrap_servers=bootstrap, api_version=(2, 3))
    for k in [0, 1, 2, 2, 1]:
        row = {"machine_id": "MACHINE_001", "timestamp": f"2026-01-05T08:00:0{k}Z", "at_us": k, "score": 1.5 * k}
        producer.send("scores", json.dumps({**row, "detector": "z_score", "alarm": False}).encode())
    producer.flush()
    producer.close()

    assert score_taker(opened.store.database, {}) is None
    taker = score_taker(opened.store.database, {"FAULTLAB_SCORES_TOPIC": "scores"})
    assert taker is not None
    taker.start()
    try:
        wait_for(lambda: taker.stored >= 3 or taker.problem)
        wait_for(lambda: taker.source.partitions == (0, 1), 5)
    finally:
        taker.stop()

    assert taker.problem == ""
    assert taker.records.count() == 3
    assert taker.records.of("z_score")["MACHINE_001", 2] == 3.0
