"""GET /api/health: whether the lab lives, and its figures."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.lab import lab

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, Any]:
    """Return the state of the runner, the store and the live stream; `status` is ok or degraded."""
    return lab().health()
