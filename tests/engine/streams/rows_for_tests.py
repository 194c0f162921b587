"""Rows made by hand for the tests of sinks and sources."""

from __future__ import annotations

from engine.records import SECOND_US, iso_time
from engine.streams.rows import Rows

START_US = 1_767_571_200_000_000  # 2026-01-05T00:00:00Z
MACHINES = ("MACHINE_001", "MACHINE_002", "MACHINE_003")


def made_rows(first: int, ticks: int, machines: tuple[str, ...] = MACHINES) -> Rows:
    """Return rows of the ticks first … first + ticks - 1; the value says machine and tick."""
    times = [START_US + (first + i) * SECOND_US for i in range(ticks) for _ in machines]
    texts = [iso_time(at) for at in times]
    values = [float(first + i) + m / 10 for i in range(ticks) for m in range(len(machines))]
    columns = ("timestamp", "machine_id", "maintenance_status", "temperature")
    return Rows(columns, (texts, list(machines) * ticks, ["operational"] * len(times), values), times)


def keys_of(rows: list[dict[str, object]]) -> list[tuple[object, object]]:
    """Return (machine, timestamp) of each row."""
    return [(row["machine_id"], row["timestamp"]) for row in rows]
