"""A stage for the pitfall theatre, and the eight tricks as pure functions: each returns (honest, inflated)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics import adjusted, affiliation, nab, pate, pointwise, ranking, tricks, volume
from engine.metrics.arrays import InputError, as_labels, as_pair, as_scores, runs
from engine.metrics.sweep import sweep

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

Scored = tuple[float | None, float | None]
WINDOWS = (0, 5, 10, 25, 50, 100, 200)
FIXED_WINDOW = 100
# PyOD's default share of alarms.
DEFAULT_CONTAMINATION = 0.1


@dataclass(frozen=True)
class Stage:
    """One run to be scored: truth and alarms 0/1 (n,), scores (n,), readings (n, n_sensors)."""

    truth: IntArray
    alarms: IntArray
    scores: FloatArray
    readings: FloatArray


def stage(
    truth: ArrayLike, alarms: ArrayLike | None, scores: ArrayLike | None = None, readings: ArrayLike | None = None
) -> Stage:
    """Return a checked stage; missing scores are the alarms, missing alarms the scores' top tenth, missing readings
    the scores."""
    labels = as_labels(truth, "truth")
    rows = None if alarms is None else as_pair(labels, alarms)[1]
    if scores is not None:
        values = as_scores(scores, n=len(labels))
    elif rows is not None:
        values = rows.astype(np.float64)
    else:
        raise InputError("Give alarms or scores; there is nothing to judge.")
    rows = tricks.top_share(values, DEFAULT_CONTAMINATION) if rows is None else rows
    table = values if readings is None else np.asarray(readings, np.float64)
    if len(table) != len(labels):
        raise InputError(f"readings ({len(table)} rows) must be as long as the labels ({len(labels)} rows).")
    return Stage(labels, rows, values, np.nan_to_num(table[:, None] if table.ndim == 1 else table))


def _f1(truth: IntArray, alarms: IntArray) -> float | None:
    found: float | None = pointwise.point(truth, alarms)["f1"]  # None where there is neither event nor alarm
    return found


def point_adjust(played: Stage) -> Scored:
    """Return F1 of the alarms, and F1 after one alarmed row made its whole event count."""
    return _f1(played.truth, played.alarms), adjusted.pa_k(played.truth, played.alarms, 0)["f1"]


def best_threshold(played: Stage) -> Scored:
    """Return F1 on the second half with a threshold chosen on the first, and the best F1 that the second allows."""
    half = tricks.halfway(played.truth)
    first = pointwise.best_f1(sweep(played.truth[:half], played.scores[:half]))
    second = pointwise.best_f1(sweep(played.truth[half:], played.scores[half:]))
    if first["threshold"] is None or second["f1"] is None:
        return None, None
    alarms = (played.scores[half:] >= first["threshold"]).astype(np.int64)
    return _f1(played.truth[half:], alarms), second["f1"]


def contamination_is_truth(played: Stage) -> Scored:
    """Return F1 when the usual 10 % of rows alarm, and when exactly the true share does (which nobody knows)."""
    usual = tricks.top_share(played.scores, DEFAULT_CONTAMINATION)
    known = tricks.top_share(played.scores, float(played.truth.mean()))
    return _f1(played.truth, usual), _f1(played.truth, known)


def in_sample_fit(played: Stage) -> Scored:
    """Return F1 of a memory of labelled rows judged on rows it never saw, and on the rows that it learnt by heart."""
    seen, judged = tricks.two_halves(played.truth)
    honest = tricks.remembered(played.readings[seen], played.truth[seen], played.readings[judged])
    by_heart = tricks.remembered(played.readings[judged], played.truth[judged], played.readings[judged])
    return _f1(played.truth[judged], honest), _f1(played.truth[judged], by_heart)


def one_alarm_per_event(played: Stage) -> Scored:
    """Return row F1 and affiliation F1 when only the alarmed row nearest to each event is kept."""
    thinned = tricks.nearest_alarms(played.truth, played.alarms)
    return _f1(played.truth, thinned), affiliation.affiliation(played.truth, thinned)["f1"]


def constant_score(played: Stage) -> Scored:
    """Return average precision and PATE of the scores: PATE starts at (recall 0, precision 1) and pays a constant."""
    swept = sweep(played.truth, played.scores)
    return ranking.ranking(swept)["average_precision"], pate.pate(swept, FIXED_WINDOW, FIXED_WINDOW)["pate"]


def window_afterwards(played: Stage) -> Scored:
    """Return VUS-PR with the window fixed at 100 rows, and with whichever window flatters most."""
    swept = sweep(played.truth, played.scores)
    found = {window: volume.vus(swept, window)["vus_pr"] for window in WINDOWS}
    return found[FIXED_WINDOW], max(found.values())


def early_windows(played: Stage) -> Scored:
    """Return NAB's standard score with the events as windows, and with NAB's wide windows that open before them."""
    honest = nab.nab_at(played.alarms, [tuple(e) for e in runs(played.truth)], 1.0, probation=0.0)
    wide = nab.nab_at(played.alarms, tricks.wide_windows(played.truth), 1.0, probation=0.0)
    return honest["normalized"], wide["normalized"]
