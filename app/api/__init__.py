"""The REST API, mounted at /api: one file per resource, each with a `router`.

To add a resource, write `app/api/<name>.py` with a `router` and add its name to `RESOURCES`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from engine.errors import AccessError, LabError, UnknownNameError

if TYPE_CHECKING:
    from starlette.requests import Request

RESOURCES = ("health", "live")


def build_api() -> FastAPI:
    """Return the API with all its resources; unknown paths answer 404 in JSON, never with a page."""
    api = FastAPI(title="FaultLab", docs_url=None, redoc_url=None)
    for name in RESOURCES:
        api.include_router(importlib.import_module(f"app.api.{name}").router)
    api.add_exception_handler(HTTPException, _http_problem)  # type: ignore[arg-type]
    api.add_exception_handler(LabError, _lab_problem)  # type: ignore[arg-type]
    return api


async def _http_problem(_request: Request, problem: HTTPException) -> JSONResponse:
    return JSONResponse({"error": problem.detail}, problem.status_code, headers=problem.headers)


async def _lab_problem(_request: Request, problem: LabError) -> JSONResponse:
    code = 403 if isinstance(problem, AccessError) else 404 if isinstance(problem, UnknownNameError) else 400
    return JSONResponse({"error": str(problem)}, code)
