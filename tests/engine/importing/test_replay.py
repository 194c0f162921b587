"""A recording plays like a plant: any time, any order, with its history for detectors and its end."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.clock import Clock
from engine.detectors.live import live_detectors
from engine.errors import LabError
from engine.importing.recording import Origin, Recording, Track
from engine.importing.replay import START_US, RecordedPlant
from engine.plant.journal import Journal
from engine.records import SECOND_US
from engine.runner import Limits, Runner
from engine.store.store import Store

ORIGIN = Origin("table", "folder", (("a.csv", "0" * 64),), "MIT")


def plant(n=500, step_s=10, shift=0):
    """Return a plant of two machines recorded in different years."""
    rng = np.random.default_rng(3)
    tracks = []
    for k, year_us in enumerate((0, 10**15)):
        times = year_us + np.arange(n, dtype=np.int64) * step_s * SECOND_US
        values = np.stack([np.arange(n) + 1000.0 * k, rng.normal(50.0, 1.0, n)], axis=1)
        tracks.append(Track(f"M{k + 1}", times, values))
    return RecordedPlant(Recording("rec", "Rec", ("counter", "noise"), tuple(tracks), ORIGIN, ("", "K")))


def test_the_play_begins_where_the_history_ends_on_every_machine():
    made = plant()

    block = made.block(START_US + np.arange(3, dtype=np.int64) * 10 * SECOND_US)

    assert block.values[:, :, 0].tolist() == [[100.0, 1100.0], [101.0, 1101.0], [102.0, 1102.0]]
    assert made.recorded_history.values[-1, :, 0].tolist() == [99.0, 1099.0]


def test_readings_do_not_depend_on_blocks_or_order():
    made = plant()
    times = START_US + np.arange(200, dtype=np.int64) * 7 * SECOND_US

    whole = made.block(times).values
    parts = np.concatenate([made.block(times[k : k + 13]).values for k in range(0, 200, 13)])

    np.testing.assert_array_equal(whole, parts)


def test_after_its_end_and_in_gaps_a_recording_is_silent():
    made = plant()
    late = made.end_us + np.array([20 * SECOND_US], dtype=np.int64)

    assert np.isnan(made.block(late).values).all()
    assert not np.isnan(made.block(np.array([START_US + 14 * SECOND_US])).values).any()


def test_normal_ranges_come_from_the_history_alone():
    """What happens later must not be known before."""
    counter = plant().spec.sensors[0]

    assert counter.normal[1] < 1500.0
    assert plant().spec.sensors[1].unit == "K"
    assert 45.0 < plant().spec.sensors[1].normal[0] < plant().spec.sensors[1].normal[1] < 55.0


def test_nothing_can_be_injected_into_a_recording():
    made = plant()
    assert made.with_journal(Journal()) is made
    assert made.truth(0, 10**18) == ()
    assert made.only("M2").machines == ("M2",)

    runner = Runner(made, Store(":memory:"), {}, Clock(wall=lambda: 0.0, start_us=START_US), 10.0)
    with pytest.raises(LabError):
        runner.inject(fault="spike", machine="M1")
    runner.store.close()


def test_the_runner_plays_it_and_detectors_score_it():
    made, wall = plant(), SimpleNamespace(now=0.0)
    detectors = live_detectors(made.spec)
    for detector in detectors.values():
        detector.fit(made.recorded_history)
    store = Store(":memory:")
    clock = Clock(wall=lambda: wall.now, speed=100.0, start_us=START_US)
    runner = Runner(made, store, detectors, clock, 10.0, limits=Limits(warm_up_s=600.0))
    for _ in range(20):
        wall.now += 0.1
        runner.step_once()

    shot = runner.snapshot()

    assert shot.ticks >= 20
    assert not shot.disabled
    assert np.isfinite(shot.block.values).all()
    runner.stop()
    store.close()


def test_the_command_imports_and_says_how_to_play(tmp_path, monkeypatch, capsys):
    from engine.cli import main
    from engine.importing.recording import recording_names

    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    rows = "".join(f"2026-01-05T08:{m:02d}:00Z,{m}\n" for m in range(60))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.csv").write_text("time,rpm\n" + rows, encoding="utf-8")

    assert main(["import-dataset", str(tmp_path / "mine")]) == 0
    assert main(["import-dataset", str(tmp_path / "none")]) == 2

    told = capsys.readouterr()
    assert "FAULTLAB_PLANT=mine streamlit run app/main.py" in told.out
    assert "it is no folder" in told.err
    assert recording_names(tmp_path / "home") == ("mine",)
