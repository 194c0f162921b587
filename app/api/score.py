"""POST /score: any series through any detector, from an empty state; nothing is stored."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.api.asking import iso, json_answer, moment_us
from app.api.heavy import SCORING
from app.api.problems import Place, problem
from engine.detectors.scorable import make_scorable
from engine.errors import ParameterError
from engine.records import SECOND_US, block_of

router = APIRouter(tags=["score"])
MOST_NUMBERS = 200_000
Value = Annotated[float, Field(allow_inf_nan=False, strict=True)] | None


class SeriesIn(BaseModel):
    """One machine's readings as columns of equal length; null = no reading."""

    model_config = ConfigDict(extra="forbid")
    detector: Annotated[str, Field(max_length=80)] = "z_score"
    parameters: dict[Annotated[str, Field(max_length=80)], float | int | bool | str] = Field(
        default_factory=dict, max_length=40
    )
    columns: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=80)], Annotated[list[Value], Field(max_length=20_000)]],
        Field(min_length=1, max_length=100, examples=[{"temperature": [20.0, 20.1, 35.0]}]),
    ]
    time: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20_000)] | None = None
    learn_first: Annotated[int, Field(ge=0, le=20_000)] = 0
    threshold: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class Scored(BaseModel):
    """A score for each row, the rows at or above the threshold, and the threshold."""

    detector: str
    threshold: float
    scores: list[float]
    alarms: list[int]
    time: list[str | None]


@router.post("/score", response_model=Scored)
async def score(series: SeriesIn) -> Response:
    """Score a series in order; the first `learn_first` rows are learned beforehand (score 0 while warming up)."""
    return await SCORING.run(_scored, series)


def _scored(series: SeriesIn) -> Response:
    lengths = {len(column) for column in series.columns.values()} | ({len(series.time)} if series.time else set())
    if len(lengths) != 1:
        return problem(422, "columns: all columns (and time) must have the same length.", [_place("columns")])
    rows = lengths.pop()
    if rows * len(series.columns) > MOST_NUMBERS:
        raise ParameterError(f"columns must hold at most {MOST_NUMBERS:,} numbers; send the series in parts.")
    detector = make_scorable(series.detector, dict(series.parameters))
    times = _times(series, rows)
    if rows and bool((np.diff(times) <= 0).any()):
        return problem(422, "time: times must rise from row to row.", [_place("time")])
    values = np.array([[np.nan if v is None else v for v in column] for column in series.columns.values()], float).T
    block = block_of(times, values.reshape(rows, len(series.columns)), ("machine",), tuple(series.columns))
    first = min(series.learn_first, rows)
    if first:
        detector.fit(block.ticks(0, first))
    scores = np.concatenate([np.zeros(first), detector.score_then_learn(block.ticks(first, rows))[:, 0]])
    threshold = series.threshold or float(detector.default_threshold)
    told = {"detector": series.detector, "threshold": threshold, "scores": np.round(scores, 4)}
    alarms = np.flatnonzero(scores >= threshold).tolist()
    return json_answer({**told, "alarms": alarms, "time": [iso(at) for at in times.tolist()]})


def _times(series: SeriesIn, rows: int) -> Any:
    if series.time is None:
        return (1 + np.arange(rows, dtype=np.int64)) * SECOND_US
    try:
        return np.array([moment_us(text) for text in series.time], np.int64)
    except ValueError as wrong:
        raise ParameterError(f"time {wrong}.") from None


def _place(where: str) -> Place:
    return Place(place=where, wrong="see detail")
