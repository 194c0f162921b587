"""How fast the plant is, beside the row-by-row generator of the course material re-implemented as a slow oracle."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from engine.plant.features import guide_features
from engine.plant.prefetch import AHEAD, rows
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US, time_us

START = time_us("2026-01-05T00:00:00Z")
_NORMAL = {
    "temperature": (60.0, 85.0),
    "vibration": (2.0, 8.0),
    "pressure": (4.5, 6.5),
    "flow_rate": (180.0, 220.0),
    "power_consumption": (45.0, 55.0),
    "oil_level": (75.0, 95.0),
    "bearing_temperature": (70.0, 90.0),
}
_EPOCH = datetime(2024, 1, 1)


def slow_row(moment: datetime, machine: str, offset: float) -> dict[str, Any]:
    """Return one record made the old way: for each sensor two sines, one scalar draw, one scalar clip."""
    row: dict[str, Any] = {"timestamp": moment.isoformat(), "machine_id": machine, "maintenance_status": "operational"}
    for name, (low, high) in _NORMAL.items():
        value = (low + high) / 2
        value += 2 * np.sin(2 * np.pi * moment.hour / 24) + 1.5 * np.sin(2 * np.pi * moment.weekday() / 7)
        value += np.random.normal(0, 0.05 * (high - low)) + 0.001 * (moment - _EPOCH).days + offset
        row[name] = round(float(np.clip(value, low, high)), 2)
    row["hour"], row["day_of_week"], row["month"] = moment.hour, moment.weekday(), moment.month
    row["is_weekend"] = 1 if moment.weekday() >= 5 else 0
    row["is_night_shift"] = 1 if moment.hour >= 22 or moment.hour <= 6 else 0
    row["temp_pressure_ratio"] = row["temperature"] / row["pressure"]
    row["vibration_power_ratio"] = row["vibration"] / row["power_consumption"]
    row["flow_pressure_product"] = row["flow_rate"] * row["pressure"]
    return row


def _seconds_a_row(work: Callable[[], int], repeats: int = 3) -> float:
    """Return processor seconds for each row, the best of some repeats."""
    best = math.inf
    for _ in range(repeats):
        begun = time.process_time()
        count = work()
        best = min(best, (time.process_time() - begun) / count)
    return best


def _slow(count: int = 2000) -> int:
    moment = datetime(2026, 1, 5)
    for i in range(count):
        slow_row(moment + timedelta(seconds=i), "MACHINE_001", 0.05)
    return count


def _result(name: str, ours: float, peer: float, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "ours": f"{1 / ours:,.0f} rows/s",
        "peer": f"{1 / peer:,.0f} rows/s (row by row)",
        "ratio": f"{peer / ours:.0f} x",
        "target": f">= {target:.0f} x",
        "passed": peer / ours >= target,
    }


def batch() -> list[dict[str, Any]]:
    """Six hours with all features in one core, the slow physics computed anew each time."""
    spec = load_plant("pump_station")
    found = []
    for machines in (5, 50):
        ticks = 21_600
        times = START + SECOND_US * np.arange(ticks, dtype=np.int64)

        def work(machines: int = machines, times: np.ndarray = times) -> int:
            guide_features(Plant(spec.scaled(machines), 7).block(times))
            return len(times) * machines

        ours, peer = _seconds_a_row(work), _seconds_a_row(_slow)
        found.append(_result(f"generate in batch, {machines} machines", ours, peer, 100))
    return found


def tick_by_tick() -> list[dict[str, Any]]:
    """Records one tick at a time, as a sink takes them, with blocks generated ahead."""
    plant = Plant(load_plant("pump_station"), 7)

    def work() -> int:
        count = 0
        for begun in range(0, 20 * AHEAD, AHEAD):
            times = START + SECOND_US * np.arange(begun, begun + AHEAD, dtype=np.int64)
            for _ in rows(plant.block(times)):
                count += 1
        return count

    return [_result("generate tick by tick, 5 machines", _seconds_a_row(work), _seconds_a_row(_slow), 20)]


def a_thousand_machines() -> list[dict[str, Any]]:
    """One second of 1,000 machines at 10 Hz, and the longest stall: a new six-hour chunk."""
    spec = load_plant("pump_station").scaled(1000)
    plant = Plant(spec, 7)
    begun = time.process_time()
    plant.prepare(START)
    stall = time.process_time() - begun
    step = SECOND_US // 10

    def work() -> int:
        for tick in range(10):
            plant.block(np.array([START + tick * step], dtype=np.int64))
        return 1

    share = _seconds_a_row(work)
    return [
        {
            "name": "generate 1,000 machines x 10 Hz, tick by tick",
            "ours": f"{100 * share:.1f} % of a core",
            "peer": f"new chunk {1000 * stall:.0f} ms",
            "ratio": "",
            "target": "<= 25 %",
            "passed": share <= 0.25,
        }
    ]


ROWS = {"generation-batch": batch, "generation-ticks": tick_by_tick, "generation-1000": a_thousand_machines}
