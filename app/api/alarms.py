"""Alarms: the list for everybody; acknowledge, comment and shelve for staff."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field

from app.access import Viewer
from app.api.asking import Limit, Moment, Name, Someone, Staff, iso, moment_us, plant_meant
from app.api.status import alarm_line
from app.lab import lab
from engine.alarming.records import Alarm
from engine.errors import UnknownNameError

router = APIRouter(tags=["alarms"])
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Text = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
State = Annotated[Literal["raised", "acknowledged", "shelved", "suppressed", "cleared"] | None, Query()]


class CommentIn(BaseModel):
    """What you write on an alarm."""

    model_config = ConfigDict(extra="forbid")
    text: Text


class ShelfIn(BaseModel):
    """What is silenced for how long (plant time); null = all machines, all detectors."""

    model_config = ConfigDict(extra="forbid")
    minutes: Annotated[float, Field(gt=0, le=1440, allow_inf_nan=False)]
    machine: Annotated[str, Field(max_length=80)] | None = None
    detector: Annotated[str, Field(max_length=80)] | None = None


@router.get("/alarms")
def alarms(
    who: Someone,
    machine: Name | None = None,
    detector: Name | None = None,
    state: State = None,
    since: Moment | None = None,
    limit: Limit = 100,
    plant: Name | None = None,
) -> list[dict[str, Any]]:
    """Return alarms, the newest first, in the state they are in now."""
    meant = plant_meant(plant)
    if meant.live is None:
        return []
    since_us = 0 if since is None else moment_us(since)
    found = [
        alarm
        for alarm in meant.live.desk.recent
        if machine in (None, alarm.machine)
        and detector in (None, alarm.detector)
        and state in (None, alarm.state)
        and alarm.start_us >= since_us
    ]
    return [_told(alarm, who) for alarm in found[:limit]]


@router.post("/alarms/{number}/acknowledge")
def acknowledge(number: Number, who: Staff, plant: Name | None = None) -> dict[str, Any]:
    """Say that you have seen an alarm."""
    runner = _runner(plant)
    _known(runner, number)
    runner.acknowledge(number, _name(who))
    return _told(_known(runner, number), who)


@router.post("/alarms/{number}/comments")
def comment(number: Number, wanted: CommentIn, who: Staff, plant: Name | None = None) -> dict[str, Any]:
    """Write on an alarm."""
    runner = _runner(plant)
    _known(runner, number)
    runner.comment(number, _name(who), wanted.text)
    return _told(_known(runner, number), who)


@router.post("/alarms/shelve")
def shelve(wanted: ShelfIn, _who: Staff) -> dict[str, Any]:
    """Silence alarms for some plant time; they come back by themselves."""
    _check_names(wanted.machine, wanted.detector)
    lab().runner.shelve(wanted.minutes, wanted.machine, wanted.detector)
    return {"shelves": _shelves()}


@router.delete("/alarms/shelve")
def unshelve(_who: Staff, machine: Name | None = None, detector: Name | None = None) -> dict[str, Any]:
    """Take a silence back."""
    _check_names(machine, detector)
    lab().runner.unshelve(machine, detector)
    return {"shelves": _shelves()}


def _shelves() -> list[dict[str, Any]]:
    items = lab().runner.desk.shelves.items()
    return [{"machine": machine, "detector": detector, "until": iso(until)} for (machine, detector), until in items]


def _told(alarm: Alarm, who: Viewer) -> dict[str, Any]:
    """Return an alarm; what staff wrote on it is for staff."""
    facts = {**alarm_line(alarm), "isa_state": alarm.isa_state, "group": alarm.group, "onset": iso(alarm.onset_us),
             "reopened": alarm.reopened, "acknowledged": iso(alarm.acknowledged_us),
             "shelved_until": iso(alarm.shelved_until_us)}  # fmt: skip
    if who.role == "student":
        return facts
    comments = [{"time": iso(c.at_us), "author": c.author, "text": c.text} for c in alarm.comments]
    return {**facts, "acknowledged_by": alarm.acknowledged_by, "comments": comments}


def _runner(plant: str | None) -> Any:
    """Return whose alarms are meant: the lab's own plant's, or those of one that others feed."""
    meant = plant_meant(plant)
    if meant.live is None:
        raise UnknownNameError("plant that runs or is fed", meant.name, [lab().spec.name])
    return meant.live


def _known(runner: Any, number: int) -> Alarm:
    found: Alarm | None = next((alarm for alarm in runner.desk.recent if alarm.number == number), None)
    if found is None:
        raise UnknownNameError("alarm in memory", str(number), [str(a.number) for a in runner.desk.recent[:5]])
    return found


def _check_names(machine: str | None, detector: str | None) -> None:
    runner = lab().runner
    if machine is not None:
        runner.plant.spec.require_machine(machine)
    if detector is not None and detector not in runner.detectors:
        raise UnknownNameError("running detector", detector, runner.detectors)


def _name(who: Viewer) -> str:
    return who.handle or who.role
