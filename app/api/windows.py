"""GET /windows: statistics of tumbling windows over stored readings: each reading is in exactly one window."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query

from app.api.asking import Moment, Name, iso, plant_meant, span_us
from app.lab import lab
from engine.errors import ParameterError
from engine.records import HOUR_US, SECOND_US
from engine.streams.windows.statistics import Outlier, Statistics

router = APIRouter(tags=["windows"])
MOST_READINGS = 100_000


@router.get("/windows")
def windows(
    machine: Name,
    size_s: Annotated[float, Query(ge=1, le=86_400, allow_inf_nan=False)] = 60.0,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 60,
    plant: Name | None = None,
) -> dict[str, Any]:
    """Return count, mean, spread, minimum, maximum, trend and outliers of each window, the newest first.

    Windows are half-open, aligned to the epoch, and by default of the last stored hour; empty ones are left out.
    """
    meant = plant_meant(plant)
    first, last = _span(meant.name, meant.run, start, end)
    rows = lab().store.readings_between(meant.name, first, last, machine, meant.run, MOST_READINGS)
    width = round(size_s * SECOND_US)
    statistics = Statistics(meant.table.sensors)
    place = rows["time_us"] // width
    found = [_window(rows, place == at, int(at) * width, width, statistics) for at in np.unique(place)[::-1][:limit]]
    return {"plant": meant.name, "machine": machine, "size_s": size_s, "windows": found}


def _window(rows: Any, chosen: Any, start_us: int, width: int, statistics: Statistics) -> dict[str, Any]:
    columns = np.stack([rows[name][chosen] for name in statistics.sensors], axis=-1)
    content = list(zip(rows["time_us"][chosen].tolist(), map(tuple, columns.tolist()), strict=True))
    result = statistics.result(content)
    sensors = {
        name: {"count": s.count, "mean": _plain(s.mean), "std": _plain(s.std), "min": _plain(s.minimum),
               "max": _plain(s.maximum), "trend_per_minute": _plain(s.trend)}
        for name, s in result.sensors.items()
    }  # fmt: skip
    span = {"start": iso(start_us), "end": iso(start_us + width), "readings": result.rows}
    return {**span, "sensors": sensors, "outliers": [_outlier(one) for one in result.outliers]}


def _outlier(one: Outlier) -> dict[str, Any]:
    return {"time": iso(one.at_us), "sensor": one.sensor, "value": one.value, "deviation": _plain(one.deviation)}


def _span(plant: str, run: int | None, start: str | None, end: str | None) -> tuple[int, int]:
    first, last = span_us(start, end)
    stored = lab().store.span_us(plant, run) if None in (first, last) else None
    last = last if last is not None else (stored[1] + SECOND_US if stored else HOUR_US)
    first = first if first is not None else max(0, last - HOUR_US)
    if first >= last:
        raise ParameterError("start must be before end.")
    return first, last


def _plain(value: float) -> float | None:
    return None if value != value else round(value, 5)
