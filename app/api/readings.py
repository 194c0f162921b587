"""GET /plants/{plant}/readings: what is stored, the newest first, as JSON, CSV or Arrow."""

from __future__ import annotations

import io
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import Response

from app.api.asking import Limit, Meant, Moment, Name, iso, json_answer, plant_meant, span_us
from app.lab import lab
from engine.records import STATUS_WORDS, iso_times
from engine.store.names import SCORE_PREFIX
from engine.store.readings import rows_of

router = APIRouter(tags=["readings"])
Format = Annotated[Literal["json", "csv", "arrow"], Query(alias="format")]
ARROW = "application/vnd.apache.arrow.stream"
MEDIA = {
    200: {
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
            ARROW: {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


@router.get("/readings", responses=MEDIA, response_class=Response)
@router.get("/plants/{plant}/readings", responses=MEDIA, response_class=Response)
def readings(
    plant: str | None = None,
    machine: Name | None = None,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: Limit = 100,
    file_format: Format = "json",
) -> Response:
    """Return stored readings, the newest first, start ≤ time < end; page on with `end` = the answer's `next`."""
    meant = plant_meant(plant)
    if machine is not None:
        meant.table.machine_number(machine)
    start_us, end_us = span_us(start, end)
    rows, next_us = _page(meant, max(limit, 1 if machine else len(meant.table.machines)), machine, end_us)
    if start_us is not None:
        rows = {name: values[rows["time_us"] >= start_us] for name, values in rows.items()}
    if file_format == "arrow":
        return Response(_arrow(rows), media_type=ARROW)
    if file_format == "csv":
        return Response(_csv(rows), media_type="text/csv; charset=utf-8")
    told = {"plant": meant.name, "count": len(rows["time_us"]), "next": iso(next_us)}
    return json_answer({**told, "rows": rows_of(rows)})


def _page(meant: Meant, limit: int, machine: str | None, end_us: int | None) -> tuple[Any, int | None]:
    """Return at most `limit` rows in whole ticks, and the time to page on from; None = that was all."""
    rows = lab().store.newest_readings(meant.name, limit, machine, meant.run, end_us)
    times = rows["time_us"]
    if len(times) < limit:
        return rows, None
    whole = times > times[-1] if machine is None and times[0] > times[-1] else times >= times[-1]
    kept = {name: values[whole] for name, values in rows.items()}
    return kept, int(kept["time_us"][-1])


def _columns(rows: Any) -> dict[str, Any]:
    """Return the columns with the names of the course material; the run stays inside."""
    found: dict[str, Any] = {
        "timestamp": iso_times(rows["time_us"]),
        "machine_id": rows["machine"].tolist(),
        "maintenance_status": [STATUS_WORDS[int(state)] for state in rows["status"]],
    }
    plain = ("run", "time_us", "machine", "status")
    sensors = {n: v for n, v in rows.items() if n not in plain and not n.startswith(SCORE_PREFIX)}
    return found | sensors | {n: v for n, v in rows.items() if n.startswith(SCORE_PREFIX)}


def _arrow(rows: Any) -> bytes:
    import pyarrow as pa

    columns = _columns(rows)
    columns["timestamp"] = pa.array(rows["time_us"].astype(np.int64), pa.timestamp("us", tz="UTC"))
    table = pa.table(columns)
    out = io.BytesIO()
    with pa.ipc.new_stream(out, table.schema) as writer:
        writer.write_table(table)
    return out.getvalue()


def _csv(rows: Any) -> str:
    import csv

    columns, out = _columns(rows), io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    lists = [values if isinstance(values, list) else values.tolist() for values in columns.values()]
    writer.writerows([["" if value != value else value for value in row] for row in zip(*lists, strict=True)])
    return out.getvalue()
