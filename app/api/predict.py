"""POST /api/predict: readings in, scores out; every accepted reading is stored.

A reading is scored by the model of its own machine, from all its sensors, the same at any time; what is posted teaches
the models nothing. Stored under `<plant>_posted`, apart from the plant's own readings.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.api.asking import json_answer, moment_us
from app.api.guide_rows import NotJSONError, flat_rows, split
from app.api.heavy import TRAINING
from app.api.problems import Place, invalid, problem
from app.lab import lab
from engine.alarming.marks import marks_of
from engine.errors import LabError
from engine.external.plant import MAX_AHEAD_S
from engine.predicting import DEFAULT_DETECTOR, LineModel
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray

router = APIRouter(tags=["predict"])
MOST_READINGS = 1000
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
STATUS = ("normal", "warning", "critical")


class PostedReading(BaseModel):
    """One machine's readings at one time; every further field is a sensor of the plant: `"temperature": 24.5`."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"additionalProperties": {"type": "number"}})
    __pydantic_extra__: dict[str, Number]

    machine: Annotated[
        str | None,
        Field(
            max_length=80,
            strict=True,
            validation_alias=AliasChoices("machine", "line", "production_line", "line_id", "machine_id"),
            description="The machine or production line; may be left out when the plant has only one.",
        ),
    ] = None
    time: Annotated[
        str | None,
        Field(
            max_length=40,
            strict=True,
            validation_alias=AliasChoices("time", "timestamp"),
            description="When it was measured; left out = now.",
        ),
    ] = None


class PostedBatch(BaseModel):
    """Up to 1,000 readings, all taken or none."""

    model_config = ConfigDict(extra="forbid")
    detector: Annotated[str, Field(max_length=80, strict=True)] = DEFAULT_DETECTOR
    readings: Annotated[list[PostedReading], Field(min_length=1, max_length=MOST_READINGS)]


class Prediction(BaseModel):
    """What the model says of one reading."""

    machine: str
    time: str
    score: float
    threshold: float
    is_anomaly: bool
    status: str = Field(description="normal, warning or critical; critical = anomaly beyond a critical mark")
    sensors: list[str] = Field(description="sensors that drive an anomaly, the strongest first")
    beyond: list[str] = Field(description="sensors at or beyond their warning mark")
    model_version: int


class Predictions(BaseModel):
    """The answer to a batch, in its order."""

    plant: str
    stored_as: str
    detector: str
    accepted: int
    results: list[Prediction]


BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        PostedBatch.model_json_schema(ref_template="#/components/schemas/{model}"),
                        PostedReading.model_json_schema(),
                        {
                            "type": "array",
                            "items": PostedReading.model_json_schema(),
                            "minItems": 1,
                            "maxItems": MOST_READINGS,
                        },
                    ]
                }
            }
        },
    }
}
for _schema in BODY["requestBody"]["content"]["application/json"]["schema"]["anyOf"]:  # type: ignore[index]
    _schema.pop("$defs", None)
    if "readings" in _schema.get("properties", {}):
        _schema["properties"]["readings"]["items"] = PostedReading.model_json_schema()


class Refusal(LabError):
    """Readings that cannot be taken; `places` says which and why."""

    def __init__(self, places: list[Place]) -> None:
        self.places = places
        super().__init__(f"{places[0].place}: {places[0].wrong}.")


@router.post("/predict", response_model=Predictions, openapi_extra=BODY)
async def predict(request: Request) -> Response:
    """Score one reading or many with the model of each machine, store them, and say which are strange.

    One object is one reading; an array of them, or `{"readings": […]}`, is a batch. The answer comes when they are on
    disk. With an `Idempotency-Key` header a batch that is sent again is answered as before and not stored twice.
    """
    body = await request.body()
    return await request.app.state.once.answer(request, lambda: _answer(body))


async def _answer(body: bytes) -> Response:
    try:
        batch = _batch(body)
        models = await _models(batch.detector)
        answer, written = await run_in_threadpool(_predicted, batch, models)
    except ValidationError as wrong:
        return invalid(wrong.errors(include_url=False, include_input=False, include_context=False))
    except Refusal as refusal:
        more = f" (and {len(refusal.places) - 1} more)" if len(refusal.places) > 1 else ""
        return problem(422, f"{str(refusal).rstrip('.')}{more}; nothing was stored.", refusal.places)
    await asyncio.wrap_future(written)
    return json_answer(answer)


def _batch(body: bytes) -> PostedBatch:
    """Return the body as a batch; a single reading is a batch of one."""
    try:
        rows = flat_rows(body)
    except NotJSONError as wrong:
        raise Refusal([Place(place="body", wrong=str(wrong))]) from None
    if rows is None:
        return PostedBatch.model_validate_json(body)
    detector = rows[0].pop("detector", DEFAULT_DETECTOR) if len(rows) == 1 else DEFAULT_DETECTOR
    if not 1 <= len(rows) <= MOST_READINGS:
        raise Refusal([Place(place="body", wrong=f"must have 1 to {MOST_READINGS:,} readings, got {len(rows):,}")])
    sensors = frozenset(lab().spec.sensor_names)
    readings = [PostedReading.model_validate(head | values) for head, values in (split(row, sensors) for row in rows)]
    return PostedBatch.model_validate({"detector": detector, "readings": readings})


async def _models(detector: str) -> dict[str, LineModel]:
    opened = lab()
    desk, plant = opened.desks.predictors, opened.plant
    ready = desk.ready(plant, detector)
    if ready is not None:
        return ready
    now_us = max(opened.runner.snapshot().time_us, opened.runner.run.start_us)
    return await TRAINING.run(desk.of, plant, opened.runner.run.run, now_us, detector)


def _predicted(batch: PostedBatch, models: dict[str, LineModel]) -> tuple[dict[str, Any], Any]:
    """Return the answer, and the future that ends when the readings are on disk."""
    opened = lab()
    spec: PlantSpec = opened.spec
    values, machines, times = _checked(batch.readings, spec)
    scores, levels = np.zeros(len(values)), _levels(spec, values)
    strange: dict[int, list[str]] = {}
    for machine in dict.fromkeys(machines):
        mine = np.array([i for i, other in enumerate(machines) if other == machine])
        model = models[machine]
        scores[mine] = model.scores(values[mine])
        found = mine[scores[mine] >= model.threshold]
        if len(found):
            blamed = model.blamed(values[found], spec.sensor_names)
            strange.update(zip(found.tolist(), map(list, blamed), strict=True))
    posted = opened.desks.externals.posted(spec, opened.plant.machines)
    scored = (batch.detector, models[machines[0]].detector, scores)
    written = posted.take_scored(machines, times, values, scored, lambda at: strange.get(at, ()))
    results = _results(spec, models, machines, times, scores, strange, levels)
    head = {"plant": spec.name, "stored_as": posted.spec.name, "detector": batch.detector}
    return {**head, "accepted": len(results), "results": results}, written


def _checked(readings: list[PostedReading], spec: PlantSpec) -> tuple[FloatArray, list[str], Any]:
    """Return values (n, n_sensors), machines and times; Refusal with every reason when anything is wrong."""
    names, known, lines = spec.sensor_names, set(spec.sensor_names), spec.machines
    places: list[Place] = []
    machines, times = [], np.zeros(len(readings), np.int64)
    now_us = time.time_ns() // 1000
    for at, reading in enumerate(readings):
        machine = reading.machine or (lines[0] if len(lines) == 1 else "")
        if machine not in lines:
            wrong = f"must be one of: {', '.join(lines)}"
            places.append(Place(place=f"readings.{at}.machine", wrong=wrong))
        machines.append(machine)
        try:
            times[at] = now_us + at if reading.time is None else _not_ahead(moment_us(reading.time), now_us)
        except ValueError as problem:
            places.append(Place(place=f"readings.{at}.time", wrong=str(problem)))
        extra = reading.__pydantic_extra__ or {}
        if extra.keys() != known:
            places += _name_problems(at, set(extra), names)
    if places:
        raise Refusal(places)
    values = np.array([[r.__pydantic_extra__[name] for name in names] for r in readings], np.float64)
    _refuse_impossible(values, spec)
    return values, machines, times


def _not_ahead(at_us: int, now_us: int) -> int:
    """Return the time; a ValueError for one that the clock has not reached, after which all true ones were late."""
    if at_us > now_us + MAX_AHEAD_S * SECOND_US:
        raise ValueError(f"must be at most {MAX_AHEAD_S:g} s ahead of the lab's clock; set the clock of the sender")
    return at_us


def _name_problems(at: int, sent: set[str], names: tuple[str, ...]) -> list[Place]:
    unknown = [
        Place(place=f"readings.{at}.{name[:80]}", wrong=f"is no sensor; the sensors are: {', '.join(names)}")
        for name in sorted(sent - set(names))
    ]
    missing = [
        Place(place=f"readings.{at}.{name}", wrong="is missing; every sensor of the plant is needed")
        for name in names
        if name not in sent
    ]
    return unknown + missing


def _refuse_impossible(values: FloatArray, spec: PlantSpec) -> None:
    limits = np.array([sensor.limits for sensor in spec.sensors])
    bad = np.argwhere((values < limits[:, 0]) | (values > limits[:, 1]))
    if len(bad):
        raise Refusal([_impossible(int(at), spec.sensors[int(s)], float(values[at, s])) for at, s in bad[:20]])


def _impossible(at: int, sensor: Any, value: float) -> Place:
    low, high = sensor.limits
    wrong = f"must be from {low:g} to {high:g} {sensor.unit}, what the transducer can show, got {value:g}"
    return Place(place=f"readings.{at}.{sensor.name}", wrong=wrong)


def _levels(spec: PlantSpec, values: FloatArray) -> Any:
    """Return the level of each sensor (n, n_sensors): 0, 1 at or beyond the warning mark, 2 the critical mark."""
    marks = marks_of(spec.sensors)
    signed = values * marks.sign
    with np.errstate(invalid="ignore"):
        warning, critical = signed >= marks.warning * marks.sign, signed >= marks.critical * marks.sign
    return np.maximum(warning.astype(int), 2 * critical.astype(int))


def _results(
    spec: PlantSpec,
    models: dict[str, LineModel],
    machines: list[str],
    times: Any,
    scores: FloatArray,
    strange: dict[int, list[str]],
    levels: Any,
) -> list[dict[str, Any]]:
    """Return what the answer says of each reading, in order."""
    # Times as text by NumPy: datetime would take half of the whole request for a batch of 100.
    texts = np.datetime_as_string(times.astype("datetime64[us]"), unit="us").tolist()
    worst = levels.max(axis=1).tolist()
    facts = {machine: (model.threshold, model.version) for machine, model in models.items()}
    return [
        {
            "machine": machine,
            "time": f"{text}+00:00",
            "score": score,
            "threshold": facts[machine][0],
            "is_anomaly": at in strange,
            "status": STATUS[max(level, int(at in strange))],
            "sensors": strange.get(at, []),
            "beyond": [spec.sensor_names[i] for i in np.flatnonzero(levels[at])] if level else [],
            "model_version": facts[machine][1],
        }
        for at, (machine, text, score, level) in enumerate(
            zip(machines, texts, np.round(scores, 4).tolist(), worst, strict=True)
        )
    ]
