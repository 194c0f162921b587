"""Recognises the format of a truth and a prediction file and judges them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from engine.errors import FileProblemError, UnknownNameError
from engine.metrics.arrays import InputError
from engine.metrics.evaluation.nab_files import is_windows, judge_nab
from engine.metrics.evaluation.plain import is_intervals, judge_intervals, judge_rows
from engine.metrics.evaluation.report import Report
from engine.metrics.evaluation.skab_files import is_skab, judge_skab
from engine.metrics.evaluation.tables import read_table
from engine.metrics.panel import Settings

FORMATS = ("auto", "intervals", "rows", "nab", "skab")


@dataclass(frozen=True)
class Options:
    """What the caller may choose; None = the format's own rule."""

    form: str = "auto"
    threshold: float | None = None
    period_s: float | None = None
    window: int | None = None
    tolerance_s: float = 0.0
    probation: float = 0.15
    rolling: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        wrong = [
            f"{name} must be {rule}, got {value!r}."
            for name, value, rule, good in (
                ("threshold", self.threshold, "a finite number", math.isfinite(self.threshold or 0.0)),
                ("period", self.period_s, "above 0 seconds", self.period_s is None or 0 < self.period_s < math.inf),
                ("window", self.window, "0 rows or more", self.window is None or self.window >= 0),
                ("tolerance", self.tolerance_s, "0 seconds or more", 0 <= self.tolerance_s < math.inf),
                ("probation", self.probation, "from 0 to 1", 0 <= self.probation <= 1),
                ("seed", self.seed, "0 or more", self.seed >= 0),
            )
            if not good
        ]
        if wrong:
            raise InputError(wrong[0])


def judge(truth: Path, predictions: Path, options: Options | None = None) -> Report:
    """Return the report of predictions against truth.

    Raises
    ------
    LabError
        When a file is missing or wrong, with the place and the cure.
    """
    chosen = options or Options()
    for path in (truth, predictions):
        if not path.exists():
            raise FileProblemError(path, "", "it does not exist", "check the path")
    form = recognised(truth, chosen.form)
    if form == "nab":
        return judge_nab(truth, predictions, chosen.threshold, chosen.probation)
    if form == "skab":
        return judge_skab(truth, predictions, rolling=chosen.rolling)
    first, second = read_table(truth), read_table(predictions)
    if form == "intervals":
        return judge_intervals(first, second, chosen.tolerance_s, chosen.seed)
    settings = Settings(window=chosen.window, seed=chosen.seed)
    return judge_rows(first, second, chosen.threshold, settings, chosen.period_s)


def recognised(truth: Path, form: str = "auto") -> str:
    """Return the format of a truth file or folder; "auto" looks at its header."""
    if form not in FORMATS:
        raise UnknownNameError("format", form, FORMATS)
    if form != "auto":
        return form
    if truth.is_dir() or is_skab(truth):
        return "skab"
    if is_windows(truth):
        return "nab"
    return "intervals" if is_intervals(read_table(truth)) else "rows"
