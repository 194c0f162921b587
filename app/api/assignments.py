"""The data of one's own assignments for eyes: thinned windows for the labelling chart, and a replay as a stream.

Everything is asked through the student's desk, so an id that was guessed and one that is not out look the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from app.access import standing
from app.api.classroom import Member
from app.classroom.student import StudentDesk
from app.classroom.student_data import window
from app.lab import lab
from engine.errors import AccessError, LabError
from engine.records import MAINTENANCE, iso_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

router = APIRouter(tags=["class"])
Name = Annotated[str, Path(max_length=61)]
LONGEST_NAME = 80
_FRESH = {"Cache-Control": "no-store"}


def desk_of(who: Member) -> StudentDesk:
    """Return the desk of the person who asks; AccessError for strangers. A FastAPI dependency."""
    return StudentDesk(lab().classroom, who)


Desk = Annotated[StudentDesk, Depends(desk_of)]


@router.get("/assignments/{assignment}/window", response_model=dict[str, Any])
def readings_in_window(
    desk: Desk,
    assignment: Name,
    machine: Annotated[str, Query(max_length=LONGEST_NAME)],
    start: Annotated[float | None, Query(description="Milliseconds since 1970; the first reading without it.")] = None,
    end: Annotated[float | None, Query(description="Milliseconds since 1970; the last reading without it.")] = None,
    points: Annotated[int, Query(ge=10, le=2000)] = 800,
) -> Response:
    """Return a stretch of one machine's readings, thinned to lowest and highest of so many parts."""
    variant, (block, until_us) = desk.variant(assignment), desk.readings(assignment)
    if machine not in variant.machines:
        raise LabError(f"machine must be one of: {', '.join(variant.machines)}.")
    first = variant.start_us if start is None else round(max(0.0, min(start, 1e14)) * 1000)
    last = variant.end_us if end is None else round(max(0.0, min(end, 1e14)) * 1000)
    told = window(block, machine, (first, last), points, until_us)
    return Response(orjson.dumps({**told, "until": until_us / 1000}), media_type="application/json", headers=_FRESH)


@router.get("/assignments/{assignment}/stream")
async def stream(
    desk: Desk,
    assignment: Name,
    speed: Annotated[float, Query(gt=0, le=10_000)] = 600.0,
    limit: Annotated[int | None, Query(ge=1, le=10_000_000)] = None,
) -> StreamingResponse:
    """Replay one's data as server-sent events, `speed` seconds of it in a second; each event is one tick."""
    if desk.card(assignment).spec.future_hidden:
        raise AccessError("The stream of this assignment runs on its labelling page, once.")
    block, _ = await asyncio.to_thread(desk.readings, assignment)
    return StreamingResponse(_ticks(desk, block, speed, limit), media_type="text/event-stream", headers=_FRESH)


async def _ticks(desk: StudentDesk, block: Any, speed: float, limit: int | None) -> AsyncIterator[bytes]:
    steps, who = (block.times_us[1:] - block.times_us[:-1]).tolist(), standing(desk.person.person)
    for tick in range(min(len(block), limit or len(block))):
        if standing(desk.person.person) != who:
            return  # dropped meanwhile, or another role
        if tick:
            await asyncio.sleep(steps[tick - 1] / 1e6 / speed)
        yield b"data: " + orjson.dumps(_tick(block, tick)) + b"\n\n"


def _tick(block: Any, tick: int) -> dict[str, Any]:
    values = [[None if v != v else v for v in row] for row in block.values[tick].tolist()]
    machines = {
        machine: {**dict(zip(block.sensors, values[at], strict=True)), "maintenance": bool(states == MAINTENANCE)}
        for at, (machine, states) in enumerate(zip(block.machines, block.status[tick], strict=True))
    }
    return {"timestamp": iso_time(int(block.times_us[tick])), "machines": machines}
