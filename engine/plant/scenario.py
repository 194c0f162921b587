"""Scenarios: a plant, a span and what happens in it, written relative to the start, in data/scenarios/*.yaml."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from engine.catalog import part
from engine.errors import FileProblemError, LabError, UnknownNameError
from engine.plant.checks import check_journal
from engine.plant.journal import Entry, Injection, Journal, Maintenance
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, time_us
from engine.yaml_file import read_file

SCENARIO_FOLDER = Path(__file__).resolve().parents[2] / "data" / "scenarios"
Level = Literal["demo", "easy", "medium", "hard"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Happening(_Strict):
    machine: str
    at_h: float = Field(ge=0)
    fault: str | None = None
    severity: float | None = Field(default=None, gt=0, le=1)
    ramp_min: float | None = Field(default=None, ge=0)
    duration_h: float | None = Field(default=None, gt=0)
    shape: Literal["sudden", "linear", "smooth", "exponential"] | None = None
    sensors: tuple[str, ...] = ()
    values: dict[str, Any] = Field(default_factory=dict)
    maintenance_min: float | None = Field(default=None, ge=1)


class OneLiner(_Strict):
    """The best one-line rule on the scenario and what it reaches, as `python -m engine difficulty` measures it."""

    rule: str
    event_f1: float = Field(ge=0, le=1)


class _ScenarioFile(_Strict):
    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: str
    text: str = ""
    plant: str
    level: Level
    seed: int = 7
    start: str
    hours: float = Field(gt=0, le=24 * 366)
    rate: float = Field(default=0.1, gt=0, le=1000)
    auto_faults_per_machine_hour: float = Field(default=0.0, ge=0, le=60)
    scheduled_maintenance_interval_h: float | None = Field(default=None, gt=0)
    best_one_liner: OneLiner
    happenings: tuple[_Happening, ...] = ()

    @field_validator("start", mode="before")
    @classmethod
    def _a_time(cls, value: object) -> str:
        text = value.isoformat() if hasattr(value, "isoformat") else str(value)
        time_us(text)
        return text


@dataclass(frozen=True)
class Scenario:
    """What a scenario file says, ready to be played at any start with any seed."""

    name: str
    title: str
    text: str
    plant_name: str
    level: str
    seed: int
    start_us: int
    hours: float
    rate: float
    auto_faults_per_machine_hour: float
    scheduled_maintenance_interval_s: float | None
    best_one_liner: OneLiner
    happenings: tuple[_Happening, ...]

    @property
    def end_us(self) -> int:
        """The end of its span when it starts at its own start."""
        return self.start_us + round(self.hours * HOUR_US)

    def journal(self, start_us: int | None = None) -> Journal:
        """Return what happens as a journal, for a run that starts at that time (default: the scenario's own)."""
        start = self.start_us if start_us is None else start_us
        return Journal(tuple(_entry(number, one, start) for number, one in enumerate(self.happenings, start=1)))

    def plant(
        self, seed: int | None = None, start_us: int | None = None, machines: tuple[str, ...] | None = None
    ) -> Plant:
        """Return the plant of this scenario."""
        return Plant(
            load_plant(self.plant_name),
            self.seed if seed is None else seed,
            self.journal(start_us),
            machines,
            self.auto_faults_per_machine_hour,
            self.scheduled_maintenance_interval_s,
        )


def _entry(number: int, one: _Happening, start_us: int) -> Entry:
    at = start_us + round(one.at_h * HOUR_US)
    if one.fault is None:
        minutes = 30.0 if one.maintenance_min is None else one.maintenance_min
        return Maintenance(f"scenario-{number}", one.machine, at, minutes * 60.0, scheduled=True)
    usual = part("fault", one.fault)
    return Injection(
        id=f"scenario-{number}",
        machine=one.machine,
        fault=one.fault,
        severity=usual.severity if one.severity is None else one.severity,
        start_us=at,
        ramp_s=usual.ramp_s if one.ramp_min is None else one.ramp_min * 60.0,
        duration_s=usual.duration_s if one.duration_h is None else one.duration_h * 3600.0,
        shape=one.shape or usual.shape,
        sensors=one.sensors,
        values=tuple(one.values.items()),
    )


def scenario_names(plant: str | None = None) -> tuple[str, ...]:
    """Return the names of the shipped scenarios, of one plant or of all."""
    names = sorted(path.stem for path in SCENARIO_FOLDER.glob("*.yaml"))
    return tuple(name for name in names if plant is None or load_scenario(name).plant_name == plant)


def load_scenario(name_or_path: str | Path) -> Scenario:
    """Return a shipped scenario by name, or one of your own by the path of its YAML file.

    Raises
    ------
    LabError
        When there is no such scenario or its file is wrong; the text names file, line and cure.
    """
    text = str(name_or_path)
    own = text.endswith((".yaml", ".yml"))
    path = Path(text) if own else SCENARIO_FOLDER / f"{text}.yaml"
    if not path.is_file():
        if own:
            raise LabError(f"There is no scenario file {text!r}; check the path.")
        raise UnknownNameError("scenario", text, [found.stem for found in SCENARIO_FOLDER.glob("*.yaml")])
    return _read(path, path.stat().st_mtime_ns)


@cache
def _read(path: Path, _changed: int) -> Scenario:
    content = read_file(path, _ScenarioFile)
    hours = content.scheduled_maintenance_interval_h
    scenario = Scenario(
        name=content.name,
        title=content.title,
        text=content.text,
        plant_name=content.plant,
        level=content.level,
        seed=content.seed,
        start_us=time_us(content.start),
        hours=content.hours,
        rate=content.rate,
        auto_faults_per_machine_hour=content.auto_faults_per_machine_hour,
        scheduled_maintenance_interval_s=None if hours is None else hours * 3600.0,
        best_one_liner=content.best_one_liner,
        happenings=content.happenings,
    )
    try:
        check_journal(scenario.journal(), load_plant(scenario.plant_name))
    except LabError as problem:
        raise FileProblemError(path.name, "happenings", str(problem).rstrip("."), "correct that entry") from None
    return scenario
