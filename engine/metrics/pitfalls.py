"""The pitfall theatre's engine: the same predictions scored honestly and with a trick, beside rows that stand still.

Every trick is a pure function of a stage; random, always and oracle predictions are put through the same trick, so
that a viewer sees what the inflated number is worth.

References
----------
Kim, S. et al. (2022). AAAI 36, 7194–7201 (point adjustment). Wu, R. and Keogh, E. (2021). IEEE TKDE 35, 2421–2429
(flawed benchmarks). The sources of each metric stand in its own file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnknownNameError
from engine.metrics import adjusted, affiliation, nab, pate, pointwise, ranking, tricks, volume
from engine.metrics.arrays import InputError, as_labels, as_pair, as_scores, runs
from engine.metrics.sweep import sweep

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

Scored = tuple[float | None, float | None]
WINDOWS = (0, 5, 10, 25, 50, 100, 200)
FIXED_WINDOW = 100
DEFAULT_CONTAMINATION = 0.1
OTHERS = ("random", "always", "oracle")


@dataclass(frozen=True)
class Stage:
    """One run to be scored: truth and alarms 0/1 (n,), scores (n,), readings (n, n_sensors)."""

    truth: IntArray
    alarms: IntArray
    scores: FloatArray
    readings: FloatArray


@dataclass(frozen=True)
class Pitfall:
    """The honest and the inflated number of one trick; None = undefined, and then `reason` says why.

    `rows` holds (honest, inflated) of the random, always and oracle predictions; `best` is a perfect detector's value.
    """

    name: str
    title: str
    honest: float | None
    inflated: float | None
    honest_is: str
    inflated_is: str
    rows: dict[str, Scored]
    best: float = 1.0
    reason: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def inflation(self) -> float | None:
        """Inflated minus honest; None when either is undefined."""
        return None if self.honest is None or self.inflated is None else self.inflated - self.honest


@dataclass(frozen=True)
class Trick:
    """How one trick is named and scored; `best` is a perfect detector's value."""

    title: str
    honest_is: str
    inflated_is: str
    score: Callable[[Stage], Scored]
    best: float = 1.0
    parameters: dict[str, Any] = field(default_factory=dict)


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


def pitfall(name: str, played: Stage, seed: int = 0) -> Pitfall:
    """Return the trick of that name on a stage, with the random, always and oracle rows.

    Raises
    ------
    UnknownNameError
        When no trick has that name.
    """
    if name not in TRICKS:
        raise UnknownNameError("trick", name, TRICKS)
    trick = TRICKS[name]
    reason = _unusable(played)
    told = {"seed": seed, **trick.parameters}
    if reason:
        nobody: dict[str, Scored] = dict.fromkeys(OTHERS, (None, None))
        return Pitfall(
            name, trick.title, None, None, trick.honest_is, trick.inflated_is, nobody, trick.best, reason, told
        )
    honest, inflated = trick.score(played)
    rows = {who: trick.score(_played_by(who, played, seed)) for who in OTHERS}
    reason = "" if honest is not None and inflated is not None else "the alarms or events in one half do not suffice"
    return Pitfall(
        name, trick.title, honest, inflated, trick.honest_is, trick.inflated_is, rows, trick.best, reason, told
    )


def theatre(played: Stage, seed: int = 0) -> list[Pitfall]:
    """Return every trick on the same stage."""
    return [pitfall(name, played, seed) for name in TRICKS]


def _unusable(played: Stage) -> str:
    if not played.truth.any():
        return "there are no events"
    return "" if not played.truth.all() else "there are no normal rows"


def _played_by(who: str, played: Stage, seed: int) -> Stage:
    """Return the stage with the predictions of a detector that knows nothing, that always alarms, or that knows all."""
    n, rng = len(played.truth), np.random.default_rng(seed)
    if who == "random":
        share = max(float(played.alarms.mean()), 1 / n)
        scores = rng.random(n)
        readings = rng.normal(size=played.readings.shape)
        return replace(played, alarms=tricks.top_share(scores, share), scores=scores, readings=readings)
    if who == "always":
        readings = np.zeros_like(played.readings)
        return replace(played, alarms=np.ones(n, np.int64), scores=np.ones(n), readings=readings)
    truth = played.truth.astype(np.float64)
    return replace(played, alarms=played.truth, scores=truth, readings=truth[:, None])


def _f1(truth: IntArray, alarms: IntArray) -> float:
    return float(pointwise.point(truth, alarms)["f1"])


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


TRICKS = {
    "point_adjust": Trick("Point-adjust", "F1", "point-adjusted F1", point_adjust),
    "best_threshold": Trick(
        "Best threshold on the test set", "F1, threshold from the first half", "best F1 of the second", best_threshold
    ),
    "contamination_is_truth": Trick(
        "Contamination = truth",
        "F1 with 10 % alarms",
        "F1 with the true share",
        contamination_is_truth,
        parameters={"contamination": DEFAULT_CONTAMINATION},
    ),
    "in_sample_fit": Trick(
        "Fitted on the test rows",
        "F1 on unseen rows",
        "F1 on rows learnt by heart",
        in_sample_fit,
        parameters={"model": "nearest labelled row", "rows_at_most": tricks.MOST_ROWS},
    ),
    "one_alarm_per_event": Trick("One alarm per event", "F1", "affiliation F1", one_alarm_per_event),
    "constant_score": Trick(
        "Constant score",
        "average precision",
        "PATE",
        constant_score,
        parameters={"e_buffer": FIXED_WINDOW, "d_buffer": FIXED_WINDOW},
    ),
    "window_afterwards": Trick(
        "Window chosen afterwards",
        f"VUS-PR, W = {FIXED_WINDOW}",
        "best VUS-PR of several W",
        window_afterwards,
        parameters={"windows": WINDOWS, "thresholds": volume.THRESHOLDS, "generation": volume.GENERATION},
    ),
    "early_windows": Trick(
        "NAB's early windows",
        "NAB standard, events as windows",
        "NAB standard, wide windows",
        early_windows,
        best=100.0,
        parameters={"window_share": tricks.WINDOW_SHARE, "probation": 0.0},
    ),
}
