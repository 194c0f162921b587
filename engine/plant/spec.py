"""What a plant is made of: machines, sensors, lines and limits, read from a YAML file in data/plants."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from engine.errors import FileProblemError, LabError, UnknownNameError
from engine.home import home
from engine.yaml_file import line_of, read_file

PLANT_FOLDER = Path(__file__).resolve().parents[2] / "data" / "plants"
OWN_FOLDER = "plants"  # in the lab's home: YAML files of an instructor's own plants


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SensorSpec(_Strict):
    """One measuring channel of every machine of a plant.

    Parameters
    ----------
    normal
        Range (low, high) in which readings of a healthy machine usually lie; they do leave it sometimes.
    warning, critical
        Marks in the sensor's unit; None = none. On the low side when `low_side` is true.
    resolution
        Step to which readings are rounded; 1 / resolution must be a whole number.
    noise
        Standard deviation of the measuring noise, in the sensor's unit.
    limits
        What the transducer can show at all; readings rest on these rails beyond it.
    measures
        Quantities of the physics and their weights; the reading is `offset` + Σ weight · quantity.
    lag_s
        Time constant with which the sensor follows, in seconds; 0 = at once.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    unit: str
    normal: tuple[float, float]
    warning: float | None = None
    critical: float | None = None
    low_side: bool = False
    resolution: float = Field(gt=0, le=1)
    noise: float = Field(gt=0)
    limits: tuple[float, float]
    measures: dict[str, float]
    offset: float = 0.0
    lag_s: float = Field(default=0.0, ge=0, le=1200)
    meaning: str = ""

    @model_validator(mode="after")
    def _check(self) -> SensorSpec:
        low, high = self.normal
        if not low < high:
            raise ValueError(f"normal must rise from low to high, got [{low:g}, {high:g}]")
        if not (self.limits[0] <= low and high <= self.limits[1]):
            raise ValueError(f"limits must enclose normal, got {list(self.limits)}")
        if self.critical is not None and (self.critical > low if self.low_side else self.critical < high):
            where = f"at most {low:g}" if self.low_side else f"at least {high:g}"
            raise ValueError(f"critical must lie outside normal ({where}), got {self.critical:g}")
        if not math.isclose(round(1 / self.resolution), 1 / self.resolution, rel_tol=1e-9):
            raise ValueError(f"1 / resolution must be a whole number, got resolution {self.resolution:g}")
        if not self.measures:
            raise ValueError("measures must name at least one quantity")
        return self


class LineSpec(_Strict):
    """A production line or machine of the plant: its name, what it makes and where it stands."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
    title: str = ""
    component: str = ""
    place: str = ""


class _PlantFile(_Strict):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    physics: str
    company: str = ""
    facility: str = ""
    machines: tuple[LineSpec, ...] = Field(min_length=1)
    sensors: tuple[SensorSpec, ...] = Field(min_length=1)
    automatic: dict[str, float] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _check(self) -> _PlantFile:
        for kind, names in (("machine", [m.name for m in self.machines]), ("sensor", [s.name for s in self.sensors])):
            double = next((name for name in names if names.count(name) > 1), None)
            if double is not None:
                raise ValueError(f"two {kind}s are called {double!r}")
        return self


@dataclass(frozen=True)
class PlantSpec:
    """A plant as the simulator and the pages see it; hashable.

    Parameters
    ----------
    physics
        Name of the equations that move it (`engine.plant.physics`).
    automatic
        Faults that the automatic injection may draw, with their weights.
    """

    name: str
    title: str
    physics: str
    company: str
    facility: str
    lines: tuple[LineSpec, ...]
    sensors: tuple[SensorSpec, ...]
    automatic: tuple[tuple[str, float], ...]

    @property
    def machines(self) -> tuple[str, ...]:
        """The machines' names, in the order of the file."""
        return tuple(line.name for line in self.lines)

    @property
    def sensor_names(self) -> tuple[str, ...]:
        """The sensors' names, in the order of the file and of every block."""
        return tuple(sensor.name for sensor in self.sensors)

    def sensor(self, name: str) -> SensorSpec:
        """Return the sensor of that name, or raise UnknownNameError."""
        found = next((sensor for sensor in self.sensors if sensor.name == name), None)
        if found is None:
            raise UnknownNameError("sensor", name, self.sensor_names)
        return found

    def require_machine(self, name: str) -> str:
        """Return the name when a machine has it, or raise UnknownNameError."""
        if name not in self.machines:
            raise UnknownNameError("machine", name, self.machines)
        return name

    def scaled(self, count: int) -> PlantSpec:
        """Return the plant with `count` machines, MACHINE_001 onwards, the first ones as they are."""
        extra = tuple(LineSpec(name=f"MACHINE_{i + 1:03d}") for i in range(len(self.lines), count))
        return replace(self, lines=(*self.lines, *extra)[:count])


def plant_names() -> tuple[str, ...]:
    """Return the names of the shipped plants."""
    return tuple(sorted(path.stem for path in PLANT_FOLDER.glob("*.yaml")))


def own_plant_names() -> tuple[str, ...]:
    """Return the names of the plants in the lab's home; `load_plant` says when one is wrong."""
    return tuple(sorted(path.stem for path in (home() / OWN_FOLDER).glob("*.yaml")))


def load_plant(name_or_path: str | Path) -> PlantSpec:
    """Return a plant by name, shipped or of the lab's home, or any other by the path of its YAML file.

    Raises
    ------
    LabError
        When there is no such plant or its file is wrong; the text names file, line and cure.
    """
    text = str(name_or_path)
    if text.endswith((".yaml", ".yml")):
        path = Path(text)
        if not path.is_file():
            raise LabError(f"There is no plant file {text!r}; check the path.")
        return _read(path, path.stat().st_mtime_ns)
    place = next((path for path in _places(text) if path.is_file()), None)
    if place is None:
        raise UnknownNameError("plant", text, {*plant_names(), *own_plant_names()})
    found = _read(place, place.stat().st_mtime_ns)
    if found.name != text:
        raise FileProblemError(place.name, "name", f"the plant is called {found.name!r}", "name file and plant alike")
    return found


def _places(name: str) -> tuple[Path, ...]:
    """Return where the file of a plant may lie; a shipped one goes before."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        return ()
    return PLANT_FOLDER / f"{name}.yaml", home() / OWN_FOLDER / f"{name}.yaml"


@cache
def _read(path: Path, _changed: int) -> PlantSpec:
    from engine.catalog import parts
    from engine.plant.physics_kinds import physics_named

    content = read_file(path, _PlantFile)
    at: tuple[Any, ...] = ("physics",)
    try:
        physics = physics_named(content.physics)
        for place, sensor in enumerate(content.sensors):
            for quantity in sensor.measures:
                at = ("sensors", place, "measures", quantity)
                physics.require_quantity(quantity)
        for fault in content.automatic:
            at = ("automatic", fault)
            if fault not in parts("fault"):
                raise UnknownNameError("fault", fault, parts("fault"))
    except LabError as problem:
        line = line_of(yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader), at)
        place_said = f"line {line}, {'.'.join(map(str, at))}"
        raise FileProblemError(path.name, place_said, str(problem).rstrip("."), "correct that name") from None
    return PlantSpec(
        name=content.name,
        title=content.title,
        physics=content.physics,
        company=content.company,
        facility=content.facility,
        lines=content.machines,
        sensors=content.sensors,
        automatic=tuple(content.automatic.items()),
    )


def normal_ranges(plant: str) -> dict[str, tuple[float, float]]:
    """Return the normal range of each sensor by its name; nothing for a plant that has no file of its own."""
    try:
        return {sensor.name: sensor.normal for sensor in load_plant(plant).sensors}
    except LabError:
        return {}
