"""Each minute of the running plant is in the store as window statistics, once."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from engine.clock import Clock
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import MINUTE_US, SECOND_US, Block, time_us
from engine.runner import Runner
from engine.running import windowed
from engine.running.windowed import WindowBook
from engine.store.store import Store

START = time_us("2026-01-05T08:00:30Z")


class Wall:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(":memory:")
    yield opened
    opened.close()


def watched(store: Store, speed: float) -> tuple[Runner, WindowBook, Wall]:
    wall = Wall()
    plant = Plant(load_plant("pump_station"), seed=3)
    runner = Runner(plant, store, {}, Clock(wall=wall, speed=speed, start_us=START))
    book = WindowBook(store, lambda: runner.core.run.run)
    runner.subscribe(book.on_frame)
    return runner, book, wall


def test_windows_are_the_plants_minutes_and_each_is_stored_once(store: Store) -> None:
    """The first window begins half a minute after its start, and says so by its ticks."""
    runner, book, wall = watched(store, 10.0)
    for _ in range(200):
        wall.now += 0.1
        runner.step_once()
        book.work_once()

    found = store.window_stats("MACHINE_001", "vibration")
    starts = found["start_us"].tolist()
    first = START // MINUTE_US * MINUTE_US
    assert [first + 2 * MINUTE_US, first + MINUTE_US, first] == starts
    assert found["ticks"].tolist() == [60, 60, 30]
    times = np.arange(first + MINUTE_US, first + 2 * MINUTE_US, SECOND_US, dtype=np.int64)
    values = runner.plant.block(times).machine("MACHINE_001")
    assert found["mean"][1] == pytest.approx(np.nanmean(values.values[:, 0, values.sensors.index("vibration")]))
    assert 3 * 5 * 7 == book.stored == len(store.window_stats()["run"])


def test_the_plant_never_waits_for_its_statistics(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be computed is counted."""
    monkeypatch.setattr(windowed, "MOST_TICKS", 100)
    runner, book, wall = watched(store, 1000.0)
    for _ in range(10):
        wall.now += 0.1
        runner.step_once()

    assert book.figures()["ticks_skipped"] >= 800
    assert book.queue.counters.balanced


def test_a_new_run_begins_new_windows(store: Store) -> None:
    block = Plant(load_plant("pump_station"), seed=3).block(START + np.arange(120, dtype=np.int64) * SECOND_US)
    runs = iter([1, 2])
    book = WindowBook(store, lambda: next(runs))

    class Frame:
        def __init__(self, block: Block) -> None:
            self.block = block

    book.on_frame(Frame(block.ticks(0, 40)))  # type: ignore[arg-type]
    book.on_frame(Frame(block.ticks(40, 120)))  # type: ignore[arg-type]
    book.work_once()

    assert sorted(set(store.window_stats(run=1)["ticks"].tolist())) == [30]
    assert sorted(set(store.window_stats(run=2)["ticks"].tolist())) == [50]
