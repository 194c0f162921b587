"""Small blocks and stores for the tests of this folder."""

from __future__ import annotations

import numpy as np

from engine.records import SECOND_US, Block
from engine.store.store import Store

START_US = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z
MACHINES, SENSORS = ("M1", "M2"), ("temperature", "Flow Rate")


def block(ticks: int, first: int = 0, seed: int = 1, machines: tuple[str, ...] = MACHINES) -> Block:
    """Return one-second readings from START_US + first seconds on."""
    rng = np.random.default_rng((seed, first))
    times = START_US + (first + np.arange(ticks, dtype=np.int64)) * SECOND_US
    values = rng.normal(70.0, 2.0, (ticks, len(machines), len(SENSORS)))
    return Block(times, values, np.zeros((ticks, len(machines)), np.uint8), machines, SENSORS)


def small_store(place: object = ":memory:") -> Store:
    """Return a store that knows the plant "demo" and has a run of it."""
    store = Store(place)  # type: ignore[arg-type]
    store.register_plant("demo", SENSORS, MACHINES, (0.01, 0.1))
    if store.newest_run() is None:
        store.begin_run("demo", 7, {"tick_s": 1.0}, START_US)
    return store
