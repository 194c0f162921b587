"""Model versions: what is saved, which version is in charge; instructors promote, roll back and fit anew."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.asking import Instructor, iso
from app.lab import lab
from engine.models import Models, ModelVersion
from engine.predicting import DEFAULT_DETECTOR

router = APIRouter(tags=["models"])


class VersionIn(BaseModel):
    """The version to put in charge."""

    model_config = ConfigDict(extra="forbid")
    version: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


class FitIn(BaseModel):
    """Which detector is fitted anew, for every machine, on the plant's last week."""

    model_config = ConfigDict(extra="forbid")
    detector: Annotated[str, Field(max_length=80)] = DEFAULT_DETECTOR


@router.get("/models")
def models() -> list[dict[str, Any]]:
    """Return every model with the version in charge and how many there are."""
    found = []
    for name in _models().names():
        index, versions = _models().index(name), _models().versions(name)
        found.append({"name": name, "champion": index.champion, "challenger": index.challenger,
                      "versions": [one.version for one in versions]})  # fmt: skip
    return found


@router.get("/models/{model}")
def model(model: str) -> list[dict[str, Any]]:
    """Return the versions of a model: detector, parameters, span of its data, cost, libraries and digests."""
    return [_facts(version) for version in _models().versions(model)]


@router.post("/models", status_code=201)
def fit(wanted: FitIn, _who: Instructor) -> dict[str, int]:
    """Fit the models that answer /predict anew; the new versions are in charge at once."""
    opened = lab()
    now_us = max(opened.runner.snapshot().time_us, opened.runner.run.start_us)
    made = opened.desks.predictors.renew(opened.plant, opened.runner.run.run, now_us, wanted.detector)
    return {machine: one.version for machine, one in made.items()}


@router.post("/models/{model}/promote")
def promote(model: str, wanted: VersionIn, _who: Instructor) -> dict[str, Any]:
    """Put a version in charge."""
    index = _models().promote(model, wanted.version)
    lab().desks.predictors.forget()
    return {"name": model, "champion": index.champion}


@router.post("/models/{model}/roll-back")
def roll_back(model: str, _who: Instructor) -> dict[str, Any]:
    """Put the version back in charge that was so before."""
    index = _models().roll_back(model)
    lab().desks.predictors.forget()
    return {"name": model, "champion": index.champion}


def _models() -> Models:
    return Models(lab().desks.models_folder)


def _facts(version: ModelVersion) -> dict[str, Any]:
    return {
        "version": version.version,
        "detector": version.detector,
        "parameters": version.parameters,
        "machines": version.machines,
        "sensors": version.sensors,
        "from": iso(version.from_us),
        "until": iso(version.until_us),
        "ticks": version.n_ticks,
        "fit_seconds": version.fit_seconds,
        "made": version.made,
        "libraries": version.libraries,
        "sha256": version.sha256,
    }
