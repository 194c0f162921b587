import numpy as np

from engine.plant.checks import injection_for
from engine.plant.deliveries import deliveries
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US, time_us

PUMPS = load_plant("pump_station")
START = time_us("2026-01-05T10:00:00Z")
TIMES = START + SECOND_US * np.arange(1, 601, dtype=np.int64)


def arrivals(fault=None, **values):
    plant = Plant(PUMPS, 7)
    if fault is not None:
        order = injection_for(
            PUMPS, Journal(), machine="MACHINE_002", fault=fault, start_us=START, severity=1.0, values=values
        )
        plant = plant.with_journal(Journal((order,)))
    return deliveries(plant, TIMES)


def test_healthy_readings_arrive_once_in_time_and_rightly_stamped():
    found = arrivals()

    assert len(found) == 600 * 5
    assert (np.diff(found.arrival_us) >= 0).all()
    assert np.array_equal(found.stamp_us, TIMES[found.tick])
    delay = found.arrival_us - found.stamp_us
    assert delay.min() >= 20_000
    assert delay.max() <= 200_000


def test_late_readings_keep_their_stamp_and_value_and_come_out_of_order():
    found = arrivals("late", delay_s=30.0)
    mine = found.machine == 1

    assert len(found) == 600 * 5
    assert (np.diff(found.tick[mine]) < 0).any()
    assert 25 * SECOND_US < (found.arrival_us - found.stamp_us)[mine].max() <= 31 * SECOND_US
    assert np.array_equal(found.block.values, Plant(PUMPS, 7).block(TIMES).values)


def test_duplicates_are_second_deliveries_of_the_same_reading():
    found = arrivals("duplicate", chance=0.3)
    pairs = list(zip(found.machine.tolist(), found.tick.tolist(), strict=True))

    assert 600 * 5 + 120 < len(found) < 600 * 5 + 240
    assert len(set(pairs)) == 600 * 5
    assert {machine for machine, _ in pairs if pairs.count((machine, _)) > 1} == {1}


def test_a_skewed_clock_shows_in_the_stamps_and_not_in_the_values():
    found = arrivals("clock_skew", skew_s=600.0)
    mine, others = found.machine == 1, found.machine != 1
    error = found.stamp_us - TIMES[found.tick]

    assert (error[others] == 0).all()
    assert error[mine].max() > 50 * SECOND_US
    assert np.array_equal(found.block.values, Plant(PUMPS, 7).block(TIMES).values)
