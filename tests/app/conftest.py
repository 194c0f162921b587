"""A lab without server and without thread: the real store in memory, the real runner, stepped by the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lessons.reader  # noqa: F401  # AppTest puts app/ before the root, and app/lessons would hide it
from app import lab as lab_module
from app.keys import Keys
from app.lab import Lab
from engine.clock import Clock
from engine.detectors.live import live_detectors
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import time_us
from engine.runner import Limits, Runner
from engine.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PHRASE = "bodake-mirusa-felopi"
START = time_us("2026-01-05T08:00:00Z")


def user(role: str) -> dict[str, str]:
    """Return what a page's `st.user` holds for somebody of that role; assistants are people of the class."""
    if role != "ta":
        return {"role": role}
    person, _ = lab_module.lab().classroom.people.add("ta")
    return {"role": "ta", "person": person.person}


class Wall:
    """Wall time that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def opened(tmp_path: Path, wall: Wall) -> Iterator[Lab]:
    """The published lab; `opened.runner.step_once()` after `wall.now += …` makes frames."""
    spec = load_plant("pump_station")
    store = Store(":memory:")
    clock = Clock(wall=wall, speed=10.0, start_us=START)
    runner = Runner(Plant(spec, seed=7), store, live_detectors(spec), clock, limits=Limits(warm_up_s=60.0))
    made = Lab(store, runner, Keys(tmp_path, PHRASE))
    lab_module.publish(made)
    yield made
    lab_module.publish(None)
    made.close()


@pytest.fixture
def running(opened: Lab, wall: Wall) -> Lab:
    """The lab after three seconds of wall time: thirty ticks."""
    for _ in range(30):
        wall.now += 0.1
        opened.runner.step_once()
    return opened
