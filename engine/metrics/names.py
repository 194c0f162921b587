"""Every number of the panel: its title, family, unit, best value and formula in words. One table for all users."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Spec:
    """What is said beside a number; `best` is the value of a perfect detector, None where there is no such value."""

    name: str
    title: str
    family: str
    best: float | None
    formula: str
    unit: str = ""
    pitfall: bool = False


_TABLE = (
    Spec("event_recall", "Event recall", "events", 1.0, "events with an alarm / events"),
    Spec("event_precision", "Event precision", "events", 1.0, "alarms that meet an event / alarms"),
    Spec("event_f1", "Event F1", "events", 1.0, "harmonic mean of event precision and event recall"),
    Spec("segment_f1", "Segment F1", "events", 1.0, "found events against missed events and false alarm runs"),
    Spec("composite_f1", "Composite F1", "events", 1.0, "harmonic mean of row precision and event recall"),
    Spec("tiou_mean", "Mean temporal IoU", "events", 1.0, "overlap / union of matched pairs, mean"),
    Spec("type_accuracy", "Type accuracy", "events", 1.0, "found events whose fault is named rightly"),
    Spec("delay_mean_s", "Mean delay", "delay", 0.0, "event start to first alarm, found events (level)", "s"),
    Spec("delay_p50_minutes", "Median delay", "delay", 0.0, "half of the found events are quicker", "min"),
    Spec("delay_p90_minutes", "90 % delay", "delay", 0.0, "nine of ten found events are quicker", "min"),
    Spec("edge_delay_mean_s", "Mean delay (edge)", "delay", 0.0, "only alarms that start inside the event", "s"),
    Spec("earliness", "Earliness", "delay", 1.0, "1 − delay / length, 0 for missed events, mean"),
    Spec("false_alarms_per_day", "False alarms per day", "load", 0.0, "false alarm runs / days of normal time", "1/d"),
    Spec("alarms_per_day", "Alarms per day", "load", None, "alarm runs / days", "1/d"),
    Spec("alarms_10min_max", "Worst ten minutes", "load", None, "most alarms that start within ten minutes"),
    Spec("alarm_minutes_per_day", "Alarm minutes per day", "load", None, "time in alarm / days", "min/d"),
    Spec("flood_share", "Flood share", "load", 0.0, "alarms that come with more than 10 in ten minutes"),
    Spec("precision", "Precision", "rows", 1.0, "alarmed true rows / alarmed rows"),
    Spec("recall", "Recall", "rows", 1.0, "alarmed true rows / true rows"),
    Spec("f1", "F1", "rows", 1.0, "harmonic mean of precision and recall"),
    Spec("f05", "F0.5", "rows", 1.0, "F with precision counted twice"),
    Spec("f2", "F2", "rows", 1.0, "F with recall counted twice"),
    Spec("fpr", "False-positive rate", "rows", 0.0, "alarmed normal rows / normal rows"),
    Spec("mcc", "Matthews correlation", "rows", 1.0, "correlation of alarms and truth"),
    Spec("roc_auc", "ROC-AUC", "ranking", 1.0, "chance that a true row outranks a normal one"),
    Spec("pr_auc", "Average precision", "ranking", 1.0, "step sum of precision over recall"),
    Spec("pr_auc_trapezoid", "PR trapezoid", "ranking", 1.0, "straight lines between points: too kind to ties"),
    Spec("vus_pr", "VUS-PR", "volume", 1.0, "PR area with soft labels, mean over widths"),
    Spec("vus_roc", "VUS-ROC", "volume", 1.0, "ROC area with soft labels, mean over widths"),
    Spec("r_auc_pr", "R-AUC-PR", "volume", 1.0, "PR area with soft labels of one width"),
    Spec("r_auc_roc", "R-AUC-ROC", "volume", 1.0, "ROC area with soft labels of one width"),
    Spec("range_precision", "Range precision", "ranges", 1.0, "mean reward of alarm runs"),
    Spec("range_recall", "Range recall", "ranges", 1.0, "mean reward of events"),
    Spec("range_f1", "Range F1", "ranges", 1.0, "harmonic mean of both"),
    Spec("affiliation_precision", "Affiliation precision", "affiliation", 1.0, "nearness of alarms against chance"),
    Spec("affiliation_recall", "Affiliation recall", "affiliation", 1.0, "nearness of events to alarms against chance"),
    Spec("affiliation_f1", "Affiliation F1", "affiliation", 1.0, "random alarms reach about 0.68"),
    Spec("pate", "PATE", "PATE", 1.0, "PR area with proximity weights; a constant score earns 0.5"),
    Spec("pate_f1", "PATE-F1", "PATE", 1.0, "F1 with proximity weights"),
    Spec("nab_standard", "NAB standard", "NAB", 100.0, "early alarms in windows earn, others cost"),
    Spec("nab_low_fp", "NAB low FP", "NAB", 100.0, "false alarms cost twice"),
    Spec("nab_low_fn", "NAB low FN", "NAB", 100.0, "missed windows cost twice"),
    Spec("brier", "Brier score", "calibration", 0.0, "mean squared distance of confidence and outcome"),
    Spec("cost_per_day", "Cost per day", "economics", None, "misses, false alarms, delay, visits, downtime", "/d"),
    Spec("cost_avoided_per_day", "Cost avoided per day", "economics", None, "against run to failure", "/d"),
    Spec("pa_f1", "Point-adjusted F1", "pitfalls", 1.0, "one alarmed row counts as the whole event", pitfall=True),
    Spec("pa_k_auc", "PA%K area", "pitfalls", 1.0, "point-adjusted F1, mean over K", pitfall=True),
    Spec("best_f1", "Best F1", "pitfalls", 1.0, "threshold chosen on the judged rows", pitfall=True),
    Spec("best_pa_f1", "Best point-adjusted F1", "pitfalls", 1.0, "both tricks together", pitfall=True),
)
SPECS = {spec.name: spec for spec in _TABLE}
