"""Our own two formats: intervals (`machine_id,start,end,…`) and rows (one line per row, labels and scores)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError
from engine.metrics.evaluation.report import Report, panel_report
from engine.metrics.evaluation.tables import Table
from engine.metrics.event_panel import Rules, Span, event_panel
from engine.metrics.numbers import Panel
from engine.metrics.panel import Settings, over_seeds, panel
from engine.records import SECOND_US, Label, TruthEvent, iso_time

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

MACHINES = ("machine_id", "machine", "asset")
STARTS, ENDS = ("start", "start_time", "onset"), ("end", "end_time", "stop")
FAULTS, SEEN = ("fault", "type", "label"), ("detectable_from", "detectable")
TRUTHS = ("truth", "label", "is_anomaly", "anomaly", "y")
ALARMS = ("alarm", "prediction", "pred", "is_anomaly", "anomaly", "label")
SCORES = ("score", "anomaly_score")
TIMES = ("timestamp", "time", "datetime")


def is_intervals(table: Table) -> bool:
    """Return whether a table has the columns of the interval format."""
    return table.first_of(STARTS) is not None and table.first_of(ENDS) is not None


def judge_intervals(truth: Table, predictions: Table, tolerance_s: float = 0.0, seed: int = 0) -> Report:
    """Return the event panel of two interval files; the span judged is that of both files together."""
    events, labels = truth_events(truth), _labels(predictions)
    _same_machines(truth, predictions)
    if not events and not labels:
        raise FileProblemError(truth.file, "", "neither file has an interval", "add at least one line")
    starts = [e.onset_us for e in events] + [x.start_us for x in labels]
    ends = [e.end_us for e in events] + [x.end_us for x in labels]
    machines = tuple(sorted({e.machine for e in events} | {x.machine for x in labels}))
    span = Span(machines, min(starts), max(ends))
    judged = event_panel(events, labels, span, Rules(tolerance_s=tolerance_s, seed=seed))
    notes = [f"judged {len(machines)} machines from {iso_time(span.start_us)} to {iso_time(span.end_us)}"]
    strange = sorted({x.machine for x in labels} - {e.machine for e in events})
    if events and strange:
        notes.append(f"the truth has no event on {', '.join(strange)}; every interval there is a false alarm")
    return panel_report("intervals", judged, notes)


def _same_machines(truth: Table, predictions: Table) -> None:
    """Refuse two files of which only one names machines: no interval could ever match."""
    one, other = truth.first_of(MACHINES), predictions.first_of(MACHINES)
    if (one is None) != (other is None):
        lacking, named = (truth, predictions) if one is None else (predictions, truth)
        wrong = f"there is no column machine_id, but {named.file} names machines"
        raise FileProblemError(lacking.file, "line 1", wrong, "name the machine in both files or in neither")


def truth_events(table: Table) -> list[TruthEvent]:
    """Return the lines of an interval file as truth; without `detectable_from` an event is detectable at once."""
    seen = table.first_of(SEEN)
    starts, ends = _spans(table)
    detectable = table.times(seen) if seen else starts
    columns = zip(_texts(table, MACHINES), _texts(table, FAULTS), starts, detectable, ends, strict=True)
    return [TruthEvent(machine, fault, (), 1.0, start, at, end) for machine, fault, start, at, end in columns]


def _labels(table: Table) -> list[Label]:
    starts, ends = _spans(table)
    sure = _confidences(table)
    columns = zip(_texts(table, MACHINES), starts, ends, _texts(table, FAULTS), sure, strict=True)
    return [Label(machine, start, end, fault, confidence) for machine, start, end, fault, confidence in columns]


def _confidences(table: Table) -> list[float | None]:
    """Return the stated confidences, None where a cell is blank."""
    out: list[float | None] = []
    for row, text in enumerate(table.columns.get("confidence", [""] * len(table))):
        try:
            value = float(text) if text.strip() else None
        except ValueError:
            value = -1.0
        if value is not None and not 0 <= value <= 1:
            raise table.problem(row, f"confidence must be from 0 to 1, got {text!r}", "write a number such as 0.8")
        out.append(value)
    return out


def _texts(table: Table, names: Sequence[str]) -> list[str]:
    name = table.first_of(names)
    return [text.strip() for text in table.columns[name]] if name else [""] * len(table)


def _spans(table: Table) -> tuple[list[int], list[int]]:
    starts, ends = table.times(table.need(STARTS)), table.times(table.need(ENDS))
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if end <= start:
            raise table.problem(row, "the end is not after the start", "swap them or delete the line")
    return starts, ends


def judge_rows(
    truth: Table,
    predictions: Table,
    threshold: float | None = None,
    settings: Settings | None = None,
    period_s: float | None = None,
) -> Report:
    """Return the row panel of two row files of equal length; several machines are judged one by one, then averaged.

    Without `period_s` the period is the median step of the truth's time column, or 1 s.
    """
    labels = truth.labels(truth.need(TRUTHS))
    if len(predictions) != len(labels):
        wrong = f"{len(predictions)} rows where the truth has {len(labels)}"
        raise FileProblemError(predictions.file, "", wrong, "give one row per row of the truth, in the same order")
    if not len(labels):
        raise FileProblemError(truth.file, "", "it has a header but no rows", "write one row per reading")
    _same_times(truth, predictions)
    score, alarm = predictions.first_of(SCORES), predictions.first_of(ALARMS)
    if score is None:
        predictions.need((*SCORES, *ALARMS))
    scores = predictions.numbers(score) if score else None
    alarms = predictions.labels(alarm) if alarm and threshold is None else None
    period, note = (period_s, f"period {period_s:g} s as given") if period_s else _period_s(truth)
    chosen = replace(settings or Settings(), period_s=period)
    judged = _by_machine(_texts(truth, MACHINES), labels, alarms, scores, threshold, chosen)
    return panel_report("rows", judged, (note, *_back_in_time(truth)))


def _same_times(truth: Table, predictions: Table) -> None:
    """Refuse predictions whose time column says that their rows stand in another order than the truth's."""
    one, other = truth.first_of(TIMES), predictions.first_of(TIMES)
    if one is None or other is None:
        return
    pairs = zip(truth.times(one), predictions.times(other), strict=True)
    row = next((row for row, (a, b) in enumerate(pairs) if a != b), None)
    if row is not None:
        wrong = f"its time is {predictions.columns[other][row]} where the truth has {truth.columns[one][row]}"
        raise predictions.problem(row, wrong, "give the rows in the order of the truth")


def _back_in_time(truth: Table) -> list[str]:
    """Return a note when the time of a machine goes back: rows are judged in the order in which they stand."""
    name = truth.first_of(TIMES)
    latest: dict[str, int] = {}
    for row, (machine, at) in enumerate(zip(_texts(truth, MACHINES), truth.times(name) if name else [], strict=False)):
        if at < latest.get(machine, at):
            return [f"the time goes back at line {truth.lines[row]}; rows are judged in the order of the file"]
        latest[machine] = at
    return []


def _period_s(truth: Table) -> tuple[float, str]:
    name = truth.first_of(TIMES)
    if name is None or len(truth) < 2:
        return 1.0, "period 1 s: the truth has no time column"
    machines = _texts(truth, MACHINES)
    own = [at for at, machine in zip(truth.times(name), machines, strict=True) if machine == machines[0]]
    step = float(np.median(np.abs(np.diff(own)))) / SECOND_US if len(own) > 1 else 1.0
    return step or 1.0, f"period {step or 1.0:g} s, the median step of {name}"


def _by_machine(
    machines: list[str],
    labels: IntArray,
    alarms: IntArray | None,
    scores: FloatArray | None,
    threshold: float | None,
    settings: Settings,
) -> Panel:
    names = np.array(machines)
    panels = []
    for machine in dict.fromkeys(machines):
        own = names == machine
        rows = None if alarms is None else alarms[own]
        values = None if scores is None else scores[own]
        panels.append(panel(labels[own], rows, values, threshold=threshold, settings=settings))
    if not panels:
        return panel(labels, alarms, scores, threshold=threshold, settings=settings)
    return panels[0] if len(panels) == 1 else over_seeds(panels, "machines")
