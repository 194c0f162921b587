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
from typing import Any

import numpy as np

from engine.errors import UnknownNameError
from engine.metrics import stage as on
from engine.metrics import tricks, volume
from engine.metrics.stage import Scored, Stage, stage

__all__ = ["OTHERS", "TRICKS", "Pitfall", "Stage", "Trick", "pitfall", "stage", "theatre"]

OTHERS = ("random", "always", "oracle")


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


TRICKS = {
    "point_adjust": Trick("Point-adjust", "F1", "point-adjusted F1", on.point_adjust),
    "best_threshold": Trick(
        "Best threshold on the test set",
        "F1, threshold from the first half",
        "best F1 of the second",
        on.best_threshold,
    ),
    "contamination_is_truth": Trick(
        "Contamination = truth",
        "F1 with 10 % alarms",
        "F1 with the true share",
        on.contamination_is_truth,
        parameters={"contamination": on.DEFAULT_CONTAMINATION},
    ),
    "in_sample_fit": Trick(
        "Fitted on the test rows",
        "F1 on unseen rows",
        "F1 on rows learnt by heart",
        on.in_sample_fit,
        parameters={"model": "nearest labelled row", "rows_at_most": tricks.MOST_ROWS},
    ),
    "one_alarm_per_event": Trick("One alarm per event", "F1", "affiliation F1", on.one_alarm_per_event),
    "constant_score": Trick(
        "Constant score",
        "average precision",
        "PATE",
        on.constant_score,
        parameters={"e_buffer": on.FIXED_WINDOW, "d_buffer": on.FIXED_WINDOW},
    ),
    "window_afterwards": Trick(
        "Window chosen afterwards",
        f"VUS-PR, W = {on.FIXED_WINDOW}",
        "best VUS-PR of several W",
        on.window_afterwards,
        parameters={"windows": on.WINDOWS, "thresholds": volume.THRESHOLDS, "generation": volume.GENERATION},
    ),
    "early_windows": Trick(
        "NAB's early windows",
        "NAB standard, events as windows",
        "NAB standard, wide windows",
        on.early_windows,
        best=100.0,
        parameters={"window_share": tricks.WINDOW_SHARE, "probation": 0.0},
    ),
}
