"""What every metric does first: labels to int64, scores checked, runs of rows found; and the result that they return.

Rows are numbered 0 … n-1. An event or alarm run is `[first, last]`, both inclusive. Higher score = stranger; an alarm
at threshold t means `score >= t`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    FloatArray = NDArray[np.float64]
    IntArray = NDArray[np.int64]
    BoolArray = NDArray[np.bool_]

SHOWN_ROWS = 5
NOTHING = "there are neither events nor alarms"


class InputError(LabError, ValueError):
    """Labels or scores that no metric can judge: NaN, infinite, not 0/1, or of different length."""


@dataclass(frozen=True)
class Measured:
    """The values of one metric by name; None = undefined, and then `reasons` says why.

    `parameters` are printed beside the values wherever they are shown.
    """

    values: Mapping[str, Any]
    reasons: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.values[name]

    def with_(self, **parameters: Any) -> Measured:
        """Return the same values with parameters named."""
        return Measured(self.values, self.reasons, {**self.parameters, **parameters})

    def to_json(self) -> dict[str, Any]:
        """Return plain data: values, reasons of the undefined ones, parameters."""
        return {"values": dict(self.values), "reasons": dict(self.reasons), "parameters": dict(self.parameters)}


def undefined(names: Iterable[str], reason: str) -> Measured:
    """Return a result in which every named value is undefined for the same reason."""
    names = tuple(names)
    return Measured(dict.fromkeys(names), dict.fromkeys(names, reason))


def as_labels(values: ArrayLike, name: str = "labels") -> IntArray:
    """Return 0/1 rows as int64 (n,), whatever type they came in (bool, uint8, float, list).

    Differencing bool or uint8 labels silently gives wrong range metrics, so nothing else is let in.

    Raises
    ------
    InputError
        When a value is not 0 or 1, or the array has not one dimension.
    """
    array = np.asarray(values)
    _require_one_dimension(array, name)
    if array.dtype == bool:
        return array.astype(np.int64)
    bad = np.flatnonzero(~((array == 0) | (array == 1)))
    if len(bad):
        raise InputError(f"{name} must be 0 or 1, got {array[bad[0]]} in {_rows(bad)}.")
    return array.astype(np.int64)


def as_scores(values: ArrayLike, name: str = "scores", n: int | None = None) -> FloatArray:
    """Return scores as float64 (n,); every one finite.

    Raises
    ------
    InputError
        When a score is NaN or infinite (with the row numbers), or there are not `n` of them.
    """
    array = np.asarray(values, dtype=np.float64)
    _require_one_dimension(array, name)
    bad = np.flatnonzero(~np.isfinite(array))
    if len(bad):
        raise InputError(f"{name} must be finite numbers, got {array[bad[0]]} in {_rows(bad)}.")
    if n is not None and len(array) != n:
        raise InputError(f"{name} ({len(array)} rows) must be as long as the labels ({n} rows).")
    return array


def as_pair(truth: ArrayLike, alarms: ArrayLike) -> tuple[IntArray, IntArray]:
    """Return truth and alarm rows as int64 of equal length."""
    truth, alarms = as_labels(truth, "truth"), as_labels(alarms, "alarms")
    if len(truth) != len(alarms):
        raise InputError(f"alarms ({len(alarms)} rows) must be as long as truth ({len(truth)} rows).")
    return truth, alarms


def _require_one_dimension(array: NDArray[Any], name: str) -> None:
    if array.ndim != 1:
        raise InputError(f"{name} must have one dimension, got shape {array.shape}.")


def _rows(bad: NDArray[Any]) -> str:
    shown = ", ".join(str(row) for row in bad[:SHOWN_ROWS])
    more = f" and {len(bad) - SHOWN_ROWS} more" if len(bad) > SHOWN_ROWS else ""
    return f"row {shown}{more}" if len(bad) == 1 else f"rows {shown}{more}"


def runs(labels: IntArray | BoolArray) -> IntArray:
    """Return the maximal runs of ones as int64 (k, 2): first and last row, both inclusive."""
    padded = np.zeros(len(labels) + 2, np.int64)
    padded[1:-1] = labels
    edges = np.flatnonzero(np.diff(padded))
    return np.stack([edges[::2], edges[1::2] - 1], axis=1).astype(np.int64)


def rows_of(ranges: Sequence[Sequence[int]] | IntArray, n: int) -> IntArray:
    """Return int64 (n,): 1 on every row of the inclusive ranges, 0 elsewhere."""
    labels = np.zeros(n, np.int64)
    for first, last in ranges:
        labels[first : last + 1] = 1
    return labels


def rows_in(firsts: IntArray, lasts: IntArray) -> tuple[IntArray, IntArray]:
    """Return the range (k,) and row (k,) of every row in inclusive ranges; an empty range has last < first."""
    counts = np.maximum(lasts - firsts + 1, 0)
    which = np.repeat(np.arange(len(firsts)), counts)
    return which, firsts[which] + np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)


def counts_before(labels: IntArray) -> IntArray:
    """Return int64 (n + 1,): how many ones stand before each row; hits in [a, b] = out[b + 1] - out[a]."""
    return np.concatenate([[0], np.cumsum(labels)]).astype(np.int64)


def hits_in(ranges: IntArray, labels: IntArray) -> IntArray:
    """Return int64 (k,): the number of ones inside each inclusive range."""
    before = counts_before(labels)
    return before[ranges[:, 1] + 1] - before[ranges[:, 0]]


def unless_nothing(names: Iterable[str], true: IntArray, alarmed: IntArray) -> dict[str, str]:
    """Return the names with the reason why they are undefined: there is neither an event nor an alarm to judge."""
    return {} if true.any() or alarmed.any() else dict.fromkeys(names, NOTHING)


def without(values: Mapping[str, Any], reasons: Mapping[str, str]) -> Measured:
    """Return the values, None for those that have a reason to be undefined."""
    return Measured({name: None if name in reasons else value for name, value in values.items()}, reasons)


def ratio(part: float, whole: float) -> float:
    """Return part / whole, and 0.0 for 0 / 0."""
    return float(part / whole) if whole else 0.0


def f_score(precision: float, recall: float, beta: float = 1.0) -> float:
    """Return (1 + β²)·P·R / (β²·P + R), and 0.0 when both are 0."""
    weight = beta * beta
    return ratio((1 + weight) * precision * recall, weight * precision + recall)
