"""POST /score-file: a stranger's file is read and scored; nothing is stored."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Query
from starlette.responses import Response

from app.api.asking import json_answer
from engine.reading.choices import Choices
from engine.reading.container import contents_of_bytes
from engine.reading.evidence import Notes
from engine.reading.profile import profile_of_contents
from engine.reading.series import table_of
from engine.scoring.outputs import answer_of
from engine.scoring.policy import Policy
from engine.scoring.recommended import DETECTOR
from engine.scoring.score import score_table

router = APIRouter(tags=["score"])
MOST_UNPACKED = 64 << 20
Content = Annotated[bytes, Body(media_type="application/octet-stream", min_length=1)]
Column = Annotated[str, Query(min_length=1, max_length=200)]
Columns = Annotated[list[Column], Query(max_length=200)]


@router.post("/score-file", response_model=dict[str, Any])
def score_file(
    content: Content,
    name: Annotated[str, Query(max_length=200, description="The file's name, for messages.")] = "file",
    detector: Annotated[str, Query(max_length=80)] = DETECTOR,
    threshold: Annotated[float | None, Query(ge=0, allow_inf_nan=False)] = None,
    confirm: Annotated[int, Query(ge=1, le=1000)] = 1,
    hold_off: Annotated[int, Query(ge=0, le=10_000)] = 10,
    time: Column | None = None,
    sensors: Columns = [],  # noqa: B006  FastAPI copies it
    label: Columns = [],  # noqa: B006
    machine: Column | None = None,
    long: Column | None = None,
    day_first: bool | None = None,
    decimal: Literal[".", ","] | None = None,
    skip: Annotated[int | None, Query(ge=0, le=100_000)] = None,
    sheet: Column | None = None,
    cycles: bool | None = None,
) -> Response:
    """Read a table (CSV, Excel, Parquet, JSON and others, packed or not) and score it; the answer says how and why.

    The same fields as `python -m engine score --json`: the profile with every decision, what was scored, the alarms.
    """
    choices = Choices(
        time=time, sensors=tuple(sensors), labels=tuple(label), machine=machine, long=long, day_first=day_first,
        decimal=decimal, skip=skip, sheet=sheet, cycles=cycles,
    )  # fmt: skip
    notes = Notes()
    plain = name.replace("\\", "/").rsplit("/", 1)[-1] or "file"
    contents = contents_of_bytes(plain, content, choices, notes, most=MOST_UNPACKED)
    profile = profile_of_contents(contents, choices, notes)
    table = table_of(profile)
    result = score_table(table, detector, threshold=threshold)
    return json_answer(answer_of(profile, table, result, Policy(result.threshold, confirm, hold_off)))
