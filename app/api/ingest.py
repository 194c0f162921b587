"""POST /plants/{plant}/readings: readings of a plant that others feed, in batches, each taken whole or not at all."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from app.api.asking import json_answer, moment_us
from app.api.problems import Place, problem
from app.api.status import alarm_line
from app.lab import lab
from engine.errors import UnknownNameError
from engine.external import ExternalPlant, Row

router = APIRouter(tags=["plants"])
MOST_READINGS, MOST_KEYS = 10_000, 5000
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
_lock_of_keys = threading.Lock()


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
    """What became of a batch: readings stored, those of them too old to be scored, scores in the batch's order."""

    plant: str
    accepted: int
    late: int
    scores: list[dict[str, float | None]]
    alarms: list[dict[str, Any]]


@router.post("/plants/{plant}/readings", response_model=Ingested)
def ingest(
    plant: str,
    batch: BatchIn,
    request: Request,
    idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Store and score a batch; with an Idempotency-Key one that is sent again is answered as before."""
    seen: OrderedDict[tuple[str, str], bytes] = request.app.state.__dict__.setdefault("ingested", OrderedDict())
    key = (plant, idempotency_key or "")
    if idempotency_key and key in seen:
        return Response(seen[key], media_type="application/json", headers={"Idempotency-Replayed": "true"})
    fed = lab().desks.externals.get(plant)
    places = _problems(fed, batch.readings)
    if places:
        return problem(422, f"{places[0].place}: {places[0].wrong}; nothing was stored.", places)
    taken = fed.take([Row(one.machine, moment_us(one.time), one.values) for one in batch.readings])
    told = {"plant": plant, "accepted": taken.accepted, "late": taken.late, "scores": taken.scores}
    made = json_answer({**told, "alarms": [{"what": c.what, **alarm_line(c.alarm)} for c in taken.changes]})
    if idempotency_key:
        with _lock_of_keys:
            seen[key] = bytes(made.body)
            while len(seen) > MOST_KEYS:
                seen.popitem(last=False)
    return made


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
