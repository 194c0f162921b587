"""GET /health: whether the lab lives, and its figures; degraded always comes with the reason."""

from __future__ import annotations

import functools
import importlib.metadata
import platform
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from app.lab import lab

router = APIRouter(tags=["health"])
PACKAGES = ("streamlit", "duckdb", "fastapi", "numpy", "scikit-learn", "pyod")


@router.get("/health")
def health(request: Request) -> dict[str, Any]:
    """Return the state of runner, store, streams and API; `status` is ok, degraded (with `reasons`) or stopped."""
    facts = lab().health()
    traffic = request.app.state.traffic
    notes = list(facts.get("notes", []))
    if facts["restarts"]:
        notes.append(f"The engine's thread died {facts['restarts']} times and was started again.")
    fed = lab().desks.externals.plants
    return {
        **facts,
        "notes": notes,
        "external_plants": {
            name: {"accepted": one.accepted, "late": one.late, "ahead": one.ahead} for name, one in fed.items()
        },
        "api": {"requests": sum(traffic.requests.values()), "refused_for_rate": traffic.refused},
        "versions": versions(),
    }


@functools.cache
def versions() -> dict[str, str]:
    """Return the versions of Python and of what the lab stands on."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in PACKAGES}}
