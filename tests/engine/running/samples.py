"""A small plant with the interface of the real one, and a runner that tests step by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from engine.clock import Clock
from engine.detectors.base import Detector
from engine.plant.journal import Journal
from engine.records import SECOND_US, Block
from engine.runner import Limits, Runner
from engine.store.store import Store

START_US = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z


class FakeWall:
    """Wall time that passes when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class LastDigit(Detector):
    """Scores the last digit of the second, so that every test knows what is right."""

    name, title, family, good_at, bad_at = "last_digit", "Last digit", "baseline", "tests", "everything else"

    def start(self, n_machines, n_sensors):
        return {}

    def advance(self, block):
        digit = (block.times_us // SECOND_US % 10).astype(float)
        return np.repeat(digit[:, None], block.n_machines, axis=1)


class Broken(LastDigit):
    """Fails at the fifth block."""

    name = "broken"
    calls = 0

    def advance(self, block):
        self.calls += 1
        if self.calls >= 5:
            raise ZeroDivisionError("no more")
        return super().advance(block)


class FakePlant:
    """Readings that are the time itself; takes journals as the real plant does."""

    source = "plant"

    def __init__(self, machines=("M1", "M2"), journal=None) -> None:
        sensor = {"normal": (0.0, 1.0), "warning": None, "critical": None, "low_side": False, "resolution": 1.0}
        self.spec = SimpleNamespace(name="fake", sensor_names=("a", "b"), machines=machines, sensors=())
        self.spec.sensors = tuple(SimpleNamespace(name=name, **sensor) for name in ("a", "b"))
        self.seed, self.machines, self.journal = 7, machines, journal or Journal()
        self.auto_faults_per_machine_hour, self.scheduled_maintenance_interval_s = 0.0, None
        self.history = SimpleNamespace(active=lambda machine, start, end: ())

    def with_journal(self, journal):
        """Return the plant with another journal."""
        return FakePlant(self.machines, journal)

    def block(self, times_us):
        """Return a = seconds since the start, b = the same in every machine."""
        seconds = (times_us - START_US) / SECOND_US
        values = np.broadcast_to(seconds[:, None, None], (len(times_us), len(self.machines), 2)).copy()
        status = np.zeros(values.shape[:2], np.uint8)
        return Block(times_us, values, status, self.machines, ("a", "b"))


def small_runner(detectors=None, speed=10.0, plant=None, store=None, tick_s=1.0, **limits):
    """Return a runner over a fake plant, in-memory store and a wall that tests move; not started."""
    wall = FakeWall()
    clock = Clock(wall, speed=speed, start_us=START_US)
    detectors = {"last_digit": LastDigit()} if detectors is None else detectors
    runner = Runner(plant or FakePlant(), store or Store(":memory:"), detectors, clock, tick_s, limits=Limits(**limits))
    return runner, wall
