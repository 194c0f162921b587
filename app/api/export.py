"""GET /export (CSV, Parquet or JSON lines) and /export-csv: the stored readings as a file, the newest rows."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from app.api.asking import Moment, Name, plant_meant, span_us
from app.api.heavy import HEAVY
from app.api.problems import invalid, lab_problem
from app.lab import lab
from engine.errors import LabError

if TYPE_CHECKING:
    from starlette.requests import Request

router = APIRouter(tags=["export"])
MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet", "jsonl": "application/jsonl"}
SCHEMAS = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
            "application/jsonl": {"schema": {"type": "string"}},
        }
    }
}


class Asked(BaseModel):
    """What /export-csv may be asked: a route outside the API has nobody who checks it."""

    model_config = ConfigDict(extra="forbid")
    start: Moment | None = None
    end: Moment | None = None
    machine: Name | None = None
    scores: bool = True
    plant: Name | None = None


@router.get("/export", responses=SCHEMAS, response_class=Response)
async def export(
    file_format: Annotated[Literal["csv", "parquet", "jsonl"], Query(alias="format")] = "csv",
    start: Moment | None = None,
    end: Moment | None = None,
    machine: Name | None = None,
    scores: bool = True,
    plant: Name | None = None,
) -> Response:
    """Return stored readings of start ≤ time < end as a file, the oldest first; columns as in the course material."""
    return await HEAVY.run(_exported, file_format, start, end, machine, scores, plant)


def _exported(
    kind: str, start: str | None, end: str | None, machine: str | None, scores: bool, plant: str | None
) -> Response:
    meant = plant_meant(plant)
    first, last = span_us(start, end)
    machines = None if machine is None else [machine]
    return _file(meant.name, kind, first, last, machines, meant.run, scores)


async def export_csv(request: Request) -> Response:
    """GET /export-csv: the plant's stored readings as CSV, as a browser's download; asked as /api/export is."""
    try:
        asked = Asked.model_validate(dict(request.query_params))
        return await export("csv", **asked.model_dump())
    except ValidationError as error:
        return invalid(error.errors())
    except LabError as error:
        return await lab_problem(request, error)


def _file(
    plant: str, kind: str, start: int | None, end: int | None, machines: list[str] | None, run: int | None, scores: bool
) -> Response:
    with tempfile.NamedTemporaryFile(suffix=f".{kind}", delete=False) as made:
        path = Path(made.name)
    try:
        lab().store.export(plant, path, kind, start, end, machines, run, scores)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return FileResponse(
        path, media_type=MEDIA[kind], filename=f"{plant}.{kind}", background=BackgroundTask(_gone, path)
    )


def _gone(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
