"""How metrics are named and written on a lesson's page: short names in the reader's language, shares in per cent."""

from __future__ import annotations

from app.i18n import spoken, t
from lessons.glossary import metric_meaning
from lessons.spec import CONDITION

PERCENT = (
    "event_recall",
    "event_precision",
    "flood_share",
    "late_loss_share",
    "true_alarm_share",
    "type_accuracy",
    "alarm_share",
    "stranger_share",
    "worst_recall",
)
SIGNS = {"<=": "≤", ">=": "≥", "==": "="}


def metric_name(metric: str) -> str:
    """Return a metric's short name; one that has none here is written as its name in the file."""
    return _names().get(metric, metric.replace("_", " ").capitalize())


def meaning(metric: str) -> str:
    """Return what a metric is, in the reader's language."""
    return metric_meaning(metric, spoken())


def number(value: float | str | bool | None) -> str:
    """Return a number as prose shows it; undefined is a dash."""
    if value is None:
        return "–"
    if isinstance(value, float | int) and not isinstance(value, bool):
        return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return str(value)


def shown(metric: str, value: float | str | bool | None) -> str:
    """Return a metric as prose and readouts show it; shares are per cent."""
    if metric not in PERCENT or not isinstance(value, int | float):
        return number(value)
    return f"{100 * value:.1f} %" if 0 < abs(value) < 0.095 else f"{100 * value:.0f} %"


def condition_words(text: str) -> str:
    """Return a condition of an exercise as a person would write it: `event_recall >= 0.8` is Event recall ≥ 80 %."""
    found = CONDITION.match(text)
    if found is None:
        return text
    metric, sign, limit = found.groups()
    return f"{metric_name(metric)} {SIGNS.get(sign, sign)} {shown(metric, float(limit))}"


def _names() -> dict[str, str]:
    return {
        "false_alarms_per_day": t("False alarms per day"),
        "event_recall": t("Events found"),
        "event_precision": t("Alarms that meet an event"),
        "delay_p50_minutes": t("Median delay, minutes"),
        "delay_p90_minutes": t("Delay of nine in ten, min"),
        "alarms_per_day": t("Alarms per day"),
        "alarms_10min_max": t("Alarms, worst 10 min"),
        "alarm_minutes_per_day": t("Minutes in alarm per day"),
        "type_accuracy": t("Named rightly"),
        "pr_auc": t("Area, precision-recall"),
        "roc_auc": t("Area, ROC"),
        "f1": t("F1, honest"),
        "pa_f1": t("F1, point-adjusted"),
        "inflated": t("Score with the trick"),
        "cost_per_day": t("Cost per day"),
        "cost_over_best": t("Cost over the best"),
        "late_loss_share": t("Rows lost, too late"),
        "result_lag_seconds": t("Result after, seconds"),
        "consumer_lag_seconds": t("Age of 95 % below, s"),
        "oldest_seconds": t("Age of the oldest, s"),
        "duplicates": t("Stored twice"),
        "lost": t("Lost"),
        "arl0": t("Readings to a false alarm"),
        "arl1": t("Readings to detection"),
        "true_alarm_share": t("True alarms"),
        "events": t("Events"),
        "alarms": t("Alarms"),
        "agreement": t("Agreement of starts"),
        "overlap_agreement": t("Agreement, any overlap"),
        "key_agreement": t("Agreement with the key"),
        "kappa": t("Cohen's kappa"),
        "correlation": t("Correlation"),
        "largest_z": t("Largest single z"),
        "mahalanobis": t("Mahalanobis distance"),
        "stranger_share": t("Healthy, yet stranger"),
        "alarm_share": t("Healthy in alarm"),
        "worst_recall": t("Found, worst plant"),
        "corrections": t("Corrections sent"),
        "wrong_windows": t("Wrong windows"),
        "busiest_window": t("Fullest window, times"),
        "smallest_p": t("Smallest p-value"),
        "rollback_minutes": t("Minutes to roll back"),
        "flips": t("Changes of version"),
        "right_version_share": t("Right version, share"),
        "score": t("Score"),
        "robustness": t("Score in trouble"),
        "calibration_error": t("Off your own guess"),
        "alarms_after_stop": t("Alarms after a stop"),
        "threshold": t("Threshold"),
        "mean": t("Mean"),
        "sd": t("Standard deviation"),
        "passed_checks": t("Checks that hold"),
        "failed_checks": t("Checks that fail"),
        "public_score": t("Score, public"),
        "private_score": t("Score, private"),
        "bits": t("Bits given away"),
    }
