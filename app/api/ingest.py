"""POST /plants/{plant}/readings: readings of a plant that others feed, in batches, each taken whole or not at all."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.asking import json_answer, moment_us
from app.api.guide_rows import MACHINE_NAMES, TIME_NAMES, NotJSONError, flat_rows, split
from app.api.problems import Place, invalid, problem
from app.api.status import alarm_line
from app.lab import lab
from engine.errors import UnknownNameError
from engine.external import ExternalPlant, PostedPlant, Row

router = APIRouter(tags=["plants"])
MOST_READINGS = 10_000
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]


class ReadingIn(BaseModel):
    """One machine's readings at one event time; a sensor that said nothing is left out."""

    model_config = ConfigDict(extra="forbid")
    machine: Annotated[str, Field(min_length=1, max_length=80, strict=True)]
    time: Annotated[str, Field(max_length=40, strict=True, examples=["2026-01-05T08:00:00Z"])]
    values: Annotated[dict[Annotated[str, Field(max_length=80)], Number], Field(min_length=1, max_length=100)]


class BatchIn(BaseModel):
    """Up to 10,000 readings in any order."""

    model_config = ConfigDict(extra="forbid")
    readings: Annotated[list[ReadingIn], Field(min_length=1, max_length=MOST_READINGS)]


class Ingested(BaseModel):
    """What became of a batch: readings on disk, those of them too old to be scored, scores in the batch's order."""

    plant: str
    accepted: int
    late: int
    ahead: int = Field(description="not stored: readings more than a minute ahead of the lab's clock")
    note: str = Field(description="what the sender should mend; empty when all is well")
    scores: list[dict[str, float | None]]
    alarms: list[dict[str, Any]]


_SCHEMA = {
    "anyOf": [
        BatchIn.model_json_schema(ref_template="#/components/schemas/{model}"),
        {"type": "object", "required": ["machine_id", "timestamp"], "additionalProperties": True},
        {"type": "array", "minItems": 1, "maxItems": MOST_READINGS, "items": {"type": "object"}},
    ]
}
_SCHEMA["anyOf"][0].pop("$defs", None)
_SCHEMA["anyOf"][0]["properties"]["readings"]["items"] = ReadingIn.model_json_schema()
BODY = {"requestBody": {"required": True, "content": {"application/json": {"schema": _SCHEMA}}}}


@router.post("/plants/{plant}/readings", response_model=Ingested, openapi_extra=BODY)
async def ingest(plant: str, request: Request) -> Response:
    """Score and store a batch; the answer comes when it is on disk. With an Idempotency-Key it is taken once.

    Beside `{"readings": […]}` rows in the columns of the course material are taken, as `stream --mode api` posts them:
    one object for one row, an array for many.
    """
    body = await request.body()
    return await request.app.state.once.answer(request, lambda: run_in_threadpool(_ingested, plant, body))


def _ingested(plant: str, body: bytes) -> Response:
    fed = lab().desks.externals.get(plant)
    if isinstance(fed, PostedPlant):
        return problem(422, f"{plant} holds what is posted to /api/predict; post there, or make a plant of your own.")
    try:
        readings = _batch(body, frozenset(fed.spec.sensor_names)).readings
    except ValidationError as wrong:
        return invalid(wrong.errors(include_url=False, include_input=False, include_context=False))
    except NotJSONError as wrong:
        return problem(422, f"body: {wrong}; nothing was stored.", [Place(place="body", wrong=str(wrong))])
    places = _problems(fed, readings)
    if places:
        return problem(422, f"{places[0].place}: {places[0].wrong}; nothing was stored.", places)
    taken = fed.take([Row(one.machine, moment_us(one.time), one.values) for one in readings])
    if not taken.accepted:
        return problem(422, taken.note, [Place(place="readings.0.time", wrong="is ahead of the lab's clock")])
    told = {"plant": plant, "accepted": taken.accepted, "late": taken.late, "ahead": taken.ahead, "note": taken.note}
    alarms = [{"what": c.what, **alarm_line(c.alarm)} for c in taken.changes]
    return json_answer({**told, "scores": taken.scores, "alarms": alarms})


def _batch(body: bytes, sensors: frozenset[str]) -> BatchIn:
    rows = flat_rows(body)
    return BatchIn.model_validate_json(body) if rows is None else BatchIn.model_validate({"readings": [
        _flat(row, sensors) for row in rows
    ]})  # fmt: skip


def _flat(row: dict[str, Any], sensors: frozenset[str]) -> dict[str, Any]:
    """Return a row of the course material as a reading; an empty cell is a sensor that said nothing."""
    head, values = split(row, sensors)
    machine = next((head[name] for name in MACHINE_NAMES if name in head), None)
    at = next((head[name] for name in TIME_NAMES if name in head), None)
    return {"machine": machine, "time": at, "values": {name: v for name, v in values.items() if v is not None}}


def _problems(fed: ExternalPlant, readings: list[ReadingIn]) -> list[Place]:
    """Return what is wrong with the readings, every place of it."""
    found: list[Place] = []
    machines, sensors = set(fed.spec.machines), set(fed.spec.sensor_names)
    for at, one in enumerate(readings):
        try:
            moment_us(one.time)
        except ValueError as wrong:
            found.append(Place(place=f"readings.{at}.time", wrong=str(wrong)))
        if one.machine not in machines:
            found.append(Place(place=f"readings.{at}.machine", wrong=_unknown("machine", one.machine, machines)))
        found += [
            Place(place=f"readings.{at}.values", wrong=_unknown("sensor", name, sensors))
            for name in one.values.keys() - sensors
        ]
    return found


def _unknown(kind: str, name: str, known: set[str]) -> str:
    return str(UnknownNameError(kind, name, known)).rstrip(".")
