"""The API over the wind-turbine plant, without a server: real store, real runner, stepped by the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app import lab as lab_module
from app.access import Access, Viewer, cookie_for
from app.api import build_api
from app.api.export import export_csv
from app.keys import Keys
from app.lab import Lab
from app.server import to_live
from engine.catalog import make
from engine.clock import Clock
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import time_us
from engine.runner import Limits, Runner
from engine.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

PHRASE = "bodake-mirusa-felopi"
START = time_us("2026-01-05T08:00:00Z")
NORMAL = {"temperature": 22.0, "humidity": 48.0, "sound_level": 62.0}


class Wall:
    """Wall time that only the test moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def wall() -> Wall:
    return Wall()


@pytest.fixture(scope="module")
def turbines(tmp_path_factory, wall) -> Iterator[Lab]:
    """The published lab with 601 s of two lines of the wind-turbine plant, stored."""
    spec, store = load_plant("wind_turbine"), Store(":memory:")
    detectors = {name: make("detector", name).bind(spec) for name in ("limit", "z_score")}
    clock = Clock(wall=wall, speed=100.0, start_us=START)
    runner = Runner(Plant(spec, seed=7), store, detectors, clock, limits=Limits(warm_up_s=60.0))
    made = Lab(store, runner, Keys(tmp_path_factory.mktemp("home"), PHRASE))
    lab_module.publish(made)
    runner.step_once()
    wall.now += 6.0
    runner.step_once()
    store.flush()
    yield made
    lab_module.publish(None)
    made.close()


@pytest.fixture(scope="module")
def application(turbines):
    routes = [Route("/export-csv", export_csv), Route("/predictions", to_live), Mount("/api", app=build_api())]
    return Access(Starlette(routes=routes))


@pytest.fixture(scope="module")
def client(application) -> TestClient:
    """Nobody known: a student."""
    return TestClient(application)


@pytest.fixture(scope="module")
def teacher(application) -> TestClient:
    """An instructor, by a signed token."""
    return TestClient(application, headers={"Authorization": f"Bearer {cookie_for(Viewer('instructor'))}"})
