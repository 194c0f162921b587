"""What a store holds, in figures: for `engine db`, for the API, and for whoever looks into a lab that does not run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.records import iso_time

if TYPE_CHECKING:
    from engine.store.store import Store

NEWEST = 1000  # rows of a plant that are looked at for silent sensors and values out of range

Ranges = Mapping[str, tuple[float, float]]  # what a sensor can show, by its name


def plant_facts(store: Store, plant: str) -> dict[str, Any]:
    """Return a plant's machines, sensors, rows and span; `sensors` in one text, for a table."""
    table, span = store.plant_table(plant), store.span_us(plant)
    first, last = (iso_time(at, seconds_only=True) for at in span) if span else ("-", "-")
    return {
        "plant": plant,
        "source": table.source,
        "machines": len(table.machines),
        "sensors": ", ".join(table.sensors),
        "rows": store.count_readings(plant),
        "minutes": store.count_rollups(plant),
        "first": first,
        "last": last,
    }


def sensor_notes(store: Store, plant: str, ranges: Ranges) -> list[str]:
    """Return a sentence for each sensor that says nothing, or says what it cannot, among the plant's newest rows.

    Parameters
    ----------
    ranges
        The lowest and highest value of a sensor's normal range; sensors without an entry are not judged.
    """
    rows, notes = store.newest_readings(plant, limit=NEWEST), []
    for name in store.plant_table(plant).sensors:
        values = np.asarray(rows[name], float)
        present = values[np.isfinite(values)]
        if len(values) and not len(present):
            notes.append(f"sensor {name} says nothing")
        low, high = ranges.get(name, (-np.inf, np.inf))
        beyond = present[(present < low) | (present > high)]
        if len(beyond):
            notes.append(
                f"sensor {name}: {len(beyond):,} of the newest {len(present):,} readings are out of its normal range "
                f"{low:g} to {high:g} (from {beyond.min():g} to {beyond.max():g})"
            )
    return notes
