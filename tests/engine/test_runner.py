"""The runner: every tick once, in order, scored, stored and shown, whatever else happens."""

import threading

import numpy as np
import pytest

from engine.clock import Clock
from engine.errors import LabError
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, SECOND_US
from engine.runner import Limits, Runner
from engine.running.resume import resume, resume_point
from engine.store.store import Store
from tests.engine.running.samples import START_US, Broken, FakePlant, FakeWall, LastDigit, small_runner


def seconds_of(block):
    """Return the ticks as seconds since the start."""
    return ((block.times_us - START_US) // SECOND_US).tolist()


def test_every_tick_that_is_due_is_made_once():
    runner, wall = small_runner(speed=10.0)
    frames = []
    runner.subscribe(frames.append)

    for _ in range(7):
        wall.now_s += 0.13
        runner.step_once()

    assert list(range(10)) == [second for frame in frames for second in seconds_of(frame.block)]


@pytest.mark.parametrize("speed", [0.1, 1.0, 10.0, 10_000.0])
def test_the_rate_is_exact_at_any_speed(speed):
    """Deadlines are absolute: what a slow frame leaves behind the next one makes good."""
    runner, wall = small_runner(speed=speed, slip_s=1e9)
    delivered = runner.step_once()

    for pause in (0.1, 3.0, 0.05, 0.7) * 5:
        wall.now_s += pause
        while runner.step_once() or runner.core.behind:
            pass

    passed = wall.now_s - 1000.0
    assert int(passed * speed + 1e-6) + 1 == runner.core.ticks
    assert delivered == 1


def test_scores_and_readings_are_stored_in_one_row_within_a_second():
    runner, wall = small_runner()
    for _ in range(21):
        wall.now_s += 0.1
        runner.step_once()
    runner.stop()

    got = runner.store.readings_between("fake", START_US, START_US + HOUR_US, machine="M1")

    assert list(range(22)) == got["a"].tolist()
    assert [second % 10 for second in range(22)] == got["score_last_digit"].tolist()


def test_a_snapshot_shows_the_last_tick_and_no_truth():
    runner, wall = small_runner()
    wall.now_s += 1.0
    runner.step_once()

    snapshot = runner.snapshot()

    assert snapshot.time_us == START_US + 10 * SECOND_US
    assert snapshot.scores["last_digit"].tolist() == [0.0, 0.0]
    assert not [name for name in snapshot.__dataclass_fields__ if "truth" in name or "fault" in name]


def test_recent_readings_come_from_memory():
    runner, wall = small_runner()
    wall.now_s += 6.0
    runner.step_once()

    block, scores = runner.recent(5.0)

    assert seconds_of(block) == [56, 57, 58, 59, 60]
    assert scores["last_digit"].tolist() == [[6, 6], [7, 7], [8, 8], [9, 9], [0, 0]]


def test_memory_is_bounded_at_any_speed():
    runner, wall = small_runner(speed=10_000.0, keep_s=3600.0)
    for _ in range(50):
        wall.now_s += 0.1
        runner.step_once()

    assert len(runner.core.ring) == 3601
    assert runner.store.pending.waiting <= 3 * 20_000
    runner.stop()
    assert runner.store.count_readings("fake") == 50_001 * 2


def test_a_detector_that_fails_is_disabled_with_its_reason_and_the_stream_goes_on(caplog):
    runner, wall = small_runner({"last_digit": LastDigit(), "broken": Broken()})
    frames = []
    runner.subscribe(frames.append)

    for _ in range(8):
        wall.now_s += 0.1
        runner.step_once()

    health = runner.health()
    assert runner.core.ticks == 9
    assert health["detectors"]["broken"]["reason"] == "ZeroDivisionError: no more"
    assert health["status"] == "degraded"
    assert np.isnan(frames[-1].scores["broken"]).all()
    assert np.isfinite(frames[-1].scores["last_digit"]).all()
    assert "broken failed and is disabled" in caplog.text


def test_a_detector_that_answers_nonsense_is_disabled():
    class Nonsense(LastDigit):
        def advance(self, block):
            return np.full((len(block), block.n_machines), np.inf)

    runner, _ = small_runner({"nonsense": Nonsense()})
    runner.step_once()

    assert "scores must be finite" in runner.health()["detectors"]["nonsense"]["reason"]


def test_a_subscriber_that_fails_loses_its_frames_and_nobody_else_does():
    runner, wall = small_runner()
    frames = []
    runner.subscribe(lambda frame: 1 / 0)
    runner.subscribe(frames.append)

    for _ in range(3):
        wall.now_s += 0.1
        runner.step_once()

    assert len(frames) == 3
    assert runner.health()["subscribers"] == 1


def test_unsubscribing_ends_the_frames():
    runner, wall = small_runner()
    frames = []
    stop = runner.subscribe(frames.append)
    runner.step_once()
    stop()
    wall.now_s += 1.0
    runner.step_once()

    assert len(frames) == 1


@pytest.mark.parametrize("policy", ["block", "drop_oldest", "drop_newest"])
def test_overload_is_counted_and_no_reading_is_lost(policy):
    """produced = delivered + dropped + queued, and every reading made is stored."""
    wall_of = {}

    class Slow(LastDigit):
        def advance(self, block):
            wall_of["wall"].now_s += 0.3 * len(block)
            return super().advance(block)

    runner, wall = small_runner({"slow": Slow()}, policy=policy, queue_ticks=30, budget_s=0.0, slip_s=2.0)
    wall_of["wall"] = wall
    for _ in range(40):
        wall.now_s += 0.1
        runner.step_once()
        counts = runner.core.queue.figures()
        assert counts["produced"] == counts["delivered"] + counts["dropped"] + counts["queued"]
    runner.stop()

    counts = runner.core.queue.figures()
    assert counts["produced"] == runner.core.ticks == runner.store.count_readings("fake") / 2
    assert counts["queued"] == 0
    assert (counts["dropped"] > 0) == (policy != "block")


def test_a_plant_that_cannot_keep_up_slips_and_says_so():
    runner, wall = small_runner(speed=10_000.0, queue_ticks=100, slip_s=1.0)

    for _ in range(5):
        wall.now_s += 2.0
        runner.step_once()

    assert runner.health()["slipped_s"] > 10_000
    assert runner.health()["lag_s"] <= 1.0


def test_stepping_a_paused_plant_makes_exactly_those_ticks():
    runner, wall = small_runner()
    runner.step_once()
    runner.pause()
    wall.now_s += 100.0
    runner.step_once()

    runner.step(3)
    runner.step_once()

    assert runner.core.ticks == 4
    assert runner.clock.paused


def test_seeking_back_begins_a_new_run_and_forward_does_not():
    runner, wall = small_runner()
    wall.now_s += 1.0
    runner.step_once()

    runner.seek(START_US + HOUR_US)
    runner.step_once()
    assert runner.run.run == 1
    assert seconds_of(runner.snapshot().block) == [3600]
    runner.seek(START_US)
    runner.step_once()

    assert runner.run.run == 2
    assert seconds_of(runner.recent(HOUR_US)[0]) == [0]


def test_a_new_tick_length_keeps_to_the_grid():
    runner, wall = small_runner()
    wall.now_s += 0.3
    runner.step_once()
    runner.set_tick(2.0)
    wall.now_s += 1.0
    runner.step_once()

    assert seconds_of(runner.recent(HOUR_US)[0]) == [0, 1, 2, 3, 4, 6, 8, 10, 12]
    with pytest.raises(LabError, match="tick_s must be"):
        runner.set_tick(0.0)


def test_alarms_are_raised_published_stored_and_acknowledged():
    runner, wall = small_runner()
    frames = []
    runner.subscribe(frames.append)
    runner.set_threshold("last_digit", 8.0)
    for _ in range(12):
        wall.now_s += 0.1
        runner.step_once()

    runner.acknowledge(1, "ann")
    runner.stop()

    assert [change.what for frame in frames for change in frame.changes] == ["raised", "raised", "acknowledged"]
    stored = runner.store.alarms()
    assert [(alarm.state, alarm.acknowledged_by) for alarm in stored] == [("raised", ""), ("acknowledged", "ann")]
    assert runner.health()["status"] != "degraded"


def test_warming_up_gives_detectors_and_charts_a_past_that_is_not_stored():
    runner, _ = small_runner(warm_up_s=60.0)
    runner.step_once()

    assert list(range(-60, 1)) == seconds_of(runner.recent(HOUR_US)[0])
    runner.stop()
    assert runner.store.count_readings("fake") == 2


def test_a_detector_can_join_and_leave_while_the_plant_runs():
    runner, wall = small_runner()
    runner.step_once()
    runner.add_detector("second", LastDigit(), threshold=5.0)
    wall.now_s += 0.5
    runner.step_once()
    assert runner.snapshot().scores["second"][0] == 5.0

    runner.remove_detector("second")
    wall.now_s += 0.5
    runner.step_once()

    assert list(runner.snapshot().scores) == ["last_digit"]
    with pytest.raises(LabError, match="No running detector"):
        runner.remove_detector("second")


# ---- with its thread


def test_commands_from_other_threads_are_obeyed_while_the_thread_runs():
    store = Store(":memory:")
    runner = Runner(FakePlant(), store, {"last_digit": LastDigit()}, Clock(start_us=START_US), speed=100.0)
    seen = threading.Event()
    runner.subscribe(lambda frame: seen.set())
    runner.start()

    assert seen.wait(10)
    runner.set_speed(5.0)
    runner.pause()
    assert runner.clock.speed == 5.0
    with pytest.raises(LabError, match="speed must be"):
        runner.set_speed(0.0)
    assert runner.health()["status"] == "ok"
    runner.stop()

    assert not runner.alive
    assert runner.health()["status"] == "stopped"
    assert runner.core.ticks * 2 == store.count_readings("fake")


def test_a_dead_thread_is_noticed_and_started_again():
    class Fragile(FakePlant):
        fails = True

        def block(self, times_us):
            if Fragile.fails:
                raise MemoryError("out of memory")
            return super().block(times_us)

    runner = Runner(Fragile(), Store(":memory:"), {}, Clock(start_us=START_US), speed=100.0)
    runner.start()
    runner._thread.join(10)
    assert runner.health()["status"] == "degraded"
    assert "MemoryError: out of memory" in runner.health()["reasons"][0]

    Fragile.fails = False
    seen = threading.Event()
    runner.subscribe(lambda frame: seen.set())
    assert runner.revive()

    assert seen.wait(10)
    assert (runner.health()["restarts"], runner.health()["status"]) == (1, "ok")
    assert not runner.revive()
    runner.stop()
    assert not runner.revive()


# ---- with the real plant


def real_runner(store=None, speed=100.0, journal=None):
    """Return a runner over the pump station, stepped by hand."""
    wall = FakeWall()
    plant = Plant(load_plant("pump_station"), 7, journal)
    clock = Clock(wall, speed=speed, start_us=START_US)
    return Runner(plant, store or Store(":memory:"), {}, clock, limits=Limits(slip_s=1e9)), wall


def run_for(runner, wall, seconds):
    """Let plant time pass."""
    wall.now_s += seconds / runner.clock.speed
    while runner.step_once() or runner.core.behind:
        pass


def test_what_was_streamed_and_stored_is_what_the_journal_says():
    """A run is plant, seed and journal: nothing that an instructor does changes what has been shown."""
    runner, wall = real_runner()
    run_for(runner, wall, 300)
    runner.inject(fault="bearing_failure", machine="MACHINE_002", severity=1.0, ramp_s=60)
    run_for(runner, wall, 300)
    runner.inject(fault="oil_leak", machine="MACHINE_003", delay_s=100)
    run_for(runner, wall, 300)
    runner.clear("MACHINE_002")
    run_for(runner, wall, 100)
    runner.maintain("MACHINE_003", minutes=20)
    run_for(runner, wall, 200)
    runner.undo()
    run_for(runner, wall, 200)
    shown, _ = runner.recent(HOUR_US)
    runner.stop()

    plant = Plant(load_plant("pump_station"), 7, runner.plant.journal)
    again = plant.block(shown.times_us)

    assert np.array_equal(shown.values, again.values, equal_nan=True)
    assert np.array_equal(shown.status, again.status)
    stored = runner.store.block_between("pump_station", START_US, START_US + HOUR_US)
    assert np.array_equal(stored.values, again.values, equal_nan=True)


def test_an_injection_that_has_not_begun_is_undone_without_a_trace():
    runner, wall = real_runner()
    run_for(runner, wall, 10)
    runner.inject(fault="overheating", machine="MACHINE_001", delay_s=600)
    assert len(runner.pending_entries()) == 1

    assert runner.undo() == "inject overheating on MACHINE_001"

    assert len(runner.plant.journal) == 0
    with pytest.raises(LabError, match="nothing to undo"):
        runner.undo()


def test_undoing_a_running_injection_ends_it_now():
    runner, wall = real_runner()
    runner.step_once()
    runner.inject(fault="overheating", machine="MACHINE_001")
    run_for(runner, wall, 50)
    assert [one.fault for one in runner.active_faults()] == ["overheating"]

    runner.undo()
    run_for(runner, wall, 15)

    assert runner.active_faults() == ()
    assert [entry.duration_s for entry in runner.plant.journal.injections] == [50.0]


def test_clearing_calls_off_what_has_not_begun():
    runner, wall = real_runner()
    runner.step_once()
    runner.inject(fault="overheating", machine="MACHINE_001", delay_s=600)
    runner.inject(fault="oil_leak", machine="MACHINE_002")
    run_for(runner, wall, 20)

    assert runner.clear() == ("MACHINE_001", "MACHINE_002")
    run_for(runner, wall, 20)

    assert runner.active_faults() == ()
    assert runner.pending_entries() == ()
    assert runner.clear("MACHINE_004") == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"fault": "bearing_failur", "machine": "MACHINE_001"},
        {"fault": "bearing_failure", "machine": "MACHINE_01"},
        {"fault": "bearing_failure", "machine": "MACHINE_001", "severity": 0.0},
        {"fault": "bearing_failure", "machine": "MACHINE_001", "delay_s": -1.0},
        {"fault": "stuck", "machine": "MACHINE_001", "sensors": ("no_sensor",)},
    ],
)
def test_a_wrong_injection_is_refused_and_changes_nothing(wrong):
    runner, _ = real_runner()
    runner.step_once()

    with pytest.raises(LabError):
        runner.inject(**wrong)

    assert len(runner.plant.journal) == 0
    assert runner.store.journal(1) == []


def test_fast_forward_goes_to_the_moment_of_detectability_and_skips_no_tick():
    runner, _ = real_runner()
    runner.step_once()
    runner.inject(fault="oil_leak", machine="MACHINE_002", severity=0.5, ramp_s=1200, duration_s=7200)

    reached = runner.fast_forward()
    while runner.step_once() or runner.core.behind:
        pass

    assert reached == runner.snapshot().time_us
    assert (reached - START_US) // SECOND_US + 1 == runner.core.ticks
    runner.core.next_us += HOUR_US * 3
    with pytest.raises(LabError, match="about to become detectable"):
        runner.fast_forward()


def test_switching_automatic_faults_on_begins_a_new_run_without_a_jump():
    runner, wall = real_runner()
    run_for(runner, wall, 30)

    runner.set_automatic(faults_per_machine_hour=0.1, maintenance_interval_s=7200.0)
    run_for(runner, wall, 15)

    assert runner.run.run == 2
    assert runner.run.settings["auto_faults_per_machine_hour"] == 0.1
    assert runner.active_faults() == ()
    runner.set_automatic()
    assert (runner.plant.auto_faults_per_machine_hour, runner.plant.scheduled_maintenance_interval_s) == (0.0, None)


def test_a_lab_that_was_stopped_goes_on_as_if_nothing_had_happened(tmp_path):
    store = Store(tmp_path)
    runner, wall = real_runner(store)
    run_for(runner, wall, 100)
    runner.inject(fault="overheating", machine="MACHINE_001", severity=1.0)
    run_for(runner, wall, 100)
    runner.stop()
    store.close()

    store, wall = Store(tmp_path), FakeWall()
    runner = resume(store, {}, Clock(wall, speed=100.0), limits=Limits(slip_s=1e9))
    run_for(runner, wall, 100)
    runner.stop()

    stored = store.block_between("pump_station", START_US, START_US + HOUR_US)
    again = runner.plant.block(stored.times_us)
    assert (np.diff(stored.times_us) == SECOND_US).all()
    assert len(stored) == 302
    assert np.array_equal(stored.values, again.values)
    assert runner.run.run == 1
    assert resume_point(store, seed=8) is None
    store.close()


def test_a_new_store_has_nothing_to_resume():
    assert resume_point(Store(":memory:")) is None
