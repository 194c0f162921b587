"""Looking into the store: /data-samples, /table-data/{table}, /debug-sensor-count. A fixed list of views, no SQL."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.responses import Response

from app.api.asking import Limit, Meant, Name, iso, json_answer, plant_meant
from app.lab import lab
from engine.store.explore import STUDENT_VIEWS
from engine.store.readings import rows_of
from engine.store.view_rows import newest_of

router = APIRouter(tags=["tables"])
TableName = Annotated[str, Path(max_length=80, description=f"One of: {', '.join(STUDENT_VIEWS)}.")]


@router.get("/data-samples", response_model=dict[str, Any])
def data_samples(limit: Limit = 10, plant: Name | None = None) -> Response:
    """Return the newest stored readings of the plant, the newest first."""
    meant = plant_meant(plant)
    rows = lab().store.newest_readings(meant.name, limit=limit, run=meant.run)
    return json_answer({"plant": meant.name, "count": len(rows["time_us"]), "rows": rows_of(rows)})


@router.get("/table-data/{table}", response_model=dict[str, Any])
def table_data(table: TableName, limit: Limit = 100, plant: Name | None = None) -> Response:
    """Return the newest rows of one of the views readings, scores, alarms, window_stats or minutes."""
    name = plant_meant(plant).name
    answer = newest_of(lab().store, table, name, limit)
    rows = [dict(zip(answer.columns, map(_plain, row), strict=True)) for row in answer.rows]
    return json_answer({"plant": name, "table": table, "columns": list(answer.columns), "rows": rows})


@router.get("/debug-sensor-count")
def debug_sensor_count(plant: Name | None = None) -> dict[str, Any]:
    """Return how many readings are stored, of which sensors and machines, and the first and last time."""
    meant = plant_meant(plant)
    count = lab().store.count_readings(meant.name)
    return {"plant": meant.name, "rows": count, "readings": count * len(meant.table.sensors), **_span(meant)}


def _span(meant: Meant) -> dict[str, Any]:
    span = lab().store.span_us(meant.name)
    return {
        "sensors": list(meant.table.sensors),
        "machines": list(meant.table.machines),
        "first": None if span is None else iso(span[0]),
        "last": None if span is None else iso(span[1]),
        "minutes_rolled_up": lab().store.count_rollups(meant.name),
    }


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return f"{value.isoformat()}+00:00"
    return None if isinstance(value, float) and value != value else value
