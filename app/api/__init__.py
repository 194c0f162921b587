"""The REST API, mounted at /api: one file per resource, each with a `router`.

To add a resource, write `app/api/<name>.py` with a `router` and add its name to `RESOURCES`. Every path is there
twice: with its version (`/api/v1/…`, in the OpenAPI document) and without (`/api/…`, the newest version).
"""

from __future__ import annotations

import importlib
from typing import Any

from fastapi import Depends, FastAPI

from app.api.guard import Guard, Traffic
from app.api.once import Once
from app.api.problems import PROBLEMS, add_handlers
from app.api.queries import known_queries

RESOURCES = (
    "health",
    "live",
    "assignments",
    "predict",
    "status",
    "tables",
    "store",
    "plants",
    "ingest",
    "readings",
    "history",
    "windows",
    "streams",
    "score",
    "score_file",
    "detectors",
    "models",
    "alarms",
    "injections",
    "export",
    "tokens",
    "classroom",
    "metrics",
    "docs",
)
VERSION = "v1"
STRICT = [Depends(known_queries)]
SUMMARY = (
    "Readings, scores, alarms and commands of the plant. Everybody may read; commands need a role: sign in with the "
    "cookie of /login or send `Authorization: Bearer <token>` (POST /api/v1/tokens). Errors are problem+json "
    "(RFC 9457). Times are ISO 8601; without an offset they are UTC."
)


def build_api(traffic: Traffic | None = None) -> FastAPI:
    """Return the API with all its resources; unknown paths answer 404 in JSON, never with a page."""
    api = FastAPI(
        title="FaultLab",
        version="1.0",
        description=SUMMARY,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        responses=PROBLEMS,
        redirect_slashes=False,
    )
    api.state.traffic, api.state.once = traffic or Traffic(), Once()
    for name in RESOURCES:
        router = importlib.import_module(f"app.api.{name}").router
        api.include_router(router, prefix=f"/{VERSION}", dependencies=STRICT)
        api.include_router(router, include_in_schema=False, dependencies=STRICT)
    api.add_middleware(Guard, traffic=api.state.traffic)
    add_handlers(api)
    return api


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (method, path, description) of every operation in an OpenAPI document."""
    return [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
