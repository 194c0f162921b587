"""A number with all that must stand beside it, and a table of such numbers with baselines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from engine.metrics.arrays import Measured
from engine.metrics.bootstrap import Limits, interval_of_mean
from engine.metrics.names import SPECS, Spec

BASELINES = ("nothing", "everything", "random", "three_sigma")


@dataclass(frozen=True)
class Number:
    """One value; None = undefined with its `reason`. `limits` is its 95 % interval over `limits_over`."""

    name: str
    value: float | None
    reason: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = None
    limits_over: str = ""

    @property
    def spec(self) -> Spec:
        """What is said beside the number: title, unit, formula."""
        return SPECS[self.name]


@dataclass(frozen=True)
class Panel:
    """All numbers of one detector or submission, those of the baselines, and why a baseline is missing.

    Parameters
    ----------
    numbers
        By name, in the order of `engine.metrics.names.SPECS`.
    baselines
        Per baseline name ("nothing", "everything", "random", "three_sigma") its numbers by name.
    missing
        Per baseline that could not be made, the reason.
    """

    numbers: Mapping[str, Number]
    baselines: Mapping[str, Mapping[str, Number]] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> float | None:
        return self.numbers[name].value

    def baseline(self, which: str, name: str) -> float | None:
        """Return the value of a baseline, None when it is missing or undefined."""
        number = self.baselines.get(which, {}).get(name)
        return None if number is None else number.value

    def skill(self, name: str) -> float | None:
        """Return (value − random) / (best − random): 1 = perfect, 0 = as good as random; None where undefined."""
        value, random, best = self[name], self.baseline("random", name), SPECS[name].best
        if value is None or random is None or best is None or best == random:
            return None
        return (value - random) / (best - random)

    def rows(self) -> list[dict[str, Any]]:
        """Return one plain row per number, ready for a table: value, interval, baselines, skill, parameters."""
        return [self._row(number) for number in self.numbers.values()]

    def _row(self, number: Number) -> dict[str, Any]:
        spec = number.spec
        return {
            "name": number.name,
            "title": spec.title,
            "family": spec.family,
            "unit": spec.unit,
            "value": number.value,
            "low": number.limits[0] if number.limits else None,
            "high": number.limits[1] if number.limits else None,
            "limits_over": number.limits_over,
            **{which: self.baseline(which, number.name) for which in BASELINES},
            "skill": self.skill(number.name),
            "reason": number.reason,
            "parameters": dict(number.parameters),
            "formula": spec.formula,
            "pitfall": spec.pitfall,
        }

    def to_json(self) -> dict[str, Any]:
        """Return the table and the missing baselines as plain data."""
        return {"numbers": self.rows(), "missing_baselines": dict(self.missing)}


def numbers_of(measured: Measured, names: Mapping[str, str], **parameters: Any) -> dict[str, Number]:
    """Return numbers by panel name; `names` maps a panel name to the name of the value in `measured`."""
    told = {**measured.parameters, **parameters}
    return {
        name: Number(name, measured.values[key], measured.reasons.get(key, ""), told) for name, key in names.items()
    }


def undefined_numbers(names: Sequence[str], reason: str) -> dict[str, Number]:
    """Return undefined numbers, all for the same reason."""
    return {name: Number(name, None, reason) for name in names}


def in_order(numbers: Mapping[str, Number]) -> dict[str, Number]:
    """Return the numbers in the order of the table of names."""
    return {name: numbers[name] for name in SPECS if name in numbers}


def mean_numbers(tables: Sequence[Mapping[str, Number]], over: str, seed: int = 0) -> dict[str, Number]:
    """Return the mean of every number over tables (seeds, machines, draws) with its bootstrap interval."""
    out = {}
    for name in tables[0] if tables else ():
        values = [table[name].value for table in tables if name in table]
        known = [value for value in values if value is not None]
        first = tables[0][name]
        mean = sum(known) / len(known) if known else None
        told = {**first.parameters, over: len(known)}
        out[name] = Number(name, mean, "" if known else first.reason, told, interval_of_mean(values, seed), over)
    return out


def over_seeds(panels: Sequence[Panel], over: str = "seeds", seed: int = 0) -> Panel:
    """Return the mean panel of several runs (or machines); intervals come from resampling the runs.

    Raises
    ------
    ValueError
        When there is no panel.
    """
    if not panels:
        raise ValueError("panels must not be empty, got [].")
    numbers = mean_numbers([panel.numbers for panel in panels], over, seed)
    baselines = {
        which: mean_numbers([panel.baselines[which] for panel in panels if which in panel.baselines], over, seed)
        for which in BASELINES
        if any(which in panel.baselines for panel in panels)
    }
    missing = {which: reason for panel in panels for which, reason in panel.missing.items() if which not in baselines}
    return Panel(in_order(numbers), baselines, missing)
