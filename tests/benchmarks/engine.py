"""The running engine: share of one core, exactness of the rate, memory over a day of plant time."""

from __future__ import annotations

import tempfile
import time
from typing import Any

from engine.catalog import make
from engine.clock import Clock
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import DAY_US, time_us
from engine.runner import Limits, Runner
from engine.running.figures import memory_bytes
from engine.store.store import Store

START_US = time_us("2026-01-05T08:00:00Z")
ONLINE = ("ewma", "cusum", "half_space_trees")
MEASURED_S = 8.0


def running(machines: int, hertz: float) -> dict[str, Any]:
    """Return CPU, rate and tick counts of a plant that is generated, scored by three detectors and stored."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        plant = Plant(load_plant("pump_station").scaled(machines), 7)
        detectors = {name: make("detector", name) for name in ONLINE}
        clock = Clock(start_us=START_US)
        runner = Runner(plant, store, detectors, clock, tick_s=1 / hertz, limits=Limits(warm_up_s=5.0))
        runner.step_once()  # compiles and fills caches
        runner.start()
        time.sleep(1.5)
        wall, cpu, due = time.perf_counter(), time.process_time(), clock.now_us()
        time.sleep(MEASURED_S)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        passed_s = (clock.now_us() - due) / 1e6
        runner.stop()
        counts, stored = runner.core.queue.figures(), store.count_readings("pump_station")
        first_us, last_us = store.span_us("pump_station") or (0, 0)
        ticks_due = (last_us - first_us) * hertz / 1e6 + 1
        exact = counts["produced"] == round(ticks_due) and passed_s > 0.99 * wall and runner.core.slipped_us == 0
        store.close()
    kept = counts["dropped"] == 0 and stored == counts["produced"] * machines
    return {"share": cpu / wall, "kept": kept, "exact": exact, "readings_per_s": machines * hertz}


def fifty_at_100_hz() -> list[dict[str, Any]]:
    """50 machines × 100 Hz, three online detectors, stored."""
    return [_row("50 machines x 100 Hz, 3 detectors, stored", running(50, 100.0), "<= 10 % of a core, none lost")]


def thousand_at_10_hz() -> list[dict[str, Any]]:
    """1,000 machines × 10 Hz, three online detectors, stored."""
    return [_row("1,000 machines x 10 Hz, 3 detectors, stored", running(1000, 10.0), "works, none lost")]


def _row(name: str, found: dict[str, Any], target: str) -> dict[str, Any]:
    words = f"{100 * found['share']:.1f} % of a core"
    words += ", all stored" if found["kept"] else ", ROWS MISSING"
    words += ", rate exact" if found["exact"] else ", rate NOT exact"
    return {"name": name, "ours": words, "peer": "", "ratio": "", "target": target}


def day_at_full_speed() -> list[dict[str, Any]]:
    """Plant time at ×10,000: memory after one day (caches are full) and after two, bytes a reading in the store."""
    with tempfile.TemporaryDirectory() as folder:
        store = Store(folder)
        plant = Plant(load_plant("pump_station"), 7, auto_faults_per_machine_hour=0.02)
        detectors = {name: make("detector", name) for name in ONLINE}
        runner = Runner(plant, store, detectors, Clock(start_us=START_US), speed=10_000.0, limits=Limits(warm_up_s=60))
        runner.step_once()
        runner.start()
        began = time.perf_counter()
        first = _memory_at(runner, START_US + DAY_US)
        second = _memory_at(runner, START_US + 2 * DAY_US)
        seconds = time.perf_counter() - began
        runner.stop()
        rows = store.count_readings("pump_station")
        store.compact()
        size = store.figures()["bytes"]
        store.close()
    grown = (second - first) / 2**20
    words = f"{grown:+.0f} MB from {first / 2**20:.0f} MB over the second day, {seconds:.0f} s for two, {rows:,} rows"
    values = rows * (len(plant.spec.sensors) + len(ONLINE))
    bytes_words = f"{size / values:.1f} per value, {size / rows:.1f} per row of 7 readings and 3 scores"
    return [
        {"name": "memory over a plant day at x10,000", "ours": words, "peer": "", "ratio": "", "target": "flat"},
        {"name": "bytes in the store", "ours": bytes_words, "peer": "", "ratio": "", "target": "<= 16 a reading"},
    ]


def _memory_at(runner: Runner, at_us: int) -> int:
    while runner.snapshot(0).ticks == 0 or runner.core.next_us < at_us:
        time.sleep(0.05)
    return memory_bytes() or 0


ROWS = {
    "engine_50x100": fifty_at_100_hz,
    "engine_1000x10": thousand_at_10_hz,
    "engine_day": day_at_full_speed,
}
