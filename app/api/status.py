"""How the lines stand: GET /current-status, /production-lines, /thresholds, /dashboard-data."""

from __future__ import annotations

from typing import Any

import numpy as np
from fastapi import APIRouter

from app.api.asking import iso
from app.lab import lab
from engine.lines import distribution
from engine.predicting import DEFAULT_DETECTOR
from engine.records import STATUS_WORDS

router = APIRouter(tags=["status"])
LEVELS = ("normal", "warning", "critical")
DISTRIBUTION_S = 3600.0


@router.get("/current-status")
def current_status() -> dict[str, Any]:
    """Return how the plant and each of its lines stand now: normal, warning, critical, maintenance or no data."""
    opened, lines = lab(), production_lines()
    return {
        "status": worst([line["status"] for line in lines]),
        "time": lines[0]["time"] if lines else None,
        "plant": plant_facts(),
        "production_lines": lines,
        "statistics": statistics(lines),
        "model": model_facts(),
        "running": opened.runner.alive and not opened.runner.clock.paused,
    }


@router.get("/production-lines")
def production_lines() -> list[dict[str, Any]]:
    """Return each line with its component, newest readings, levels, scores and standing alarms.

    A line without readings has status "no data": nothing is invented for it.
    """
    opened = lab()
    shot = opened.runner.snapshot()
    return [_line(opened.spec, opened.runner, shot, at, line) for at, line in enumerate(opened.spec.lines)]


@router.get("/thresholds")
def thresholds() -> dict[str, Any]:
    """Return the marks of every sensor, those of each line, and the score from which each detector raises an alarm."""
    opened = lab()
    shot = opened.runner.snapshot()
    return {
        "sensors": {sensor.name: marks(sensor) for sensor in opened.spec.sensors},
        "lines": {
            line.name: {sensor.name: marks(sensor) for sensor in opened.lines.sensors(line.name)}
            for line in opened.spec.lines
        },
        "detectors": dict(shot.thresholds),
        "disabled": dict(shot.disabled),
    }


@router.get("/dashboard-data")
def dashboard_data() -> dict[str, Any]:
    """Return everything that a dashboard draws in one answer: status, last readings, scores, alarms, statistics."""
    opened = lab()
    block, scores = opened.runner.recent(60.0)
    return {
        **current_status(),
        "sensors": [{"name": s.name, "title": s.title, **marks(s)} for s in opened.spec.sensors],
        "recent": {
            "time": [iso(at) for at in block.times_us.tolist()],
            "machines": list(block.machines),
            "values": {s: _plain(block.values[:, :, i].T) for i, s in enumerate(block.sensors)},
            "scores": {name: _plain(values.T) for name, values in scores.items()},
        },
        "score_distribution": _distributions(opened.runner),
        "alarms": [alarm_line(alarm) for alarm in opened.runner.desk.recent[:20]],
    }


def _distributions(runner: Any) -> dict[str, Any]:
    """Return for each detector how often which scores came in the last hour of plant time, and its threshold."""
    scores, thresholds = runner.recent(DISTRIBUTION_S)[1], runner.snapshot().thresholds
    return {name: {"threshold": thresholds.get(name), **distribution(values)} for name, values in scores.items()}


def plant_facts() -> dict[str, Any]:
    """Return who the plant is: name, company and facility as its file says."""
    spec = lab().spec
    return {"name": spec.name, "title": spec.title, "company": spec.company, "facility": spec.facility}


def marks(sensor: Any) -> dict[str, Any]:
    """Return the data sheet of a sensor."""
    return {
        "unit": sensor.unit,
        "normal": list(sensor.normal),
        "warning": sensor.warning,
        "critical": sensor.critical,
        "bad_side": "low" if sensor.low_side else "high",
    }


def alarm_line(alarm: Any) -> dict[str, Any]:
    """Return an alarm in one line."""
    return {
        "number": alarm.number,
        "machine": alarm.machine,
        "detector": alarm.detector,
        "state": alarm.state,
        "priority": alarm.priority,
        "start": iso(alarm.start_us),
        "end": iso(alarm.end_us),
        "no_data_since": iso(alarm.silent_since_us),
        "peak": round(alarm.peak_score, 3),
        "sensors": list(alarm.sensors),
    }


def statistics(lines: list[dict[str, Any]]) -> dict[str, Any]:
    """Return how many lines there are of each status, and the mean of their scores."""
    counts = {level: sum(line["status"] == level for line in lines) for level in (*LEVELS, "maintenance", "no data")}
    scores = [score for line in lines for score in line["scores"].values() if score is not None]
    return {"total_lines": len(lines), **counts, "average_score": round(float(np.mean(scores)), 4) if scores else None}


def model_facts() -> dict[str, Any]:
    """Return which model answers /predict, and the versions in use where it has answered already."""
    ready = lab().desks.predictors.ready(lab().plant, DEFAULT_DETECTOR) or {}
    return {"detector": DEFAULT_DETECTOR, "versions": {machine: model.version for machine, model in ready.items()}}


def worst(statuses: list[str]) -> str:
    """Return the worst of several states."""
    return next((level for level in reversed(LEVELS) if level in statuses), "normal" if statuses else "no data")


def _line(spec: Any, runner: Any, shot: Any, at: int, line: Any) -> dict[str, Any]:
    head = {"name": line.name, "title": line.title or line.name, "component": line.component, "place": line.place}
    alarms = [alarm for alarm in shot.alarms if alarm.machine == line.name]
    if not len(shot.block) or line.name not in shot.block.machines:
        return {**head, "status": "no data", "state": "no data", "time": None, "readings": {}, "levels": {},
                "scores": {}, "alarms": len(alarms)}  # fmt: skip
    at = shot.block.machines.index(line.name)
    values, state = shot.block.values[-1, at], int(shot.block.status[-1, at])
    own = lab().lines.marks().get(line.name, runner.core.marks)
    levels = [int(own.level(_only(values, i)[None, :])) for i in range(len(values))]
    scores = {name: _number(column[at]) for name, column in shot.scores.items()}
    priority = max((LEVELS.index(p) if (p := alarm.priority) in LEVELS else 1 for alarm in alarms), default=0)
    status = "maintenance" if state else LEVELS[max([0, *levels, priority])]
    return {
        **head,
        "status": "no data" if np.isnan(values).all() else status,
        "state": STATUS_WORDS[state],
        "time": iso(shot.time_us),
        "readings": {name: _number(values[i]) for i, name in enumerate(spec.sensor_names)},
        "levels": {name: LEVELS[levels[i]] for i, name in enumerate(spec.sensor_names)},
        "scores": scores,
        "alarms": len(alarms),
    }


def _only(values: Any, keep: int) -> Any:
    """Return the readings with all but one left out (NaN)."""
    alone = np.full(len(values), np.nan)
    alone[keep] = values[keep]
    return alone


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else round(number, 4)


def _plain(values: Any) -> list[list[float | None]]:
    return [[_number(value) for value in row] for row in values]
