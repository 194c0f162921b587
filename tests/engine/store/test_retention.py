"""Retention runs: in the project behind the second source document it was written and never called."""

import numpy as np

from engine.records import DAY_US, HOUR_US, MINUTE_US
from engine.store.retention import Retention
from tests.engine.store.samples import START_US, block, small_store


def test_readings_older_than_the_raw_hours_become_minutes():
    store = small_store()
    for first in range(0, 26 * 3600, 3600):
        store.append(1, "demo", block(3600, first))
    store.flush()

    deleted, _ = store.retain("demo", Retention(raw_hours=24)).result()

    oldest, newest = store.span_us("demo")
    assert 2 * (2 * 3600 - 60) <= deleted <= 2 * 2 * 3600
    assert newest - oldest <= 24 * HOUR_US + MINUTE_US
    assert oldest % MINUTE_US == 0
    assert deleted == 60 * store.count_rollups("demo")


def test_a_second_pass_changes_nothing():
    store = small_store()
    store.append(1, "demo", block(2 * 3600))
    store.flush()
    store.retain("demo", Retention(raw_hours=1))

    assert store.retain("demo", Retention(raw_hours=1)).result() == (0, 0)


def test_roll_ups_are_deleted_in_their_time():
    store = small_store()
    old = block(120)
    store.append(1, "demo", old)
    old.times_us.setflags(write=True)
    late = block(120, first=3 * 86_400)
    store.append(1, "demo", late)
    store.flush()
    store.retain("demo", Retention(raw_hours=1, rollup_days=30))
    before = store.count_rollups("demo")

    store.retain("demo", Retention(raw_hours=1, rollup_days=2))

    assert before == 4
    assert store.count_rollups("demo") == 0


def test_of_old_runs_only_the_roll_ups_stay():
    store = small_store()
    store.append(1, "demo", block(600))
    store.begin_run("demo", 7, {}, START_US)
    store.append(2, "demo", block(600))
    store.flush()

    store.retain("demo", Retention(runs=1))

    assert store.count_readings("demo", run=1) == 0
    assert store.count_readings("demo", run=2) == 1200
    assert store.count_rollups("demo", run=1) == 20


def test_maintenance_is_counted_in_the_roll_up():
    store, sent = small_store(), block(60)
    sent.status[:30, 0] = 1
    store.append(1, "demo", sent)
    store.append(1, "demo", block(1, first=86_400 * 2))
    store.flush()
    store.retain("demo")

    rows = (
        store.database.read().execute("select machine, ticks, maintenance_ticks from rollup_demo order by 1").fetchall()
    )

    assert rows == [(0, 60, 30), (1, 60, 0)]


def test_compacting_gives_space_back_and_readers_go_on(tmp_path):
    store = small_store(tmp_path)
    for first in range(40):
        store.append(1, "demo", block(2500, first * 2500))
    store.flush()
    assert store.count_readings("demo") == 200_000
    store.database.write(lambda cursor: None)
    store.database.read().execute("checkpoint").fetchall()
    store.retain("demo", Retention(raw_hours=0.1))
    left = store.count_readings("demo")

    gained = store.compact()

    assert gained > 0
    assert left == store.count_readings("demo")
    store.append(1, "demo", block(5, first=40 * 2500))
    assert store.flush().result() == 10
    store.close()


def test_a_day_of_plant_time_is_kept_by_default():
    assert round(Retention().raw_hours * HOUR_US) == DAY_US
    assert np.isclose(90, Retention().rollup_days)
