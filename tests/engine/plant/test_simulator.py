import dataclasses
import hashlib
import itertools
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import LabError, ParameterError
from engine.plant.journal import Injection, Journal, Maintenance
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MAINTENANCE, MINUTE_US, SECOND_US, Block, TruthEvent, join_blocks, time_us

PUMPS = load_plant("pump_station")
START = time_us("2026-01-05T05:30:00Z")  # half an hour before a chunk edge and a shift change


def injection(name, machine="MACHINE_002", at_s=600.0, fault="bearing_failure", **changes):
    fields = {"severity": 0.7, "ramp_s": 900.0, "duration_s": 7200.0, "shape": "linear"} | changes
    return Injection(id=name, machine=machine, fault=fault, start_us=START + round(at_s * SECOND_US), **fields)


BUSY = Journal(
    (
        injection("a"),
        injection("b", "MACHINE_001", 300.0, "stuck", shape="sudden", sensors=("flow_rate",)),
        injection("c", "MACHINE_001", 900.0, "noise_up", sensors=("pressure",)),
        injection("d", "MACHINE_003", 200.0, "clock_skew"),
        injection("e", "MACHINE_004", 100.0, "decouple", sensors=("temperature",)),
        injection("f", "MACHINE_005", 100.0, "dropout", sensors=("temperature",)),
        injection("g", "MACHINE_005", 400.0, "spike", sensors=("vibration",), values={"chance": 0.2}),
        Maintenance("h", "MACHINE_002", START + 40 * MINUTE_US, 1200.0),
    )
)
PLANT = Plant(PUMPS, 7, BUSY, auto_faults_per_machine_hour=0.2, scheduled_maintenance_interval_s=7200.0)


def ticks(count, step_us=SECOND_US, start_us=START):
    return start_us + step_us * np.arange(count, dtype=np.int64)


def same(a, b):
    """Bit for bit, NaN included, and no copy's memory decides."""
    return a.values.tobytes() == b.values.tobytes() and a.status.tobytes() == b.status.tobytes()


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_the_size_of_blocks_does_not_change_a_reading(sizes):
    """Live in single ticks or in batch by the day: one plant."""
    times = ticks(sum(sizes), 3 * SECOND_US)
    cuts = np.cumsum([0, *sizes])

    parts = [PLANT.block(times[a:b]) for a, b in itertools.pairwise(cuts)]

    assert same(PLANT.block(times), join_blocks(parts))


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(5)))
def test_the_order_of_calls_does_not_change_a_reading(order):
    fresh = Plant(PUMPS, 7, BUSY, None, 0.2, 7200.0)
    spans = [ticks(200, 10 * SECOND_US, START + i * 3 * HOUR_US) for i in range(5)]

    for i in order:
        assert same(PLANT.block(spans[i]), fresh.block(spans[i]))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.sampled_from(PUMPS.machines), min_size=1, max_size=5, unique=True))
def test_a_subset_of_machines_in_any_order_reads_the_same(machines):
    times = ticks(500, 7 * SECOND_US)
    whole = PLANT.block(times)

    some = Plant(PUMPS, 7, BUSY, tuple(machines), 0.2, 7200.0).block(times)

    for name in machines:
        assert same(whole.machine(name), some.machine(name))


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 6 * 3600), st.sampled_from([(10_000, 100), (100_000, 10), (1_000_000, 10), (250_000, 40)]))
def test_a_slow_stream_is_a_fast_stream_thinned(after_s, rates):
    """1 Hz is every hundredth reading of 100 Hz, to the bit."""
    step, every = rates
    fast = PLANT.block(ticks(400, step, START + after_s * SECOND_US))
    slow = PLANT.block(fast.times_us[::every])

    assert same(
        slow,
        dataclasses.replace(fast, times_us=slow.times_us, values=fast.values[::every], status=fast.status[::every]),
    )


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 400))
def test_seeking_far_ahead_gives_what_playing_would_give(days):
    times = ticks(50, SECOND_US, START + days * 24 * HOUR_US)

    assert same(PLANT.block(times), Plant(PUMPS, 7, BUSY, None, 0.2, 7200.0).block(times))


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([entry.id for entry in BUSY.injections]))
def test_removing_one_fault_leaves_everything_else_bit_identical(name):
    times = ticks(900, 10 * SECOND_US)
    gone = next(entry for entry in BUSY.injections if entry.id == name)
    real, twin = PLANT.block(times), PLANT.twin(without=name).block(times)

    before = times <= gone.start_us
    assert real.values[before].tobytes() == twin.values[before].tobytes()
    assert not np.array_equal(real.machine(gone.machine).values, twin.machine(gone.machine).values, equal_nan=True)
    for machine in PUMPS.machines:
        if machine != gone.machine:
            assert same(real.machine(machine), twin.machine(machine))


def test_the_twin_without_any_fault_is_the_plant_that_never_had_one():
    times = ticks(600, 10 * SECOND_US)
    stops = Journal(tuple(entry for entry in BUSY if isinstance(entry, Maintenance)))

    assert same(PLANT.twin().block(times), Plant(PUMPS, 7, stops, None, 0.0, 7200.0).block(times))


@pytest.mark.parametrize("fault", ["bearing_failure", "oil_leak", "pump_failure", "drift", "spike"])
def test_an_order_given_now_never_changes_the_past(fault):
    """Live, readings up to now are already out; injection, clearing and maintenance must leave them alone."""
    now = START + 1_234_567_890
    past = np.unique(np.concatenate([ticks(400, 5 * SECOND_US), now - np.arange(0, 40 * SECOND_US, 130_000)]))
    past = past[past <= now]
    quiet = Plant(PUMPS, 7)
    injected = quiet.with_journal(Journal((injection("x", at_s=1234.56789, fault=fault, shape="sudden"),)))
    broken = quiet.with_journal(Journal((injection("x", at_s=10.0, fault=fault),)))

    assert same(quiet.block(past), injected.block(past))
    assert same(broken.block(past), broken.with_journal(broken.journal.cleared("MACHINE_002", now)).block(past))
    stop = Maintenance("m", "MACHINE_002", now + 1, 1800.0)
    assert same(broken.block(past), broken.with_journal(broken.journal.with_(stop)).block(past))


def test_a_new_process_reads_the_same_bytes():
    """No salted hash, no hidden state: the seed is the plant."""
    times = ticks(50, 60 * SECOND_US)
    code = (
        "import hashlib, numpy as np\n"
        "from engine.plant.simulator import Plant\nfrom engine.plant.spec import load_plant\n"
        f"times = {START} + 60_000_000 * np.arange(50, dtype=np.int64)\n"
        "plant = Plant(load_plant('pump_station'), 7, auto_faults_per_machine_hour=0.5)\n"
        "print(hashlib.sha256(plant.block(times).values.tobytes()).hexdigest())\n"
    )

    here = hashlib.sha256(Plant(PUMPS, 7, None, None, 0.5).block(times).values.tobytes()).hexdigest()
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()

    assert here == there


def test_a_block_has_no_place_for_truth():
    """Students' code paths take blocks; what is not a field cannot leak."""
    truth_words = {field.name for field in dataclasses.fields(TruthEvent)} - {"machine", "sensors"}

    assert not truth_words & {field.name for field in dataclasses.fields(Block)}
    assert set(vars(PLANT.block(ticks(1)))) == {"times_us", "values", "status", "machines", "sensors"}


def test_another_seed_is_another_plant():
    times = ticks(100)

    assert not np.array_equal(Plant(PUMPS, 1).block(times).values, Plant(PUMPS, 2).block(times).values)


def test_readings_are_rounded_to_each_sensors_resolution_and_print_short():
    values = Plant(PUMPS, 7).block(ticks(200)).values

    for k, sensor in enumerate(PUMPS.sensors):
        steps = values[..., k] / sensor.resolution
        assert np.allclose(steps, np.rint(steps), atol=1e-6)
        assert max(len(repr(value)) for value in values[..., k].ravel().tolist()) <= 6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pump_station", "wind_turbine"])
@pytest.mark.parametrize("seed", [7, 11])
def test_hardly_any_normal_time_is_spent_on_a_rail_and_ranges_mean_something(name, seed):
    """The forerunner's pressure lay on a rail in 63.6 % of normal time; ours must not."""
    spec = load_plant(name)
    values = Plant(spec, seed).block(ticks(365 * 24 * 4, 15 * MINUTE_US)).values.reshape(-1, len(spec.sensors))

    for k, sensor in enumerate(spec.sensors):
        low, high = sensor.normal
        assert np.isin(values[:, k], [*sensor.limits, low, high]).mean() < 0.001
        assert np.mean((values[:, k] >= low) & (values[:, k] <= high)) > 0.85
        if sensor.warning is not None:
            assert np.mean(values[:, k] > sensor.warning) < 0.1


@pytest.mark.slow
def test_normal_readings_do_leave_their_range_sometimes():
    """Otherwise "outside the range" would be a perfect detector."""
    values = Plant(PUMPS, 7).block(ticks(365 * 24 * 4, 15 * MINUTE_US)).values
    normal = np.array([sensor.normal for sensor in PUMPS.sensors])

    outside = ((values < normal[:, 0]) | (values > normal[:, 1])).any(axis=2).mean()

    assert 0.001 < outside < 0.15


def test_noise_has_the_size_that_the_plant_file_states():
    """detectable_from counts on it."""
    plant = Plant(PUMPS, 7)
    values = plant.block(ticks(20_000, 5 * SECOND_US)).values
    third = np.diff(values, n=3, axis=0)  # slow physics cancels; independent noise keeps √20 σ

    for k, sensor in enumerate(PUMPS.sensors):
        assert third[..., k].std() / np.sqrt(20.0) == pytest.approx(sensor.noise, rel=0.12)


def test_machines_differ_visibly():
    medians = np.median(Plant(PUMPS, 7).block(ticks(2000, 300 * SECOND_US)).values, axis=0)

    for k, sensor in enumerate(PUMPS.sensors):
        assert np.ptp(medians[:, k]) > 2 * sensor.noise


def test_sensors_move_together_as_the_physics_says():
    """Power follows load, so it must go with flow; and heat lags behind power."""
    values = Plant(PUMPS, 7).block(ticks(7 * 24 * 60, MINUTE_US)).values[:, 0]
    column = {name: values[:, k] for k, name in enumerate(PUMPS.sensor_names)}

    assert np.corrcoef(column["power_consumption"], column["flow_rate"])[0, 1] > 0.8
    power, heat = column["power_consumption"] - column["power_consumption"].mean(), column["temperature"]
    at_once = np.corrcoef(power, heat)[0, 1]
    later = np.corrcoef(power[:-20], heat[20:])[0, 1]
    assert later > at_once


def test_maintenance_stops_the_machine_and_resets_its_wear():
    """In the forerunner it changed the status text only."""
    stop = Maintenance("m", "MACHINE_001", START + HOUR_US, 3600.0)
    plant, calm = Plant(PUMPS, 7, Journal((stop,))), Plant(PUMPS, 7)
    times = ticks(8 * 60, MINUTE_US)
    block, without = plant.block(times).machine("MACHINE_001"), calm.block(times).machine("MACHINE_001")
    at = {name: k for k, name in enumerate(PUMPS.sensor_names)}
    during = (times > stop.start_us + 3 * MINUTE_US) & (times < stop.end_us - 3 * MINUTE_US)
    after = times > stop.end_us + 3 * HOUR_US

    assert np.array_equal(block.status[:, 0] == MAINTENANCE, (times >= stop.start_us) & (times < stop.end_us))
    assert block.values[during, 0, at["flow_rate"]].max() < 5
    assert block.values[during, 0, at["power_consumption"]].max() < 3
    assert block.values[during, 0, at["vibration"]].max() < 1
    vibration = block.values[after, 0, at["vibration"]].mean()
    assert vibration < without.values[after, 0, at["vibration"]].mean() - 0.15


def test_unsorted_times_wrong_rates_and_wrong_names_are_refused():
    with pytest.raises(ValueError, match="ascend"):
        PLANT.block(np.array([2, 1], dtype=np.int64))
    with pytest.raises(ParameterError, match="auto_faults_per_machine_hour"):
        Plant(PUMPS, 7, auto_faults_per_machine_hour=-1.0)
    with pytest.raises(ParameterError, match="interval"):
        Plant(PUMPS, 7, scheduled_maintenance_interval_s=0.0)
    with pytest.raises(LabError, match="Did you mean 'MACHINE_001'"):
        Plant(PUMPS, 7, machines=("MACHINE_01",))
    with pytest.raises(LabError, match="Did you mean 'bearing_failure'"):
        Plant(PUMPS, 7, Journal((injection("x", fault="bearing_failur"),)))


def test_equal_times_read_equal_and_no_times_give_an_empty_block():
    twice = PLANT.block(np.array([START, START], dtype=np.int64))

    assert np.array_equal(twice.values[0], twice.values[1], equal_nan=True)
    assert PLANT.block(np.zeros(0, np.int64)).values.shape == (0, 5, 7)


def test_a_thousand_machines_are_read_ahead_and_then_quickly():
    spec = PUMPS.scaled(1000)
    plant = Plant(spec, 7, machines=spec.machines[:200])

    plant.prepare(START)
    block = plant.block(ticks(10, 100_000))

    assert block.values.shape == (10, 200, 7)
    assert same(block.machine("MACHINE_003"), Plant(PUMPS, 7).block(ticks(10, 100_000)).machine("MACHINE_003"))


def test_threads_read_the_same_as_one_thread():
    """Pages, the API and the runner share one plant."""
    from concurrent.futures import ThreadPoolExecutor

    spans = [ticks(50, 60 * SECOND_US, START + i * 5 * HOUR_US) for i in range(12)]
    alone = [PLANT.block(span) for span in spans]
    shared = Plant(PUMPS, 7, BUSY, None, 0.2, 7200.0)

    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(shared.block, spans * 3))

    assert all(same(a, b) for a, b in zip(alone * 3, together, strict=True))


def test_one_automatic_fault_can_be_taken_away_too():
    plant = Plant(PUMPS, 7, None, None, 0.2)
    one = plant.active(START + 40 * HOUR_US)[0]
    times = ticks(60, 60 * SECOND_US, one.start_us)

    twin = plant.twin(without=one.id)

    assert one.id not in {found.id for found in twin.active(START + 40 * HOUR_US)}
    assert not same(plant.block(times).machine(one.machine), twin.block(times).machine(one.machine))


def test_a_month_of_plant_time_leaves_the_caches_small():
    """At 10,000 times real speed a month passes in four minutes."""
    plant = Plant(PUMPS, 7, BUSY, None, 0.2, 7200.0)

    for day in range(30):
        plant.block(ticks(24, HOUR_US, START + day * 24 * HOUR_US))

    assert sum(len(kept) for kept in plant._slow._chunks.values()) <= 16
    assert max(len(plant._means), len(plant._solos), len(plant._events), len(plant.history._schedules)) <= 64
