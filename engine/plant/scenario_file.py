"""Makes scenario files of a level; one that a one-line rule solves better than the level allows is refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.difficulty import best_one_liner, require_level
from engine.errors import FileProblemError
from engine.plant.journal import Injection, Maintenance
from engine.plant.making import make_journal
from engine.plant.scenario import Scenario, load_scenario
from engine.plant.spec import load_plant
from engine.records import HOUR_US, MINUTE_US, iso_time

if TYPE_CHECKING:
    from engine.plant.journal import Entry


def measured(scenario: Scenario) -> tuple[str, float]:
    """Return the best one-liner on the scenario, played at its own start and seed with a reading a minute."""
    plant = scenario.plant()
    times = np.arange(scenario.start_us, scenario.end_us, MINUTE_US, dtype=np.int64)
    truth = plant.truth(scenario.start_us, scenario.end_us)
    return best_one_liner(plant.block(times), truth, plant.spec)


def make_scenario(
    folder: Path, name: str, plant: str, level: str, *, seed: int, start_us: int, hours: float, title: str, text: str
) -> Scenario:
    """Draw a scenario of that level, measure it, write `<name>.yaml` into the folder and return it.

    Raises
    ------
    LabError
        When nothing drawn stays under the level's cap or the folder cannot be written.
    """
    spec = load_plant(plant)
    journal = make_journal(spec, seed, level, start_us, hours)
    content = {
        "name": name,
        "title": title,
        "text": text,
        "plant": plant,
        "level": level,
        "seed": seed,
        "start": iso_time(start_us),
        "hours": hours,
        "rate": 0.1,
        "best_one_liner": {"rule": "not measured", "event_f1": 0.0},
        "happenings": [_plain(entry, start_us) for entry in journal],
    }
    path = folder / f"{name}.yaml"
    return write_scenario(path, content)


def write_scenario(path: Path, content: dict[str, Any]) -> Scenario:
    """Write the scenario with its measured best one-liner; a file above its level's cap is removed again."""
    _write(path, content)
    rule, event_f1 = measured(load_scenario(path))
    try:
        require_level(content["level"], event_f1, f"Scenario {content['name']!r}")
    except Exception:
        path.unlink()
        raise
    _write(path, {**content, "best_one_liner": {"rule": rule, "event_f1": event_f1}})
    return load_scenario(path)


def _write(path: Path, content: dict[str, Any]) -> None:
    import yaml

    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as problem:
        reason = (problem.strerror or "writing failed").lower()
        raise FileProblemError(path, "", reason, "choose a folder that exists and can be written") from None


def _plain(entry: Entry, start_us: int) -> dict[str, Any]:
    if isinstance(entry, Maintenance):
        at_h = (entry.start_us - start_us) / HOUR_US
        return {"machine": entry.machine, "at_h": round(at_h, 6), "maintenance_min": entry.duration_s / 60}
    assert isinstance(entry, Injection)
    return {
        "machine": entry.machine,
        "fault": entry.fault,
        "at_h": round((entry.start_us - start_us) / HOUR_US, 6),
        "severity": entry.severity,
        "ramp_min": round(entry.ramp_s / 60, 3),
        "duration_h": round(entry.duration_s / 3600, 5),
        "shape": entry.shape,
    }
