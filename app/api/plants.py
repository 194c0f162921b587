"""Plants, machines and faults: what there is; and plants that others feed: make one, take it away."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request

from app.access import viewer_of
from app.api.asking import Instructor, Name, iso, plant_meant
from app.api.once import client_of
from app.api.status import marks
from app.lab import lab
from engine.catalog import describe, parts
from engine.clock import FASTEST, SLOWEST
from engine.external import DEFAULT_DETECTORS, Asker, ExternalSensor, ExternalSpec
from engine.plant.spec import load_plant, own_plant_names, plant_names
from engine.running.choice import Choice, offers
from engine.seeds import LARGEST_SEED

router = APIRouter(tags=["plants"])
Text = Annotated[str, Field(min_length=1, max_length=80, strict=True)]
Number = Annotated[float, Field(allow_inf_nan=False, strict=True)]
PlantToken = Annotated[str, Header(max_length=200, description="what was answered when the plant was made")]


class SensorIn(BaseModel):
    """One sensor; without `normal` its usual range is taken from the first readings."""

    model_config = ConfigDict(extra="forbid")
    name: Text
    title: Annotated[str, Field(max_length=80)] = ""
    unit: Annotated[str, Field(max_length=20)] = ""
    normal: tuple[Number, Number] | None = None
    warning: Number | None = None
    critical: Number | None = None
    low_side: bool = False
    resolution: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.0


class PlantIn(BaseModel):
    """A plant that you feed yourself."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    title: Annotated[str, Field(max_length=120)] = ""
    machines: Annotated[list[Text], Field(min_length=1, max_length=200)]
    sensors: Annotated[list[SensorIn], Field(min_length=1, max_length=100)]
    detectors: Annotated[list[Text], Field(min_length=1, max_length=6)] = list(DEFAULT_DETECTORS)


class RunIn(BaseModel):
    """A new run: plant by name, seed (by chance without one) and seconds of plant time in a second."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"plant": "wind_turbine", "seed": 7}})
    plant: Text
    seed: Annotated[int, Field(ge=0, le=LARGEST_SEED, strict=True)] | None = None
    speed: Annotated[float, Field(ge=SLOWEST, le=FASTEST, allow_inf_nan=False)] | None = None


@router.get("/plants")
def plants() -> list[dict[str, Any]]:
    """Return the plants whose readings are here, the one that runs first, and those that could be run."""
    opened = lab()
    running = opened.spec.name
    stored = [name for name, table in opened.store.known_plants().items() if table.source == "external"]
    fed = opened.desks.externals.plants
    found = [{"name": running, "title": opened.spec.title, "source": "simulated", "live": True}]
    found += [{"name": n, "title": fed[n].spec.title if n in fed else n, "source": "external", "live": n in fed}
              for n in stored]  # fmt: skip
    others = [one for one in offers(opened.folder) if one.name != running and not one.problem]
    return found + [{"name": one.name, "title": one.title, "source": one.source, "live": False} for one in others]


@router.get("/plants/{plant}")
def plant(plant: str) -> dict[str, Any]:
    """Return a plant's machines, sensors with units and marks, company and facility."""
    opened = lab()
    if plant == opened.spec.name or plant in {*plant_names(), *own_plant_names()}:
        return _simulated(opened.spec if plant == opened.spec.name else load_plant(plant))
    meant = plant_meant(plant)
    spec = meant.live.spec if meant.live is not None else None
    facts = {"name": meant.name, "source": "external", "machines": list(meant.table.machines)}
    if spec is None:
        return {**facts, "title": meant.name, "sensors": [{"name": name} for name in meant.table.sensors]}
    return {**facts, **_fed(meant.live)}


@router.post("/plants", status_code=201)
def make_plant(wanted: PlantIn, request: Request, plant_token: PlantToken = "") -> dict[str, Any]:
    """Make a plant that you feed; the answer holds its `token`, shown this once.

    The same description again changes nothing. Another one makes the plant anew (more machines or sensors, other
    detectors; they begin anew): that is for who made it, by the header Plant-Token or signed in, and for staff.
    """
    sensors = tuple(ExternalSensor(**sensor.model_dump()) for sensor in wanted.sensors)
    spec = ExternalSpec(
        wanted.name, wanted.title or wanted.name, tuple(wanted.machines), sensors, tuple(wanted.detectors)
    )
    made, token = lab().desks.externals.claim(spec, _asker(request, plant_token))
    facts = {"name": made.spec.name, "source": "external", "machines": list(made.spec.machines), **_fed(made)}
    return facts if token is None else {**facts, "token": token}


@router.delete("/plants/{plant}", status_code=204)
def remove_plant(plant: str, request: Request, plant_token: PlantToken = "") -> None:
    """Take a plant away that somebody fed (who made it, or staff); its readings stay until retention ends them."""
    lab().desks.externals.remove(plant, _asker(request, plant_token))


def _asker(request: Request, token: str) -> Asker:
    who = viewer_of(request)
    return Asker(client_of(request), who.person, token, staff=who.role in ("ta", "instructor"))


@router.post("/runs", status_code=201)
def begin_run(wanted: RunIn, _who: Instructor) -> dict[str, Any]:
    """Put another plant, or this one anew, on stage: a new run begins, and everybody who watches sees it."""
    opened = lab()
    opened.change_plant(Choice(wanted.plant, wanted.seed, wanted.speed))
    run, clock = opened.runner.run, opened.runner.clock
    return {"run": run.run, "plant": run.plant, "seed": run.seed, "speed": clock.speed, "start": iso(run.start_us)}


@router.get("/machines")
def machines(plant: Name | None = None) -> list[dict[str, Any]]:
    """Return the machines of a plant."""
    spec = lab().spec
    if plant in (None, spec.name):
        return [line.model_dump() for line in spec.lines]
    return [{"name": name, "title": "", "component": "", "place": ""} for name in plant_meant(plant).table.machines]


@router.get("/faults")
def faults() -> list[dict[str, Any]]:
    """Return the catalogue of failure patterns: what could happen, never what does."""
    return [{**describe("fault", name), "kind": cls.kind} for name, cls in parts("fault").items()]


def _simulated(spec: Any) -> dict[str, Any]:
    return {
        "name": spec.name,
        "title": spec.title,
        "source": "simulated",
        "company": spec.company,
        "facility": spec.facility,
        "machines": list(spec.machines),
        "lines": [line.model_dump() for line in spec.lines],
        "sensors": [{"name": s.name, "title": s.title, "meaning": s.meaning, **marks(s)} for s in spec.sensors],
    }


def _fed(plant: Any) -> dict[str, Any]:
    sensors = [
        {"name": s.name, "title": s.title or s.name, "unit": s.unit, "normal": list(s.normal) if s.normal else None,
         "warning": s.warning, "critical": s.critical, "bad_side": "low" if s.low_side else "high"}
        for s in plant.spec.sensors
    ]  # fmt: skip
    return {
        "title": plant.spec.title,
        "sensors": sensors,
        "detectors": list(plant.detectors),
        "disabled": dict(plant.bench.disabled),
        "accepted": plant.accepted,
        "late": plant.late,
        "ahead": plant.ahead,
        "newest": iso(plant.newest_us),
    }
