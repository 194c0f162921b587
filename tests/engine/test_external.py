"""Plants that others feed: any sensors, scored at once, stored to the row, back after a restart."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from dataclasses import replace

import duckdb
import numpy as np
import pytest

from engine.errors import AccessError, LabError, StoreError, UnknownNameError
from engine.external import Asker, Externals, ExternalSensor, ExternalSpec, Row
from engine.records import SECOND_US
from engine.store.store import Store

START = 1_767_600_000 * SECOND_US
NOW = START / SECOND_US + 3600.0
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
    return Externals(store, tmp_path, wall=lambda: NOW)


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
    whole, parts = externals.register(SPEC), externals.register(replace(SPEC, name="parts"))
    scores = whole.take(rows(300)).scores

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


def test_taken_means_on_disk(tmp_path):
    """Another connection that opens the file after the answer finds the rows, alarms among them."""
    store = Store(tmp_path)
    plant = Externals(store, tmp_path / "external", wall=lambda: NOW).register(SPEC)
    plant.take(rows(600))
    plant.take(rows(60, first=600, high=25.0))

    assert store.pending.waiting == 0
    assert len(store.standing_alarms(plant.run)) == 1
    assert store.count_readings("my_rig") == 660
    store.close()


FEED = """
    import sys, threading
    from pathlib import Path
    from tests.engine.test_external import *

    store = Store(sys.argv[1])
    plant = Externals(store, Path(sys.argv[1]) / "external", wall=lambda: NOW).register(SPEC)
    said = threading.Lock()

    def feed(first):
        for at in range(first, 3500, 40):
            taken = plant.take(rows(10, first=at))
            with said:
                print(taken.accepted, flush=True)

    for first in (0, 10, 20, 30):
        threading.Thread(target=feed, args=(first,)).start()
"""


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(FEED), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    acknowledged = 0
    while acknowledged < 400:
        acknowledged += int(process.stdout.readline())
    process.kill()
    rest = process.stdout.read().split("\n")
    process.wait(30)
    acknowledged += sum(int(line) for line in rest[:-1] if line)

    store = Store(tmp_path)
    stored = store.count_readings("my_rig")
    store.close()

    assert stored >= acknowledged


def test_what_cannot_be_stored_is_refused_and_never_written_later(externals, store):
    """The sender is told and sends it again: a row that comes back by itself would then be there twice."""
    plant = externals.register(SPEC)
    healthy, store.commits._write = store.commits._write, full_disk
    with pytest.raises(StoreError, match="disk"):
        plant.take(rows(10))
    store.commits._write = healthy
    store.flush()

    assert store.count_readings("my_rig") == 0
    assert (store.pending.accepted, store.pending.waiting, plant.accepted) == (0, 0, 0)
    assert plant.take(rows(10)).accepted == 10
    assert store.count_readings("my_rig") == 10


def full_disk(_cursor, _parts):
    raise duckdb.IOException("No space left on device")


def test_one_reading_of_the_future_does_not_deafen_a_plant(externals, store):
    """A rig whose clock is a year ahead for one reading; all true readings after it must be scored."""
    plant = externals.register(SPEC)
    ahead = Row("B", START + 400 * 86_400 * SECOND_US, {"amps": 5.0})

    taken = plant.take([*rows(10), ahead])
    after = plant.take(rows(10, first=10))

    assert (taken.accepted, taken.ahead, plant.ahead) == (10, 1, 1)
    assert "ahead of the lab's clock" in taken.note
    assert taken.scores[-1] == {"z_score": None}
    assert (after.late, after.note) == (0, "")
    assert None not in [score["z_score"] for score in after.scores]
    assert store.count_readings("my_rig") == 20


def test_a_run_number_is_never_given_twice(externals, store, tmp_path):
    """Neither alarms nor rows of a plant that was taken away come back under another, nor under its own name."""
    first = externals.register(SPEC)
    first.take(rows(600))
    first.take(rows(60, first=600, high=25.0))
    externals.remove("my_rig")

    again, other = externals.register(SPEC), externals.register(replace(SPEC, name="other"))

    assert len({first.run, again.run, other.run}) == 3
    assert again.desk.standing == other.desk.standing == ()
    assert store.standing_alarms(first.run) == ()
    assert store.explore("select count(*) from readings", plant="my_rig").rows == ((0,),)
    assert len(store.alarms(run=again.run)) == 0
    assert store.newest_run() is None, "a plant that others feed must not become what Explore shows by itself"


def test_the_same_description_again_changes_nothing_whoever_sends_it(externals):
    plant = externals.register(SPEC, Asker("10.0.0.1"))
    plant.take(rows(30))

    assert externals.register(SPEC, Asker("10.0.0.2")) is plant


def test_only_owner_and_staff_may_change_or_take_away(externals):
    plant, token = externals.claim(SPEC, Asker("10.0.0.1"))
    changed = replace(SPEC, detectors=("never",))
    for who in (Asker("10.0.0.1"), Asker("10.0.0.2", token="guess"), Asker("x", person="p7")):
        with pytest.raises(AccessError, match="somebody else's"):
            externals.claim(changed, who)
        with pytest.raises(AccessError):
            externals.remove("my_rig", who)
    assert externals.get("my_rig") is plant

    assert externals.claim(changed, Asker("10.0.0.2", token=token))[1] is None
    assert externals.register(SPEC, Asker(staff=True)).run == plant.run
    externals.remove("my_rig", Asker(token=token))
    assert externals.plants == {}


def test_a_person_of_the_class_owns_what_they_made_after_a_restart_too(externals, store, tmp_path):
    externals.register(SPEC, Asker("p7", person="p7"))
    again = Externals(store, tmp_path, wall=lambda: NOW)

    with pytest.raises(AccessError):
        again.remove("my_rig", Asker("p8", person="p8"))
    again.remove("my_rig", Asker("p7", person="p7"))


def test_one_sender_cannot_take_all_places(externals):
    for number in range(5):
        externals.register(replace(SPEC, name=f"rig_{number}"), Asker("10.0.0.1"))

    with pytest.raises(LabError, match="made 5 plants"):
        externals.register(SPEC, Asker("10.0.0.1"))
    assert externals.register(SPEC, Asker("10.0.0.2"))


def test_a_table_does_not_grow_without_limit(externals, store):
    """Each description may bring new sensors; the columns of all of them stay."""

    def wide(turn):
        return replace(SPEC, sensors=tuple(ExternalSensor(f"s{turn}_{i}") for i in range(100)))

    for turn in range(3):
        externals.register(wide(turn))

    with pytest.raises(LabError, match="at most 300"):
        externals.register(wide(3))
    assert len(store.plant_table("my_rig").sensors) == 300


def test_old_readings_end_for_plants_that_others_feed_too(store, tmp_path):
    now = [NOW]
    externals = Externals(store, tmp_path, wall=lambda: now[0])
    plant = externals.register(SPEC)
    plant.take(rows(120))
    now[0] += 3 * 86_400.0
    plant.take(rows(60, first=3 * 86_400))

    externals.retain_if_due()
    store.database.write(lambda _cursor: None)  # the pass is on the writer's queue before this

    assert store.count_readings("my_rig") == 60
    assert store.count_rollups("my_rig") == 2


def test_after_a_restart_detectors_know_what_they_had_seen(externals, store, tmp_path):
    """A fault right after a restart is caught: the past is in the store, and so are the alarms that stand."""
    plant = externals.register(SPEC)
    plant.take(rows(600))
    again = Externals(store, tmp_path, wall=lambda: NOW).get("my_rig")

    expected, found = plant.take(rows(60, first=600, high=25.0)), again.take(rows(60, first=600, high=25.0))

    assert again.accepted == 660
    assert [score["z_score"] for score in found.scores] == pytest.approx(
        [score["z_score"] for score in expected.scores], abs=0.01
    )
    assert [alarm.machine for alarm in again.desk.standing] == ["A"]
    third = Externals(store, tmp_path, wall=lambda: NOW).get("my_rig")
    assert [alarm.number for alarm in third.desk.standing] == [alarm.number for alarm in again.desk.standing]


def test_a_damaged_description_keeps_nobody_else_from_coming_back(externals, store, tmp_path):
    externals.register(SPEC)
    (tmp_path / "a.json").write_text("{", encoding="utf-8")
    (tmp_path / "b.json").write_text('{"run": 1, "spec": {"name": "b"}}', encoding="utf-8")

    assert list(Externals(store, tmp_path).plants) == ["my_rig"]
