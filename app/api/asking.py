"""What many routes ask for: times, limits, the plant that is meant, who may do it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import Depends, Query
from pydantic import AfterValidator
from starlette.requests import Request
from starlette.responses import Response

from app.access import Viewer, instructor_of, viewer_of
from app.lab import lab
from engine.errors import AccessError, UnknownNameError
from engine.records import iso_time, time_us

if TYPE_CHECKING:
    from engine.store.plants import PlantTable

EARLIEST, LATEST = time_us("1970-01-01T00:00:00Z"), time_us("2100-01-01T00:00:00Z")
LONGEST_NAME = 80


def moment_us(text: str) -> int:
    """Return a time as microseconds; ValueError with the cure when it is none between 1970 and 2100."""
    try:
        at = time_us(text)
    except (ValueError, OverflowError):
        raise ValueError("must be an ISO 8601 time such as 2026-01-05T08:00:00Z") from None
    if not EARLIEST <= at < LATEST:
        raise ValueError("must be a time between 1970 and 2100")
    return at


def _plain(name: str) -> str:
    if not name.isprintable() or re.search(r"[\"';\\]", name):
        raise ValueError("must be a plain name, without quotes, semicolons or control characters")
    return name


def _checked_time(text: str) -> str:
    moment_us(text)
    return text


Name = Annotated[str, Query(min_length=1, max_length=LONGEST_NAME), AfterValidator(_plain)]
Moment = Annotated[str, Query(max_length=40, examples=["2026-01-05T08:00:00Z"]), AfterValidator(_checked_time)]
Limit = Annotated[int, Query(ge=1, le=10_000)]
Someone = Annotated[Viewer, Depends(viewer_of)]
Instructor = Annotated[Viewer, Depends(instructor_of)]


def staff_of(request: Request) -> Viewer:
    """Return the instructor or teaching assistant who asks; AccessError for anybody else."""
    who = viewer_of(request)
    if who.role not in ("ta", "instructor"):
        raise AccessError("Only instructors and teaching assistants may do this; sign in or send a token.")
    return who


Staff = Annotated[Viewer, Depends(staff_of)]


@dataclass(frozen=True)
class Meant:
    """The plant that a request means: its table in the store, its run there, and what it shows live."""

    table: PlantTable
    run: int | None
    live: Any

    @property
    def name(self) -> str:
        return self.table.name


def plant_meant(name: str | None) -> Meant:
    """Return the plant of that name (None = the lab's own), or raise UnknownNameError."""
    opened = lab()
    name = name or opened.spec.name
    table = opened.store.known_plants().get(name)
    if name == opened.spec.name and table is not None:
        return Meant(table, opened.runner.run.run, opened.runner)
    if name in opened.desks.externals.plants and table is not None:
        plant = opened.desks.externals.get(name)
        return Meant(table, plant.run, plant)
    if table is None or table.source != "external":
        known = {known for known, one in opened.store.known_plants().items() if one.source == "external"}
        raise UnknownNameError("plant", name, {opened.spec.name, *known})
    return Meant(table, None, None)


def span_us(start: str | None, end: str | None) -> tuple[int | None, int | None]:
    """Return a span of the query as microseconds."""
    return None if start is None else moment_us(start), None if end is None else moment_us(end)


def iso(at_us: int | None) -> str | None:
    """Return a time for JSON; None and 0 (never) as None."""
    return iso_time(at_us) if at_us else None


def json_answer(content: Any, status: int = 200) -> Response:
    """Return JSON at once, arrays and NaN included (NaN becomes null)."""
    return Response(orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY), status, media_type="application/json")
