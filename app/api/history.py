"""Series for charts: GET /sensor-history/{sensor} (newest first), /series (thinned), /scores."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.api.asking import Limit, Meant, Moment, Name, iso, json_answer, plant_meant, span_us
from app.lab import lab
from engine.errors import ParameterError, UnknownNameError
from engine.records import HOUR_US, SECOND_US, STATUS_WORDS

router = APIRouter(tags=["history"])
SensorName = Annotated[str, Path(max_length=80)]
Hours = Annotated[float, Query(gt=0, le=24 * 31, allow_inf_nan=False)]
Points = Annotated[int, Query(ge=1, le=5000)]


@router.get("/sensor-history/{sensor}", response_model=dict[str, Any])
def sensor_history(
    sensor: SensorName,
    hours: Hours = 24.0,
    limit: Limit = 1000,
    machine: Name | None = None,
    plant: Name | None = None,
) -> Response:
    """Return the stored readings of one sensor over the last hours (24 unless told otherwise), the newest first."""
    meant = plant_meant(plant)
    meant.table.require_sensor(sensor)
    chosen = meant.table.machines if machine is None else (machine,)
    store = lab().store
    found = {}
    for name in chosen:
        rows = store.sensor_history(meant.name, name, sensor, hours * 3600.0, limit, meant.run)
        times = [iso(at) for at in rows["time_us"].tolist()]
        found[name] = {
            "time": times,
            "value": rows["value"],
            "status": [STATUS_WORDS[int(state)] for state in rows["status"]],
        }
    return json_answer({"plant": meant.name, "sensor": sensor, "unit": _unit(meant, sensor), "machines": found})


@router.get("/series", response_model=dict[str, Any])
def series(
    name: Name,
    machine: Name,
    start: Moment | None = None,
    end: Moment | None = None,
    points: Points = 500,
    plant: Name | None = None,
) -> Response:
    """Return minimum, maximum and mean of a sensor or of a detector's scores in equal spans, the oldest first."""
    meant = plant_meant(plant)
    first, last = _span(meant, start, end)
    columns = lab().store.buckets(meant.name, machine, name, first, last, points, meant.run)
    times = [iso(at) for at in columns.pop("time_us").tolist()]
    return json_answer({"plant": meant.name, "machine": machine, "name": name, "time": times, **columns})


@router.get("/scores", response_model=dict[str, Any])
def scores(
    detector: Name,
    machine: Name,
    start: Moment | None = None,
    end: Moment | None = None,
    points: Points = 500,
    plant: Name | None = None,
) -> Response:
    """Return the highest scores of a detector in equal spans, the oldest first."""
    meant = plant_meant(plant)
    if detector not in meant.table.detectors:
        raise UnknownNameError("detector with stored scores", detector, meant.table.detectors)
    first, last = _span(meant, start, end)
    columns = lab().store.buckets(meant.name, machine, detector, first, last, points, meant.run)
    times = [iso(at) for at in columns["time_us"].tolist()]
    threshold = None if meant.live is None else meant.live.thresholds.get(detector)
    head = {"plant": meant.name, "machine": machine, "detector": detector, "threshold": threshold}
    return json_answer({**head, "time": times, "score": columns["max"], "ticks": columns["ticks"]})


def _span(meant: Meant, start: str | None, end: str | None) -> tuple[int, int]:
    """Return the span asked for; by default the last stored hour."""
    first, last = span_us(start, end)
    stored = lab().store.span_us(meant.name, meant.run) if None in (first, last) else None
    last = last if last is not None else (stored[1] + SECOND_US if stored else HOUR_US)
    first = first if first is not None else max(0, last - HOUR_US)
    if first >= last:
        raise ParameterError("start must be before end.")
    return first, last


def _unit(meant: Meant, sensor: str) -> str:
    spec = getattr(meant.live, "spec", None) or (lab().spec if meant.name == lab().spec.name else None)
    return next((one.unit for one in spec.sensors if one.name == sensor), "") if spec else ""
