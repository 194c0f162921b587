"""Workers over partitions: the same scores as in one process, also when one of them is killed."""

from __future__ import annotations

import importlib
import json
import math
import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from engine.store.database import Database
from engine.store.score_records import ScoreRecord, ScoreRecords
from engine.streams.cluster.machine_scorer import KEPT_SCORES, MachineScorer
from engine.streams.cluster.scores import take_scores
from engine.streams.cluster.state_bytes import from_bytes, to_bytes
from engine.streams.cluster.supervisor import Supervisor
from engine.streams.sinks.kafka import Kafka
from engine.streams.sources.kafka import KafkaSource
from engine.streams.sources.plant import PlantSource
from tests.engine.streams.conftest import Broker, only_practice


def oracle(rows: list[dict[str, object]], algorithm: str = "z_score") -> dict[tuple[str, int], float]:
    """The scores of a plain loop in one process."""
    scorer, states, scores = MachineScorer(algorithm), {}, {}
    for row in rows:
        result, states[row["machine_id"]] = scorer.step(row, states.get(row["machine_id"]))
        assert result is not None
        scores[str(row["machine_id"]), int(result["at_us"])] = float(result["score"])
    return scores


def plant_rows(ticks: int) -> list[dict[str, object]]:
    return PlantSource(seed=5, ticks=ticks, fault_probability=0.01, features=False).next_rows(ticks).dicts()


def test_a_state_goes_through_bytes_unchanged() -> None:
    state = {"a": np.arange(6.0).reshape(2, 3), "n": 3, "x": math.inf, 7: (1, None), "b": [np.int64(4), True, "t"]}

    found = from_bytes(to_bytes(state))

    np.testing.assert_array_equal(state["a"], found["a"])  # type: ignore[arg-type]
    assert {k: v for k, v in state.items() if k != "a"} == {k: v for k, v in found.items() if k != "a"}
    assert found["a"].flags.writeable


@pytest.mark.parametrize("algorithm", ["z_score", "cusum", "mahalanobis"])
def test_scores_row_by_row_are_those_of_the_detector_on_blocks(algorithm: str) -> None:
    from engine.catalog import make

    source = PlantSource(seed=5, features=False)
    block = source.next_block(200)
    rows = PlantSource(seed=5, features=False).next_rows(200).dicts()
    detector = make("detector", algorithm)
    expected = {name: detector.score_then_learn(block.machine(name))[:, 0] for name in block.machines[:1]}

    found = oracle([row for row in rows if row["machine_id"] == block.machines[0]], algorithm)

    np.testing.assert_allclose(list(found.values()), expected[block.machines[0]])


def test_a_row_that_comes_again_gets_the_same_score_and_is_not_learned_twice() -> None:
    scorer, state = MachineScorer("z_score"), None
    rows = [row for row in plant_rows(KEPT_SCORES + 20) if row["machine_id"] == "MACHINE_001"]
    first = []
    for row in rows:
        result, state = scorer.step(row, state)
        first.append(result)

    again = [scorer.step(row, state) for row in rows[-50:]]
    too_old, _ = scorer.step(rows[0], state)

    assert [result for result, _ in again] == first[-50:]
    assert all(after == state for _, after in again)
    assert too_old is None


def test_a_score_is_stored_once_however_often_it_arrives() -> None:
    database = Database(":memory:")
    store = ScoreRecords(database)
    record = ScoreRecord("z_score", "M", 1, 2.0, False)

    new = [store.add([record, record]), store.add([record])]
    count = store.count()
    database.close()

    assert (new, count) == ([1, 0], 1)


def test_the_supervisor_starts_a_worker_again_and_ends_all() -> None:
    supervisor = Supervisor([[sys.executable, "-c", "import time; time.sleep(60)"]] * 2)
    supervisor.start()
    end = time.monotonic() + 10
    while None in supervisor.pids and time.monotonic() < end:
        time.sleep(0.01)
    killed = supervisor.pids[0]
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    while supervisor.pids[0] in (None, killed) and time.monotonic() < end:
        time.sleep(0.01)
    revived = supervisor.pids[0]
    supervisor.stop()

    assert revived not in (None, killed)
    assert (supervisor.pids, supervisor.restarts) == ([None, None], 1)


def take_until(count: int, source: KafkaSource, store: ScoreRecords, patience_s: float = 240.0) -> None:
    """Store scores until there are so many; gives up when none has come for a while, however long it takes in all."""
    known, end = store.count(), time.monotonic() + patience_s
    while known < count and time.monotonic() < end:
        take_scores(source, store)
        if store.count() > known:
            known, end = store.count(), time.monotonic() + patience_s


@pytest.fixture
def quix() -> None:
    """Quix Streams; where CI runs this and it is missing, that is a failure."""
    try:
        importlib.import_module("quixstreams")
    except ImportError:
        cure = "workers are an extra: pip install -r requirements-cluster.txt"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(cure)


@only_practice
@pytest.mark.kafka
@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("quix")
def test_two_workers_share_the_load_and_one_takes_over_when_the_other_is_killed(broker: Broker, tmp_path: Path) -> None:
    """Nothing lost, nothing doubled, no score other than that of one process."""
    topic, scores = broker.topic(4), broker.topic(4)
    rows = plant_rows(600)
    servers = ",".join(broker.servers)
    command = [sys.executable, "-m", "engine", "worker", "--detector", "z_score", "--topic", topic]
    command += ["--scores-topic", scores, "--bootstrap-servers", servers, "--state-folder", str(tmp_path / "state")]
    if broker.practice:
        os.environ["KAFKA_PRACTICE"] = "1"
    supervisor = Supervisor([[*command, "--single", str(number)] for number in range(2)])
    sink = Kafka(topic, broker.servers, practice=broker.practice)
    source = KafkaSource(scores, "writer", broker.servers, practice=broker.practice)
    database = Database(tmp_path / "scores.duckdb")
    store = ScoreRecords(database)
    plant = PlantSource(seed=5, ticks=600, fault_probability=0.01, features=False)
    try:
        supervisor.start()
        for _ in range(2):
            sink.write(plant.next_rows(150))
        take_until(500, source, store)
        victim = supervisor.pids[0]
        assert victim is not None
        os.kill(victim, signal.SIGKILL)
        for _ in range(2):
            sink.write(plant.next_rows(150))
        take_until(len(rows), source, store)
        found = store.of("z_score")
    finally:
        supervisor.stop()
        sink.close()
        source.close()
        database.close()
        os.environ.pop("KAFKA_PRACTICE", None)

    expected = oracle(json.loads(json.dumps(rows)))
    assert len(found) == len(rows)
    assert found == pytest.approx(expected)
