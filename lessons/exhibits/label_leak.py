"""The label travels in the same table as the readings, and the detector reads all columns."""

from __future__ import annotations

from typing import Any

import numpy as np

from lessons.exhibits.base import Check, Exhibit, Seen
from lessons.labs.base import Lane

COLUMNS = ("every column", "every column except 'label'", "the sensors that the plant's file names")
NORMALISED = ("over the whole file", "over the past of each row")
SENSORS = ("temperature", "vibration", "pressure")
N = 600


def show(form: dict[str, Any], seed: int) -> Seen:
    """Score a table in which label and a note of the injector stand beside three sensors."""
    rng = np.random.default_rng([seed, 5])
    label = (np.arange(N) % 200 >= 170).astype(float)
    table = {name: rng.normal(size=N) for name in SENSORS}
    table["temperature"] += 1.5 * label
    table |= {"label": label, "injected_severity": label * 0.7}
    scores = scored(table, form)
    shuffled = dict(table)
    shuffled["label"] = rng.permutation(label)
    shuffled["injected_severity"] = 0.7 * shuffled["label"]
    longer = {name: np.append(column, rng.normal(50, 5, 100)) for name, column in table.items()}
    used = _columns(table, form)
    checks = (
        Check("shuffling the labels does not change a score", bool(np.allclose(scores, scored(shuffled, form)))),
        Check("readings that come later do not change earlier scores",
              bool(np.allclose(scores, scored(longer, form)[:N]))),
        Check("only sensors are scored", set(used) <= set(SENSORS), ", ".join(used)),
        Check("the detector still sees the fault", bool(scores[label == 1].mean() > scores[label == 0].mean())),
    )  # fmt: skip
    lane = Lane("score", [float(k) for k in range(N)], scores.round(3).tolist(), time=False, x_title="reading")
    return Seen(checks, (lane,))


def _columns(table: dict[str, Any], form: dict[str, Any]) -> list[str]:
    if form["columns"] == COLUMNS[0]:
        return list(table)
    return [name for name in table if name != "label"] if form["columns"] == COLUMNS[1] else list(SENSORS)


def scored(table: dict[str, Any], form: dict[str, Any]) -> Any:
    """Return the mean distance from normal over the columns that the form lets through, (n_rows,)."""
    columns = []
    for name in _columns(table, form):
        values = table[name]
        if form["normalised"] == NORMALISED[0]:
            columns.append(np.abs(values - values.mean()) / (values.std() + 1e-9))
            continue
        count = np.arange(1, len(values) + 1)
        mean = np.cumsum(values) / count
        spread = np.sqrt(np.maximum(np.cumsum(values**2) / count - mean**2, 0))
        past = np.where(count > 20, np.abs(values - mean) / (spread + 1e-9), 0.0)
        columns.append(past)
    return np.mean(columns, axis=0)


EXHIBIT = Exhibit("label_leak", {"columns": COLUMNS, "normalised": NORMALISED}, show)
