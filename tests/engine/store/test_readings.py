"""Readings go in as blocks and come out as they went in, rounded to the sensor's resolution."""

import threading

import numpy as np
import pytest

from engine.errors import LabError, UnknownNameError
from engine.records import SECOND_US, Block
from engine.store.readings import rounded, rows_of
from engine.store.store import Store
from tests.engine.store.samples import MACHINES, SENSORS, START_US, block, small_store


def test_stored_readings_come_back_rounded_to_the_resolution():
    store, sent = small_store(), block(50)

    store.append(1, "demo", sent, {"ewma": np.ones((50, 2))})
    store.flush()
    got = store.block_between("demo", START_US, START_US + 100 * SECOND_US)

    assert np.array_equal(np.round(sent.values[:, :, 0], 2), got.values[:, :, 0])
    assert np.array_equal(np.round(sent.values[:, :, 1], 1), got.values[:, :, 1])
    assert np.array_equal(sent.times_us, got.times_us)


def test_the_newest_readings_come_first():
    """The project behind the second source document returned the oldest."""
    store = small_store()
    store.append(1, "demo", block(50))
    store.flush()

    got = store.newest_readings("demo", limit=3, machine="M2")

    assert [(at - START_US) // SECOND_US for at in got["time_us"].tolist()] == [49, 48, 47]
    assert got["machine"].tolist() == ["M2"] * 3


def test_pages_of_readings_follow_each_other_without_gap_or_overlap():
    store = small_store()
    store.append(1, "demo", block(10))
    store.flush()

    first = store.newest_readings("demo", limit=4, machine="M1")
    second = store.newest_readings("demo", limit=4, machine="M1", before_us=int(first["time_us"][-1]))

    together = np.concatenate([first["time_us"], second["time_us"]])
    assert np.array_equal(np.diff(together), np.full(7, -SECOND_US))


def test_a_missing_reading_is_null_in_the_file_and_nan_outside():
    """NaN inside DuckDB would poison every maximum."""
    store, sent = small_store(), block(4)
    sent.values[1, 0, 0] = np.nan
    store.append(1, "demo", sent)
    store.flush()

    highest = store.database.read().execute("select max(temperature), count(temperature) from readings_demo").fetchall()

    assert highest[0][1] == 7
    assert np.isfinite(highest[0][0])
    assert np.isnan(store.readings_between("demo", START_US + SECOND_US, START_US + 2 * SECOND_US)["temperature"][0])


def test_scores_stand_in_the_row_of_their_reading():
    store = small_store()
    store.append(1, "demo", block(3), {"ewma": np.array([[0.0, 1.0], [2.0, 3.0], [4.0, np.nan]])})
    store.append(1, "demo", block(1, first=3), {"cusum": np.array([[5.0, 6.0]])})
    store.flush()

    got = store.readings_between("demo", START_US, START_US + 10 * SECOND_US)

    assert got["score_ewma"][:5].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert np.isnan(got["score_ewma"][5:]).all()
    assert got["score_cusum"][6:].tolist() == [5.0, 6.0]


def test_many_chunks_become_one_commit():
    store = small_store()
    for first in range(0, 100, 10):
        store.append(1, "demo", block(10, first))

    assert store.pending.waiting == 200
    assert store.flush().result() == 200
    assert store.count_readings("demo") == 200
    assert (store.pending.stored, store.pending.waiting, store.pending.lost) == (200, 0, 0)


def test_a_machine_and_a_sensor_may_join_later():
    store = small_store()
    store.append(1, "demo", block(2))
    store.flush()
    store.register_plant("demo", (*SENSORS, "pressure"), ("M3", *MACHINES))
    values = np.full((1, 1, 3), 5.0)
    times = np.array([START_US + 60 * SECOND_US])
    store.append(1, "demo", Block(times, values, np.zeros((1, 1), np.uint8), ("M3",), (*SENSORS, "pressure")))
    store.flush()

    got = store.readings_between("demo", START_US, START_US + 100 * SECOND_US)

    assert got["machine"].tolist() == ["M1", "M2", "M1", "M2", "M3"]
    assert got["pressure"][4] == 5.0


@pytest.mark.parametrize("name", ["readings; drop table runs", "Demo", "", "a" * 60, "x-y"])
def test_a_plant_cannot_have_a_name_that_is_sql(name):
    with pytest.raises(LabError, match="plant's name"):
        small_store().register_plant(name, ("a",), ("m",))


@pytest.mark.parametrize("name", ["time", "RUN", "score_x", "", 'a"b', "a\nb", "x" * 100])
def test_a_sensor_cannot_have_a_name_of_ours_or_an_unprintable_one(name):
    with pytest.raises(LabError):
        small_store().register_plant("other", (name,), ("m",))


def test_a_sensor_name_with_sql_in_it_is_only_a_name():
    store = small_store()
    nasty = "x); drop table runs; --"
    store.register_plant("nasty", (nasty,), ("m",))
    values = np.array([[[1.5]]])
    store.append(1, "nasty", Block(np.array([START_US]), values, np.zeros((1, 1), np.uint8), ("m",), (nasty,)))
    store.flush()

    assert store.newest_readings("nasty")[nasty].tolist() == [1.5]
    assert len(store.runs()) == 1


def test_an_unknown_plant_or_machine_is_named_with_its_neighbour():
    store = small_store()

    with pytest.raises(UnknownNameError, match="Did you mean 'demo'"):
        store.newest_readings("dema")
    with pytest.raises(UnknownNameError, match="machine"):
        store.newest_readings("demo", machine="M9")


def test_rows_are_json_ready():
    store, sent = small_store(), block(1)
    sent.values[0, 0, 0] = np.nan
    store.append(1, "demo", sent, {"ewma": np.zeros((1, 2))})
    store.flush()

    row = rows_of(store.newest_readings("demo"))[0]

    assert row["time"] == "2026-01-05T00:00:00+00:00"
    assert row["temperature"] is None
    assert row["scores"] == {"ewma": 0.0}


def test_rounding_leaves_numbers_that_print_short():
    assert rounded(np.array([72.5000001, 72.34, -0.1]), 0.1).tolist() == [72.5, 72.3, -0.1]
    assert rounded(np.array([19.0]), 5.0).tolist() == [20.0]
    assert rounded(np.array([1.23456]), 0.0).tolist() == [1.23456]


def test_a_reader_never_asks_for_columns_that_are_not_committed_yet():
    """A detector that joins widens the table inside a write; a page that reads meanwhile must not trip over it."""
    store = Store(":memory:")
    store.register_plant("pumps", ("temperature",), ("M1",))
    seen_inside = []

    def widen(cursor):
        store.widen_for_scores(cursor, "pumps", ("late",))
        seen_inside.append(store.plant_table("pumps").detectors)
        elsewhere = threading.Thread(target=lambda: seen_inside.append(store.plant_table("pumps").detectors))
        elsewhere.start()
        elsewhere.join()

    store.database.write(widen)

    assert seen_inside == [("late",), ()]
    assert store.plant_table("pumps").detectors == ("late",)
    store.close()
