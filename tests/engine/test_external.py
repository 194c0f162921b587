"""Plants that others feed: any sensors, scored at once, stored to the row, back after a restart."""

from __future__ import annotations

import numpy as np
import pytest

from engine.errors import LabError, UnknownNameError
from engine.external import Externals, ExternalSensor, ExternalSpec, Row
from engine.records import SECOND_US
from engine.store.store import Store

START = 1_767_600_000 * SECOND_US
SPEC = ExternalSpec("my_rig", "My rig", ("A", "B"), (ExternalSensor("Volume Flow RateRMS"), ExternalSensor("amps")))


def rows(count, first=0, machine="A", high=None):
    rng = np.random.default_rng(first)
    return [
        Row(machine, START + (first + i) * SECOND_US, {"Volume Flow RateRMS": float(rng.normal(30, 1)),
                                                       "amps": high or float(rng.normal(5, 0.1))})
        for i in range(count)
    ]  # fmt: skip


@pytest.fixture
def store():
    made = Store(":memory:")
    yield made
    made.close()


@pytest.fixture
def externals(store, tmp_path):
    return Externals(store, tmp_path, wall=lambda: START / SECOND_US)


def test_accepted_is_stored_to_the_row(externals, store):
    """A tick at which a machine said nothing is no row of it."""
    plant = externals.register(SPEC)
    taken = plant.take([*rows(50), *rows(20, machine="B")])
    store.flush()

    assert (taken.accepted, taken.late) == (70, 0)
    assert store.count_readings("my_rig") == 70


def test_a_fault_raises_one_alarm_that_blames_the_sensor(externals):
    plant = externals.register(SPEC)
    plant.take(rows(600))

    plant.take(rows(60, first=600, high=25.0))

    alarms = plant.desk.standing
    assert len(alarms) == 1
    assert (alarms[0].machine, alarms[0].sensors[:1]) == ("A", ("amps",))


def test_one_batch_or_many_give_the_same_scores(externals):
    whole, parts = externals.register(SPEC), None
    scores = whole.take(rows(300)).scores
    parts = externals.register(SPEC)  # begins anew

    found = [score for at in range(0, 300, 60) for score in parts.take(rows(300)[at : at + 60]).scores]

    assert found == scores


def test_late_readings_are_stored_and_not_scored(externals, store):
    plant = externals.register(SPEC)
    plant.take(rows(10, first=100))

    taken = plant.take(rows(5))
    store.flush()

    assert (taken.accepted, taken.late) == (5, 5)
    assert taken.scores == [{"z_score": None}] * 5
    assert store.count_readings("my_rig") == 15


def test_nothing_is_taken_of_a_batch_with_an_unknown_name(externals, store):
    plant = externals.register(SPEC)
    for wrong in (Row("C", START, {"amps": 1.0}), Row("A", START, {"volts": 1.0})):
        with pytest.raises(UnknownNameError):
            plant.take([*rows(3, first=9), wrong])
    with pytest.raises(LabError, match="same time"):
        plant.take(rows(1) * 2)

    assert store.figures()["rows_accepted"] == 0


def test_a_plant_comes_back_after_a_restart(externals, store, tmp_path):
    externals.register(SPEC)

    again = Externals(store, tmp_path)

    assert again.get("my_rig").spec == SPEC
    assert again.get("my_rig").run == externals.get("my_rig").run


def test_a_viewer_that_fails_stops_nothing(externals):
    plant, seen = externals.register(SPEC), []

    def fails(_frame):
        raise RuntimeError("gone")

    plant.subscribe(fails)
    stop = plant.subscribe(seen.append)
    plant.take(rows(3))
    stop()
    plant.take(rows(3, first=10))

    assert len(seen) == 1
    assert len(plant.recent(3600.0)[0]) == 6


@pytest.mark.parametrize(
    "spec",
    [
        ExternalSpec("pump_station", "", ("A",), (ExternalSensor("x"),)),
        ExternalSpec("wind_turbine_posted", "", ("A",), (ExternalSensor("x"),)),
        ExternalSpec("Bad Name", "", ("A",), (ExternalSensor("x"),)),
        ExternalSpec("ok", "", (), (ExternalSensor("x"),)),
        ExternalSpec("ok", "", ("A", "A"), (ExternalSensor("x"),)),
        ExternalSpec("ok", "", ("A",), (ExternalSensor("x"), ExternalSensor("X"))),
        ExternalSpec("ok", "", ("A",), (ExternalSensor('x"; drop'),)),
        ExternalSpec("ok", "", ("A",), (ExternalSensor("x", normal=(2.0, 1.0)),)),
        ExternalSpec("ok", "", ("A",), (ExternalSensor("x"),), ("oracle",)),
        ExternalSpec("ok", "", ("A",), (ExternalSensor("x"),), ("nobody",)),
    ],
)
def test_what_cannot_be_a_plant_is_refused(externals, spec):
    with pytest.raises(LabError):
        externals.register(spec)
    assert externals.plants == {}


def test_there_is_an_end_of_plants(externals):
    for number in range(20):
        externals.register(ExternalSpec(f"rig_{number}", "", ("A",), (ExternalSensor("x"),)))

    with pytest.raises(LabError, match="20 plants"):
        externals.register(SPEC)
    externals.remove("rig_3")
    assert externals.register(SPEC).run not in {plant.run for n, plant in externals.plants.items() if n != "my_rig"}


def test_limits_need_a_normal_range_and_take_it_from_the_first_readings(externals):
    plant = externals.register(ExternalSpec("rig", "", ("A",), SPEC.sensors, ("limit",)))

    scores = plant.take([*rows(100), *rows(1, first=100, high=50.0)]).scores

    assert scores[-1]["limit"] > scores[0]["limit"]
