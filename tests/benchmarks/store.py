"""The store: ingest beside executemany, size beside unrounded doubles, newest rows and buckets in milliseconds."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import SECOND_US, Block, time_us
from engine.store.store import Store

START_US = time_us("2026-01-05T08:00:00Z")
BATCH_TICKS, MACHINES = 100, 5  # 500 rows in a batch


def readings(ticks: int) -> Block:
    """Return readings of the pump station, one a second."""
    times = START_US + np.arange(ticks, dtype=np.int64) * SECOND_US
    return Plant(load_plant("pump_station"), 7).block(times)


def ingest() -> list[dict[str, Any]]:
    """Rows a second, 500 rows a commit, on disk."""
    block = readings(BATCH_TICKS * 60)
    with tempfile.TemporaryDirectory() as folder:
        ours = _our_rate(block, Path(folder) / "ours.duckdb")
        peer = _executemany_rate(block.ticks(0, BATCH_TICKS), Path(folder) / "peer.duckdb")
    return [
        {
            "name": "ingest, 500 rows a commit",
            "ours": f"{ours:,.0f} rows/s",
            "peer": f"executemany {peer:,.0f} rows/s",
            "ratio": f"{ours / peer:.0f} x",
            "target": ">= 100 x",
        }
    ]


def _our_rate(block: Block, path: Path) -> float:
    store = _store_for(block, path)
    began = time.perf_counter()
    for first in range(0, len(block), BATCH_TICKS):
        store.append(1, "pump_station", block.ticks(first, first + BATCH_TICKS))
        store.flush()
    seconds = time.perf_counter() - began
    store.close()
    return len(block) * block.n_machines / seconds


def _executemany_rate(block: Block, path: Path) -> float:
    rows = [
        (1, int(at), m, int(block.status[i, m]), *block.values[i, m].tolist())
        for i, at in enumerate(block.times_us)
        for m in range(block.n_machines)
    ]
    connection = duckdb.connect(str(path))
    columns = ", ".join(f"s{i} double" for i in range(block.n_sensors))
    connection.execute("create table r (run uinteger, t bigint, machine usmallint, status utinyint, " + columns + ")")
    places = ", ".join("?" * len(rows[0]))
    began = time.perf_counter()
    connection.executemany("insert into r values (" + places + ")", rows)  # noqa: S608 - places are question marks
    seconds = time.perf_counter() - began
    connection.close()
    return len(rows) / seconds


def size() -> list[dict[str, Any]]:
    """Bytes of a row of seven readings without scores, rounded to the resolution, beside unrounded doubles."""
    block = readings(40_000)
    with tempfile.TemporaryDirectory() as folder:
        ours = _bytes(block, Path(folder) / "ours.duckdb")
        rough = np.random.default_rng(7).normal(0.0, 1e-6, block.values.shape)
        loose = Block(block.times_us, block.values + rough, block.status, block.machines, block.sensors)
        peer = _bytes(loose, Path(folder) / "peer.duckdb", rounding=False)
    rows = len(block) * block.n_machines
    return [
        {
            "name": "bytes of a row of 7 readings",
            "ours": f"{ours / rows:.1f}, {ours / rows / block.n_sensors:.2f} a value",
            "peer": f"unrounded {peer / rows:.1f}",
            "ratio": f"{peer / ours:.1f} x",
            "target": "<= 16 a reading",
        }
    ]


def _bytes(block: Block, path: Path, rounding: bool = True) -> int:
    store = _store_for(block, path, rounding)
    for first in range(0, len(block), 4000):
        store.append(1, "pump_station", block.ticks(first, first + 4000))
    store.flush()
    store.compact()
    found = store.figures()["bytes"]
    store.close()
    return int(found)


def queries() -> list[dict[str, Any]]:
    """Milliseconds of the usual questions over 500,000 rows."""
    block = readings(100_000)
    with tempfile.TemporaryDirectory() as folder:
        store = _store_for(block, Path(folder) / "q.duckdb")
        store.append(1, "pump_station", block)
        store.flush()
        end = int(block.times_us[-1]) + 1
        asked: dict[str, Callable[[], Any]] = {
            "newest 100 rows": lambda: store.newest_readings("pump_station", 100),
            "last minute of all machines": lambda: store.readings_between("pump_station", end - 60_000_000, end),
            "28 h of a sensor to 500 buckets": lambda: store.buckets(
                "pump_station", "MACHINE_003", "vibration", START_US, end
            ),
            "SQL of a student": lambda: store.explore(
                "select machine, avg(vibration) from readings group by 1", plant="pump_station"
            ),
        }
        rows = [{"name": f"query: {name}", "ours": f"{_median_ms(work):.1f} ms"} for name, work in asked.items()]
        store.close()
    targets = ("<= 20 ms", "<= 20 ms", "<= 100 ms", "<= 1,000 ms")
    return [{**row, "peer": "", "ratio": "", "target": target} for row, target in zip(rows, targets, strict=True)]


def _median_ms(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(7):
        began = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - began))
    return float(np.median(times))


def _store_for(block: Block, path: Path, rounding: bool = True) -> Store:
    store = Store(path)
    steps = [sensor.resolution if rounding else 0.0 for sensor in load_plant("pump_station").sensors]
    store.register_plant("pump_station", block.sensors, block.machines, steps)
    return store


ROWS = {"store_ingest": ingest, "store_size": size, "store_queries": queries}
