"""Experiment kind "prevalence": two detectors as distributions of scores, and how the base rate changes their verdict.

The scores are drawn, not measured, because no plant lets you turn a knob for how common its faults are. Detector A
ranks every fault somewhat above normal (equal variances, distance 3.3 standard deviations); detector B ranks six in ten
faults far above everything and the others hardly at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.metrics.ranking import ranking
from engine.metrics.sweep import sweep
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray, IntArray

FAULTY = 400
MOST = 400_000
A_DISTANCE = 3.3
B_CLEAR, B_FAR, B_NEAR = 0.6, 9.0, 1.6  # share of faults that B sees clearly, and how far each kind lies


class Settings(Strict):
    """The keys of this kind; `prevalence` is the share of readings that are faulty, in per cent."""

    detector: str = Field(default="A", pattern="^[AB]$")
    prevalence_percent: float = Field(default=50, ge=0.1, le=50)
    catch_percent: float = Field(default=60, ge=10, le=99)


class PrevalenceLab(LabKind):
    """ROC and precision-recall under a base rate of one's choice."""

    name: ClassVar[str] = "prevalence"
    metrics: ClassVar[tuple[str, ...]] = ("roc_auc", "pr_auc", "true_alarm_share")
    Settings: ClassVar[type[Settings]] = Settings

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Draw the scores and rank them; `true_alarm_share` holds at the cut that catches `catch_percent` of faults."""
        labels, scores = drawn(settings, seed)
        ranks = ranking(sweep(labels, scores)).values
        recall, precision, false = curves(labels, scores)
        at = int(np.searchsorted(recall, settings.catch_percent / 100))
        place = np.unique(np.linspace(0, len(recall) - 1, 300).astype(int))
        percent = [[round(100 * float(v), 3) for v in values[place]] for values in (false, recall, precision)]
        lanes = (
            Lane("ROC: faults found, %", percent[0], percent[1], time=False, x_title="normal readings that alarm, %"),
            Lane("PR: true alarms, %", percent[1], percent[2], time=False, x_title="faults found, %"),
        )
        metrics = {
            "roc_auc": ranks["roc_auc"], "pr_auc": ranks["average_precision"],
            "true_alarm_share": float(precision[min(at, len(precision) - 1)]),
        }  # fmt: skip
        return Outcome(metrics, lanes)


def drawn(settings: Settings, seed: int) -> tuple[IntArray, FloatArray]:
    """Return labels (n,) and scores (n,): 400 faulty readings and as many normal ones as the prevalence asks for."""
    rng = np.random.default_rng([seed, 0xBA5E])
    normal = min(MOST, round(FAULTY * (100 / settings.prevalence_percent - 1)))
    if settings.detector == "A":
        faulty = rng.normal(A_DISTANCE, 1.0, FAULTY)
    else:
        clear = np.arange(FAULTY) < round(B_CLEAR * FAULTY)
        faulty = rng.normal(np.where(clear, B_FAR, B_NEAR), 1.0)
    scores = np.concatenate([faulty, rng.normal(0.0, 1.0, normal)])
    return np.repeat(np.array([1, 0]), [FAULTY, normal]), scores - scores.min()


def curves(labels: IntArray, scores: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return recall, precision and false-positive rate at each faulty reading's own score, strictest cut first."""
    ordered = labels[np.argsort(-scores, kind="stable")]
    hits = np.cumsum(ordered)
    at = np.flatnonzero(ordered)
    return hits[at] / FAULTY, hits[at] / (at + 1), (at + 1 - hits[at]) / max(1, len(labels) - FAULTY)
