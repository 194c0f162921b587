"""The data of one's own assignments for eyes: thinned windows for the labelling chart, and a replay as a stream.

Everything is asked through the student's desk, so an id that was guessed and one that is not out look the same.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import orjson
from fastapi import APIRouter, Depends, Path, Query
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from app.access import standing
from app.api.classroom import Member
from app.api.heavy import HEAVY
from app.classroom.student import StudentDesk
from app.classroom.student_data import window
from app.lab import lab
from engine.errors import AccessError, LabError
from engine.records import MAINTENANCE, iso_time

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.records import Block

router = APIRouter(tags=["class"])
Name = Annotated[str, Path(max_length=61)]
LONGEST_NAME = 80
BEAT_S, MOST_TICKS = 0.05, 500  # of a replay that are sent at once
_FRESH = {"Cache-Control": "no-store"}


def desk_of(who: Member) -> StudentDesk:
    """Return the desk of the person who asks; AccessError for strangers. A FastAPI dependency."""
    return StudentDesk(lab().classroom, who)


Desk = Annotated[StudentDesk, Depends(desk_of)]


@router.get("/assignments/{assignment}/window", response_model=dict[str, Any])
async def readings_in_window(
    desk: Desk,
    assignment: Name,
    machine: Annotated[str, Query(max_length=LONGEST_NAME)],
    start: Annotated[float | None, Query(description="Milliseconds since 1970; the first reading without it.")] = None,
    end: Annotated[float | None, Query(description="Milliseconds since 1970; the last reading without it.")] = None,
    points: Annotated[int, Query(ge=10, le=2000)] = 800,
) -> Response:
    """Return a stretch of one machine's readings, thinned to lowest and highest of so many parts."""
    return await HEAVY.run(_window, desk, assignment, machine, (start, end), points)


def _window(
    desk: StudentDesk, assignment: str, machine: str, span: tuple[float | None, float | None], points: int
) -> Response:
    (start, end) = span
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
    block = await HEAVY.run(_replayed, desk, assignment)
    return StreamingResponse(_ticks(desk, block, speed, limit), media_type="text/event-stream", headers=_FRESH)


def _replayed(desk: StudentDesk, assignment: str) -> Block:
    if desk.card(assignment).spec.future_hidden:
        raise AccessError("The stream of this assignment runs on its labelling page, once.")
    return desk.readings(assignment)[0]


async def _ticks(desk: StudentDesk, block: Block, speed: float, limit: int | None) -> AsyncIterator[bytes]:
    """Yield the ticks when they are due; what is due within a beat is made and sent together, beside the loop."""
    loop, who = asyncio.get_running_loop(), await HEAVY.run(standing, desk.person.person)
    count, first = min(len(block), limit or len(block)), 0
    due_s = (block.times_us[:count] - block.times_us[0]) / 1e6 / speed
    began = loop.time()
    while first < count:
        await asyncio.sleep(max(0.0, began + float(due_s[first]) - loop.time()))
        last = int(np.searchsorted(due_s, due_s[first] + BEAT_S, "right"))
        made = await HEAVY.run(_events, desk, who, block, (first, min(last, first + MOST_TICKS)))
        if made is None:
            return  # dropped meanwhile, or another role
        yield made
        first = min(last, first + MOST_TICKS)


def _events(desk: StudentDesk, who: object, block: Block, span: tuple[int, int]) -> bytes | None:
    """Return the ticks as events, or None for somebody who is not who began to listen."""
    if standing(desk.person.person) != who:
        return None
    return b"".join(b"data: " + orjson.dumps(_tick(block, tick)) + b"\n\n" for tick in range(*span))


def _tick(block: Block, tick: int) -> dict[str, Any]:
    values = [[None if v != v else v for v in row] for row in block.values[tick].tolist()]
    machines = {
        machine: {**dict(zip(block.sensors, values[at], strict=True)), "maintenance": bool(states == MAINTENANCE)}
        for at, (machine, states) in enumerate(zip(block.machines, block.status[tick], strict=True))
    }
    return {"timestamp": iso_time(int(block.times_us[tick])), "machines": machines}
