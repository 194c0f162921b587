"""Experiment kind "night_shift": a whole set-up on an unknown plant, graded by the rubric of the class.

The detector is fitted on the first part of the history and its cut is set on the second, from a budget. Alarms go
through the engine's trigger. Then the same set-up has to live through trouble that it never saw: another kind of fault,
a sensor that drops out, a clock that is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import Field

from engine.alarming.rules import AlarmRules
from engine.alarming.trigger import Trigger
from engine.catalog import make
from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.rubric import load_rubric
from engine.detectors.context import with_context
from engine.records import SECOND_US, Label
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.detector import DRAWN
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray, IntArray, StatusArray, TruthEvent

SET_UPS = ("z_score", "ewma", "cusum", "mahalanobis", "hotelling_t2", "range_rule")
RUBRIC = "alarms-v1"
FITTED = 0.6  # share of the history on which the detector is fitted
QUIET_WEIGHT, TROUBLE_WEIGHT = 0.7, 0.3


class Settings(Strict):
    """The keys of this kind; `predicted` is the score that the team expects, 0 to 100."""

    plant: PlantPart = PlantPart(
        machines=("MACHINE_001", "MACHINE_002", "MACHINE_003"), rate_hz=0.0166667, days=3, history_hours=96
    )
    inject: tuple[InjectPart, ...] = ()
    trouble: tuple[InjectPart, ...] = ()
    detector: str = Field(default="z_score", pattern=f"^({'|'.join(SET_UPS)})$")
    input: str = Field(default="raw", pattern="^(raw|context)$")
    budget: float = Field(default=1.0, ge=0.01, le=200)
    confirm: int = Field(default=1, ge=1, le=60)
    off_delay_minutes: float = Field(default=1, ge=0, le=240)
    predicted: float = Field(default=50, ge=0, le=100)


@dataclass(frozen=True)
class Shift:
    """What a detector said about one plant: calibration scores, scores, times, status, and the key."""

    calibration: FloatArray
    scores: FloatArray
    times_us: IntArray
    status: StatusArray
    key: AnswerKey


class NightShiftLab(LabKind):
    """Build, tune, predict, and be graded on plants that you never see."""

    name: ClassVar[str] = "night_shift"
    metrics: ClassVar[tuple[str, ...]] = (
        "score", "robustness", "calibration_error", "event_recall", "false_alarms_per_day", "alarms_per_day",
        "alarms", "events", "threshold",
    )  # fmt: skip
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run: the plant is played twice."""
        return 2 * settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Grade the quiet nights and the troubled ones by the same rubric."""
        seed = settings.plant.the_seed(seed)
        calm = _shift(*_shared(settings), settings.detector, settings.input, "", seed)
        trouble = _shift(*_shared(settings), settings.detector, settings.input, "trouble", seed + 50_000)
        marks, cut = alarms_of(settings, calm)
        graded = grade(Work("alarms", tuple(marks)), calm.key, load_rubric(RUBRIC))
        rough = grade(Work("alarms", tuple(alarms_of(settings, trouble)[0])), trouble.key, load_rubric(RUBRIC))
        best = load_rubric(RUBRIC).points - 10.0  # nobody names the faults here, so that line is out of reach
        points, robust = (min(100.0, 100 * each.points / best) for each in (graded, rough))
        score = QUIET_WEIGHT * points + TROUBLE_WEIGHT * robust
        days = (calm.key.end_us - calm.key.start_us) / (86_400 * SECOND_US)
        metrics = {
            "score": score, "robustness": robust, "calibration_error": abs(settings.predicted - score),
            "event_recall": graded.measure["recall"], "false_alarms_per_day": graded.measure["false_alarms_per_day"],
            "alarms": float(len(marks)), "alarms_per_day": len(marks) / days, "events": float(len(calm.key.owed)),
            "threshold": float(np.median(cut)),
        }  # fmt: skip
        return Outcome(metrics, lanes_of(settings, calm, marks, cut))


def _shared(settings: Settings) -> tuple[str, str, str]:
    """Return what the scores depend on, as text that a cache can keep."""
    parts = (settings.inject, settings.trouble)
    texts = ["[" + ",".join(entry.model_dump_json() for entry in part) + "]" for part in parts]
    return settings.plant.model_dump_json(), texts[0], texts[1]


@lru_cache(maxsize=160)
def _shift(plant: str, inject: str, trouble: str, detector: str, fed: str, which: str, seed: int) -> Shift:
    """Return the scores of one plant; moving the cut or the delays needs no new run."""
    import json

    part = PlantPart.model_validate_json(plant).model_copy(update={"seed": "fresh"})
    entries = [*json.loads(inject), *(json.loads(trouble) if which else [])]
    readings = Readings(part, tuple(InjectPart.model_validate(entry) for entry in entries), seed)
    model: Any = make("detector", detector, {})
    model.bind(readings.plant.spec)
    if fed == "context":
        model = with_context(model)
    history, block = readings.history, readings.block
    half = round(FITTED * len(history))
    first, second = slice(0, half), slice(half, len(history))
    parts = [
        replace(history, times_us=history.times_us[s], values=history.values[s], status=history.status[s])
        for s in (first, second)
    ]
    model.fit(parts[0])
    calibration, scores = model.score_then_learn(parts[1]), model.score_then_learn(block)
    start = int(block.times_us[0])
    key = AnswerKey(start, start + part.span_us, block.machines, _sorted(readings.truth))
    return Shift(calibration, scores, block.times_us, block.status, key)


def _sorted(truth: tuple[TruthEvent, ...]) -> tuple[TruthEvent, ...]:
    return tuple(sorted(truth, key=lambda event: (event.machine, event.onset_us)))


def alarms_of(settings: Settings, shift: Shift) -> tuple[list[Label], FloatArray]:
    """Return the alarms after confirmation and off-delay, and the cut of each machine."""
    per_day = 86_400e6 / float(shift.times_us[1] - shift.times_us[0])
    cut = np.maximum(np.quantile(shift.calibration, 1 - min(0.5, settings.budget / per_day), axis=0), 1e-6)
    rules = AlarmRules(confirm=settings.confirm, off_delay_s=settings.off_delay_minutes * 60)
    marks = []
    for place, machine in enumerate(shift.key.machines):
        raised = None
        events = Trigger(rules).advance(shift.times_us, shift.scores[:, place], shift.status[:, place], cut[place])
        for event in events:
            if event.kind == "raise":
                raised = int(shift.times_us[event.tick])
            elif event.kind == "clear" and raised is not None:
                marks.append(Label(machine, raised, max(int(event.at_us), raised + SECOND_US)))
                raised = None
        if raised is not None:
            marks.append(Label(machine, raised, shift.key.end_us))
    return marks, cut


def lanes_of(settings: Settings, shift: Shift, marks: list[Label], cut: FloatArray) -> tuple[Lane, ...]:
    """Return score and alarms of every machine; no truth is drawn."""
    size = max(1, len(shift.scores) // DRAWN)
    x = (shift.times_us[::size] / 1000).tolist()
    lanes = []
    for place, machine in enumerate(shift.key.machines):
        peaks = [round(float(shift.scores[i : i + size, place].max()), 4) for i in range(0, len(shift.scores), size)]
        level = float(cut[place])
        crosses = tuple((mark.start_us / 1000, level) for mark in marks if mark.machine == machine)[:200]
        lanes.append(Lane(machine, x[: len(peaks)], peaks, limit=level, marks=crosses))
    return tuple(lanes)
