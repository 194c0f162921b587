"""Errors as application/problem+json (RFC 9457): a title, the status, a sentence with the cure, and places."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.access import viewer_of
from engine.classroom.doors import TooManyTriesError
from engine.errors import AccessError, LabError, StoreError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from fastapi import FastAPI
    from starlette.requests import Request

log = logging.getLogger(__name__)
MEDIA = "application/problem+json"
MOST_PLACES = 20


class Place(BaseModel):
    """One thing that is wrong in a request and where."""

    place: str
    wrong: str


class Problem(BaseModel):
    """What went wrong; `detail` is one sentence for people, `errors` names places where there are several."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Place] = Field(default_factory=list)


_SHAPE = Problem.model_json_schema()
_SHAPE["properties"]["errors"]["items"] = _SHAPE.pop("$defs")["Place"]  # a document's `#/` is not this schema's
_SCHEMA = {"description": "The request cannot be served.", "content": {MEDIA: {"schema": _SHAPE}}}
# What any path may answer besides its own success.
PROBLEMS: dict[int | str, dict[str, Any]] = {
    code: {**_SCHEMA, "description": HTTPStatus(code).phrase}
    for code in (400, 401, 403, 404, 405, 409, 411, 413, 415, 422, 429, 503)
}


def problem(
    status: int, detail: str, places: Iterable[Place] = (), headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer for a problem."""
    told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=list(places)[:MOST_PLACES])
    return Response(orjson.dumps(told.model_dump()), status, dict(headers or {}), media_type=MEDIA)


def add_handlers(api: FastAPI) -> None:
    """Give the API one form of error for everything that can go wrong."""
    api.add_exception_handler(HTTPException, _http)  # type: ignore[arg-type]
    api.add_exception_handler(RequestValidationError, _invalid)  # type: ignore[arg-type]
    api.add_exception_handler(LabError, lab_problem)  # type: ignore[arg-type]
    api.add_exception_handler(Exception, _defect)


def places_of(errors: Iterable[Any]) -> list[Place]:
    """Return pydantic's errors as places; what was sent is not repeated."""
    return [
        Place(
            place=".".join(str(part) for part in one["loc"]) or "body", wrong=one["msg"].removeprefix("Value error, ")
        )
        for one in errors
    ]


def invalid(errors: Iterable[Any]) -> Response:
    """Return the answer for a request of the wrong form: 422 with every place and reason."""
    found = places_of(errors)
    first = f"{found[0].place}: {found[0].wrong}" if found else "The request has the wrong form"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return problem(422, f"{first}{more}.", found)


async def _http(_request: Request, error: HTTPException) -> Response:
    detail = str(error.detail)
    if error.status_code == 404 and detail == "Not Found":
        detail = "There is no such path; /api/docs lists all of them."
    if error.status_code == 405:
        detail = "This path does not take that method; /api/docs lists what it takes."
    return problem(error.status_code, detail, headers=error.headers)


async def _invalid(_request: Request, error: RequestValidationError) -> Response:
    return invalid(error.errors())


async def lab_problem(request: Request, error: LabError) -> Response:
    """Return the answer for an error that a person can mend."""
    if isinstance(error, TooManyTriesError):
        return problem(429, str(error), headers={"Retry-After": str(error.seconds)})
    if isinstance(error, AccessError):
        who = viewer_of(request)
        if who.role == "student" and who.handle is None:
            return problem(401, str(error), headers={"WWW-Authenticate": "Bearer"})
        return problem(403, str(error))
    if isinstance(error, UnknownNameError):
        return problem(404, str(error))
    return problem(503 if isinstance(error, StoreError) else 422, str(error))


async def _defect(request: Request, error: Exception) -> Response:
    log.error("defect in %s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "That is a defect of the lab, not of your request; the log has the details.")
