"""Streams: the clock of the plant (GET and PATCH /stream) and the catalogue of sources and sinks."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.asking import Instructor
from app.lab import lab
from engine.catalog import describe, parts

router = APIRouter(tags=["streams"])


class ClockIn(BaseModel):
    """What of the plant's clock is to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    speed: Annotated[float, Field(ge=0.1, le=10_000, allow_inf_nan=False)] | None = None
    paused: bool | None = None
    step: Annotated[int, Field(ge=1, le=100_000)] | None = None


@router.get("/stream")
def stream_state() -> dict[str, Any]:
    """Return how the stream of readings runs: speed, pause, tick length, queue, drops and viewers."""
    facts = lab().health()
    kept = ("time", "speed", "paused", "tick_s", "ticks", "ticks_per_s", "lag_s", "queue", "viewers")
    return {name: facts[name] for name in kept} | {"address": "/api/live", "server_sent_events": "/api/live/stream"}


@router.patch("/stream")
def set_stream(wanted: ClockIn, _who: Instructor) -> dict[str, Any]:
    """Set the plant's speed, pause or continue it, or go some ticks on."""
    runner = lab().runner
    if wanted.speed is not None:
        runner.set_speed(wanted.speed)
    if wanted.paused is not None:
        (runner.pause if wanted.paused else runner.resume)()
    if wanted.step is not None:
        runner.step(wanted.step)
    return stream_state()


@router.get("/streams")
def streams() -> dict[str, list[dict[str, Any]]]:
    """Return where readings can come from and go to, with the settings of each."""
    return {
        "sources": [describe("source", name) for name in parts("source")],
        "sinks": [describe("sink", name) for name in parts("sink")],
    }
