"""Breaking machines on purpose: for instructors alone, for this is the truth."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.asking import Instructor, Name, iso
from app.lab import lab

router = APIRouter(tags=["injections"])
Seconds = Annotated[float, Field(ge=0, le=604_800, allow_inf_nan=False)]
Word = Annotated[str, Field(min_length=1, max_length=80)]


class InjectionIn(BaseModel):
    """A fault on a machine; times in seconds of plant time."""

    model_config = ConfigDict(extra="forbid")
    fault: Word
    machine: Word
    severity: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.8
    ramp_s: Seconds = 600.0
    duration_s: Annotated[float, Field(gt=0, le=604_800, allow_inf_nan=False)] = 3600.0
    delay_s: Seconds = 0.0
    shape: Literal["sudden", "linear", "smooth", "exponential"] = "linear"
    sensors: Annotated[list[Word], Field(max_length=100)] = Field(default_factory=list)


class MaintenanceIn(BaseModel):
    """A stop of a machine."""

    model_config = ConfigDict(extra="forbid")
    machine: Word
    minutes: Annotated[float, Field(gt=0, le=10_080, allow_inf_nan=False)] = 30.0
    delay_s: Seconds = 0.0


@router.get("/injections")
def injections(_who: Instructor) -> dict[str, Any]:
    """Return what acts on the machines now, what is to come, and the whole journal."""
    runner = lab().runner
    return {
        "active": [{"machine": one.machine, "fault": one.fault, "id": one.id} for one in runner.active_faults()],
        "pending": [entry.id for entry in runner.pending_entries()],
        "journal": runner.plant.journal.to_json(),
    }


@router.post("/injections", status_code=201)
def inject(wanted: InjectionIn, _who: Instructor) -> dict[str, Any]:
    """Break a machine."""
    entry = lab().runner.inject(**{**wanted.model_dump(), "sensors": tuple(wanted.sensors)})
    return {"id": entry.id, "fault": entry.fault, "machine": entry.machine, "start": iso(entry.start_us)}


@router.delete("/injections")
def clear(_who: Instructor, machine: Name | None = None) -> dict[str, list[str]]:
    """End the faults of a machine, or of all."""
    return {"cleared": list(lab().runner.clear(machine))}


@router.post("/injections/undo")
def undo(_who: Instructor) -> dict[str, str]:
    """Take the last command back."""
    return {"undone": lab().runner.undo()}


@router.post("/maintenance", status_code=201)
def maintain(wanted: MaintenanceIn, _who: Instructor) -> dict[str, Any]:
    """Stop a machine for work, which repairs it."""
    entry = lab().runner.maintain(wanted.machine, wanted.minutes, wanted.delay_s)
    return {"id": entry.id, "machine": entry.machine, "start": iso(entry.start_us), "minutes": wanted.minutes}
