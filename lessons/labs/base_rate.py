"""Experiment kind "base_rate": a thousand checks as dots, and how many of the alarms are true."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import BaseModel, Field

from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.spec import Strict

CHECKS, ROWS = 1000, 20


class Settings(Strict):
    """The keys of this kind: how common faults are, and what the detector does with faulty and with healthy ones."""

    faulty_per_1000: float = Field(default=1.0, gt=0, lt=1000)
    found_percent: float = Field(default=99.0, gt=0, le=100)
    false_percent: float = Field(default=1.0, ge=0, le=100)


class BaseRateLab(LabKind):
    """Bayes' rule, counted in dots."""

    name: ClassVar[str] = "base_rate"
    metrics: ClassVar[tuple[str, ...]] = ("true_alarm_share", "alarms", "events")
    Settings: ClassVar[type[BaseModel]] = Settings

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Count; the numbers are expectations, so nothing depends on the seed."""
        faulty = settings.faulty_per_1000
        true = faulty * settings.found_percent / 100
        false = (CHECKS - faulty) * settings.false_percent / 100
        metrics: dict[str, Number] = {
            "true_alarm_share": true / (true + false) if true + false else None,
            "alarms": true + false,
            "events": faulty,
        }
        note = f"Of 1,000 checks {faulty:g} meet a fault; {true:.1f} true and {false:.1f} false alarms are expected."
        return Outcome(metrics, (_dots(round(faulty), round(true), round(false)),), (note,))


def _dots(faulty: int, true: int, false: int) -> Lane:
    """Return the checks column by column, the faulty ones first; a cross is an alarm."""
    at = np.arange(CHECKS)
    x, y = (at // ROWS + 1).astype(float), (at % ROWS + 1).astype(float)
    # The false alarms are spread evenly over the healthy checks, so that the picture does not depend on chance.
    healthy = faulty + ((np.arange(false) + 0.5) * (CHECKS - faulty) / max(false, 1)).astype(int)
    alarms = np.concatenate([at[:true], healthy])
    marks = tuple((float(x[i]), float(y[i])) for i in alarms)
    band = ((0.5, float(np.ceil(max(faulty, 1) / ROWS)) + 0.5, "faulty"),)
    return Lane(
        "1,000 checks", x.tolist(), y.tolist(), "points", time=False, spans=band, marks=marks, x_title="cross: alarm"
    )
