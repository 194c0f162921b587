"""Detectors: those at work and the catalogue; instructors put them to work, set thresholds and take them out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.asking import Instructor
from app.lab import lab
from app.opening import add_later
from engine.catalog import describe, part, parts
from engine.detectors.context import OnContext
from engine.detectors.live import ON_CONTEXT
from engine.detectors.scorable import make_scorable
from engine.errors import UnknownNameError

router = APIRouter(tags=["detectors"])
OWN = ("family", "good_at", "bad_at", "online", "multivariate", "default_threshold", "peeks")


class DetectorIn(BaseModel):
    """A detector to put to work; parameters left out have their defaults."""

    model_config = ConfigDict(extra="forbid")
    detector: Annotated[str, Field(min_length=1, max_length=80)]
    parameters: dict[Annotated[str, Field(max_length=80)], float | int | bool | str] = Field(
        default_factory=dict, max_length=40
    )
    on_context: bool = Field(default=False, description="judge what the context stage leaves, not raw readings")
    threshold: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None


class ThresholdIn(BaseModel):
    """The score from which on a detector raises alarms."""

    model_config = ConfigDict(extra="forbid")
    threshold: Annotated[float, Field(gt=0, allow_inf_nan=False, strict=True)]


@router.get("/detectors")
def detectors() -> dict[str, Any]:
    """Return the detectors at work with threshold and cost, and the catalogue."""
    runner = lab().runner
    figures = runner.core.bench.figures()
    working = [{"name": n, "threshold": runner.thresholds.get(n), **facts} for n, facts in figures.items()]
    return {"at_work": working, "catalogue": [_described(name) for name in parts("detector")]}


@router.get("/detectors/{name}")
def detector(name: str) -> dict[str, Any]:
    """Return a detector of the catalogue with its parameters."""
    return _described(name)


@router.put("/detectors/{name}", status_code=200)
def add_detector(name: str, wanted: DetectorIn, _who: Instructor) -> dict[str, Any]:
    """Put a detector to work under a name, trained on the plant's past; one of that name gives way."""
    opened = lab()
    made = make_scorable(wanted.detector, dict(wanted.parameters)).bind(opened.spec)
    chosen = OnContext(made) if wanted.on_context or wanted.detector in ON_CONTEXT else made
    add_later(opened.runner, {_stored_name(name): chosen})
    if wanted.threshold is not None:
        opened.runner.set_threshold(name, wanted.threshold)
    return {"name": name, "threshold": opened.runner.thresholds[name]}


@router.patch("/detectors/{name}")
def set_threshold(name: str, wanted: ThresholdIn, _who: Instructor) -> dict[str, Any]:
    """Set the threshold of a detector at work."""
    lab().runner.set_threshold(name, wanted.threshold)
    return {"name": name, "threshold": wanted.threshold}


@router.delete("/detectors/{name}", status_code=204)
def remove_detector(name: str, _who: Instructor) -> None:
    """Take a detector out; its alarms end."""
    if name not in lab().runner.detectors:
        raise UnknownNameError("running detector", name, lab().runner.detectors)
    lab().runner.remove_detector(name)


def _described(name: str) -> dict[str, Any]:
    cls = part("detector", name)
    return {**describe("detector", name), **{key: getattr(cls, key) for key in OWN}}


def _stored_name(name: str) -> str:
    from engine.store.names import score_column

    score_column(name)  # refuses what cannot be a column
    return name
