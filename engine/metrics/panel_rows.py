"""Every metric of 0/1 rows and scores as numbers of the panel, with the settings that were chosen before looking."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics import adjusted, affiliation, eventwise, nab, pate, period, pointwise, ranges, ranking, volume
from engine.metrics.arrays import runs
from engine.metrics.numbers import Number, numbers_of, undefined_numbers
from engine.metrics.panel_load import load_numbers, timing_numbers
from engine.metrics.sweep import sweep

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

SCORE_NAMES = (
    *("roc_auc", "pr_auc", "pr_auc_trapezoid", "vus_pr", "vus_roc", "r_auc_pr", "r_auc_roc"),
    *("pate", "best_f1", "best_pa_f1"),
)
ALARM_NAMES = (
    *("event_recall", "event_precision", "event_f1", "segment_f1", "composite_f1", "delay_mean_s"),
    *("delay_p50_minutes", "delay_p90_minutes", "edge_delay_mean_s", "earliness", "false_alarms_per_day"),
    *("alarms_per_day", "alarms_10min_max", "alarm_minutes_per_day", "flood_share"),
    *("precision", "recall", "f1", "f05", "f2", "fpr", "mcc", "range_precision", "range_recall", "range_f1"),
    *("affiliation_precision", "affiliation_recall", "affiliation_f1", "pate_f1"),
    *("nab_standard", "nab_low_fp", "nab_low_fn", "pa_f1", "pa_k_auc"),
)
DEFAULT_WINDOW = 100


@dataclass(frozen=True)
class Settings:
    """What is chosen before looking, and printed beside the numbers.

    Parameters
    ----------
    period_s
        Seconds from row to row.
    window
        VUS, R-AUC and PATE width in rows; None = the dominant period of the first sensor (TSB-AD's rule), or 100 when
        no readings are given.
    tolerance_rows
        Alarms so near an event are not false.
    nab_probation
        Share of first rows that NAB does not judge; 0 here, because a run has no training part.
    seed
        For the random baseline and the bootstrap.
    """

    period_s: float = 1.0
    window: int | None = None
    tolerance_rows: int = 0
    nab_probation: float = 0.0
    seed: int = 0

    def with_window(self, readings: FloatArray | None) -> Settings:
        """Return the settings with a window chosen, from the readings (n,) or (n, n_sensors) if there are any."""
        if self.window is not None:
            return self
        if readings is None:
            return replace(self, window=DEFAULT_WINDOW)
        first = readings if readings.ndim == 1 else readings[:, 0]
        return replace(self, window=period.period(np.nan_to_num(first, nan=float(np.nanmean(first)))))


def measured_rows(
    labels: IntArray, alarmed: IntArray | None, scores: FloatArray | None, chosen: Settings
) -> dict[str, Number]:
    """Return every number of alarms (n,) and scores (n,); what is not given leaves its numbers undefined."""
    numbers: dict[str, Number] = {}
    if alarmed is None:
        numbers |= undefined_numbers(ALARM_NAMES, "neither alarms nor a threshold were given")
    else:
        numbers |= _of_alarms(labels, alarmed, chosen)
    if scores is None:
        return numbers | undefined_numbers(SCORE_NAMES, "only alarms were given, no scores")
    return numbers | _of_scores(labels, scores, chosen)


def _of_alarms(labels: IntArray, alarmed: IntArray, chosen: Settings) -> dict[str, Number]:
    point_names = ("precision", "recall", "f1", "f05", "f2", "fpr", "mcc")
    buffers = chosen.window or 0
    return {
        **timing_numbers(labels, alarmed, chosen.period_s, chosen.tolerance_rows),
        **load_numbers(alarmed, chosen.period_s),
        **numbers_of(eventwise.segment_f1(labels, alarmed), {"segment_f1": "f1"}),
        **numbers_of(eventwise.composite_f1(labels, alarmed), {"composite_f1": "fc1"}),
        **numbers_of(pointwise.point(labels, alarmed), {name: name for name in point_names}),
        **numbers_of(ranges.range_pr(labels, alarmed), {f"range_{k}": k for k in ("precision", "recall", "f1")}),
        **numbers_of(
            affiliation.affiliation(labels, alarmed), {f"affiliation_{k}": k for k in ("precision", "recall", "f1")}
        ),
        **numbers_of(pate.pate_f1(labels, alarmed, buffers, buffers), {"pate_f1": "pate_f1"}),
        **_of_nab(labels, alarmed, chosen.nab_probation),
        **numbers_of(adjusted.pa_k(labels, alarmed, 0), {"pa_f1": "f1"}),
        **numbers_of(adjusted.pa_k_auc(labels, alarmed), {"pa_k_auc": "auc"}),
    }


def _of_nab(labels: IntArray, alarmed: IntArray, probation: float) -> dict[str, Number]:
    """Return NAB's three profiles with the events themselves as label windows and the alarms as they are."""
    names = {"nab_standard": "standard", "nab_low_fp": "reward_low_FP_rate", "nab_low_fn": "reward_low_FN_rate"}
    windows: Any = runs(labels)
    out: dict[str, Number] = {}
    for name, profile in names.items():
        measured = nab.nab_at(alarmed, windows, 1.0, profile, probation)
        out |= numbers_of(measured, {name: "normalized"}, windows="events")
    return out


def _of_scores(labels: IntArray, scores: FloatArray, chosen: Settings) -> dict[str, Number]:
    swept, window = sweep(labels, scores), chosen.window or 0
    ranked = {"roc_auc": "roc_auc", "pr_auc": "average_precision", "pr_auc_trapezoid": "pr_auc_trapezoid"}
    return {
        **numbers_of(ranking.ranking(swept), ranked),
        **numbers_of(volume.vus(swept, window), {"vus_pr": "vus_pr", "vus_roc": "vus_roc"}),
        **numbers_of(volume.r_auc(swept, window), {"r_auc_pr": "r_auc_pr", "r_auc_roc": "r_auc_roc"}),
        **numbers_of(pate.pate(swept, window, window), {"pate": "pate"}),
        **numbers_of(pointwise.best_f1(swept), {"best_f1": "f1"}),
        **numbers_of(adjusted.best_pa_k_f1(swept, 0), {"best_pa_f1": "f1"}),
    }
