"""Runs golden vectors: `python -m tests.golden FILE.jsonl` checks our metrics against stored reference values.

The format is described beside the public file. Checks marked `info` are skipped. In a degenerate check a null must
come back undefined and a number may be matched or be undefined.
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import LabError
from engine.metrics import adjusted, affiliation, eventwise, nab, pate, period, pointwise, ranges, ranking, skab, volume
from engine.metrics.arrays import Measured, rows_of, undefined
from engine.metrics.sweep import Sweep, sweep
from engine.metrics.timing import timing

BESIDE_PROJECT = Path(__file__).resolve().parents[1].parent / "shared" / "datasets"
TOLERANCES = {"nab_at": 1e-8, "nab_optimum": 1e-8, "nab_row_weight": 1e-8, "nab_corpus": 1e-8, "pate": 1e-4}
DELAY_TOLERANCE_S = 1e-5
ROUNDED_TOLERANCE = 0.005 + 1e-9


class Case:
    """One line of the file; arrays are made when a metric asks for them."""

    def __init__(self, data: dict[str, Any], datasets: Path = BESIDE_PROJECT) -> None:
        self.data, self.datasets = data, datasets
        self.n = int(data.get("n", 0))
        self._swept: Sweep | None = None

    @property
    def truth(self) -> np.ndarray:
        return rows_of(self.data["truth"], self.n)

    @property
    def alarms(self) -> np.ndarray:
        return rows_of(self.data["pred"], self.n)

    @property
    def scores(self) -> np.ndarray:
        return scores_of(self.data["score"], self.n)

    def swept(self) -> Sweep:
        if self._swept is None:
            self._swept = sweep(self.truth, self.scores)
        return self._swept

    def nab_files(self) -> list[nab.NabFile]:
        return [nab.NabFile.of(scores_of(part["score"], part["n"]), part["windows"]) for part in self.data["files"]]

    def skab_files(self) -> list[skab.SkabFile]:
        return [skab_file(part, self.datasets) for part in self.data["files"]]

    def series(self) -> np.ndarray:
        return (
            np.array(self.data["series"])
            if "series" in self.data
            else nab_values(self.datasets / "nab" / "data" / self.data["file"])
        )


def scores_of(score: list[float] | dict[str, Any], n: int) -> np.ndarray:
    """Return the scores (n,) from a list or from a default and the rows that differ."""
    if isinstance(score, list):
        return np.array(score, np.float64)
    values = np.full(n, float(score["default"]))
    values[np.array(score["rows"], int)] = score["values"]
    return values


@cache
def nab_values(file: Path) -> np.ndarray:
    with open(file, encoding="utf-8") as lines:
        return np.array([float(row["value"]) for row in csv.DictReader(lines)])


def skab_file(part: dict[str, Any], datasets: Path) -> skab.SkabFile:
    """Return the scored rows of one SKAB file with the stored predictions."""
    skip = part["skip_rows"]
    with open(datasets / "skab" / "data" / part["file"], encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))[skip:]
    times = np.array([datetime.fromisoformat(row["datetime"]).timestamp() for row in rows])
    truth, change = (np.array([float(row[name]) for row in rows]).astype(int) for name in ("anomaly", "changepoint"))
    return skab.SkabFile(times, truth, change, rows_of(part["pred"], len(rows)))


def _row_weights(case: Case, p: dict[str, Any]) -> Measured:
    weights = nab.row_weights(case.n, case.data["windows"], p["profile"])
    return Measured({str(row): float(weight) for row, weight in enumerate(weights)})


def _range_of_k(text: Any) -> np.ndarray:
    """Return the numbers of '0..100 step 1'."""
    span, _, step = str(text).partition(" step ")
    low, high = (float(part) for part in span.split(".."))
    return np.arange(low, high + 1e-9, float(step or 1))


def _affiliation(case: Case, p: dict[str, Any]) -> Measured:
    low, high = p.get("Trange", (0, case.n))
    return affiliation.affiliation(case.truth, case.alarms, (float(low), float(high)))


def _period(case: Case, p: dict[str, Any]) -> Measured:
    return Measured({"window": period.period(case.series())})


def _skab_nab(case: Case, p: dict[str, Any]) -> Measured:
    return skab.skab_nab(case.skab_files(), p["window_s"], p["side"], p["changepoint_rule"])


# How each metric of the file is computed from a case and the parameters of the check.
METRICS: dict[str, Callable[[Case, dict[str, Any]], Measured]] = {
    "point": lambda case, p: pointwise.point(case.truth, case.alarms),
    "ranking": lambda case, p: ranking.ranking(case.swept()),
    "best_f1": lambda case, p: pointwise.best_f1(case.swept()),
    "pa_k": lambda case, p: adjusted.pa_k(case.truth, case.alarms, p["K"]),
    "pa_k_auc": lambda case, p: adjusted.pa_k_auc(case.truth, case.alarms, _range_of_k(p.get("K", "0..100"))),
    "best_pa_k_f1": lambda case, p: adjusted.best_pa_k_f1(case.swept(), p["K"]),
    "range_pr": lambda case, p: ranges.range_pr(case.truth, case.alarms, **p),
    "range_precision_biased": lambda case, p: ranges.range_precision_biased(case.truth, case.alarms, **p),
    "segment_f1": lambda case, p: eventwise.segment_f1(case.truth, case.alarms),
    "composite_f1": lambda case, p: eventwise.composite_f1(case.truth, case.alarms),
    "best_composite_f1": lambda case, p: eventwise.best_composite_f1(case.swept()),
    "affiliation": _affiliation,
    "vus": lambda case, p: volume.vus(case.swept(), **p),
    "r_auc": lambda case, p: volume.r_auc(case.swept(), **p),
    "period": _period,
    "pate": lambda case, p: pate.pate(case.swept(), **p),
    "pate_f1": lambda case, p: pate.pate_f1(case.truth, case.alarms, **p),
    "timing": lambda case, p: timing(case.truth, case.alarms, **p),
    "nab_at": lambda case, p: nab.nab_at(case.scores, case.data["windows"], **p),
    "nab_optimum": lambda case, p: nab.nab_optimum(case.scores, case.data["windows"], **p),
    "nab_row_weight": _row_weights,
    "nab_corpus": lambda case, p: nab.nab_corpus(case.nab_files(), **p),
    "skab_binary": lambda case, p: skab.skab_binary(case.skab_files()),
    "skab_nab": _skab_nab,
    "skab_delay": lambda case, p: skab.skab_delay(case.skab_files(), **p),
}


def problems(case: Case, check: dict[str, Any]) -> list[str]:
    """Return what differs from the stored values, one text each; nothing when the check passes."""
    wanted, lax = check["v"], bool(check.get("deg"))
    try:
        found = METRICS[check["m"]](case, dict(check.get("p") or {}))
    except LabError as refused:
        found = undefined(wanted or (), str(refused))
    except Exception as problem:
        return [f"{type(problem).__name__}: {problem}"]
    if wanted is None:
        wanted = dict.fromkeys(found.values)
    out = []
    for name, value in wanted.items():
        if name not in found.values:
            out.append(f"{name} is missing")
        elif name == "threshold":
            out += _threshold_problem(case, check, found, value, lax)
        elif not same(found[name], value, _tolerance(check["m"], name), lax):
            out.append(f"{name}: expected {value!r}, got {found[name]!r}")
        elif found[name] is None and not found.reasons.get(name):
            out.append(f"{name} is undefined without a reason")
    return out


def _threshold_problem(case: Case, check: dict[str, Any], found: Measured, value: Any, lax: bool) -> list[str]:
    """A threshold may differ when it attains the stored value; the other values of the check decide that."""
    if lax or same(found["threshold"], value, 1e-9, lax):
        return []
    others = [name for name in check["v"] if name in ("f1", "fc1", "score")]
    attained = all(same(found[name], check["v"][name], _tolerance(check["m"], name), lax) for name in others)
    return [] if attained and others else [f"threshold: expected {value!r}, got {found['threshold']!r}"]


def _tolerance(metric: str, name: str) -> float:
    if name.endswith("_rounded"):
        return ROUNDED_TOLERANCE
    if "delay" in name:
        return DELAY_TOLERANCE_S
    return TOLERANCES.get(metric, 1e-9)


def same(found: Any, wanted: Any, tolerance: float, lax: bool = False) -> bool:
    """Return whether the found value matches within an absolute or relative tolerance; None only matches None."""
    if isinstance(wanted, list):
        return (
            isinstance(found, list)
            and len(found) == len(wanted)
            and all(same(f, w, tolerance, lax) for f, w in zip(found, wanted, strict=True))
        )
    if wanted is None or found is None:
        return found is None and (wanted is None or lax)
    return math.isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)


def cases(file: Path) -> Iterator[Case]:
    """Yield the cases of a file; the series that they name lie in `datasets` beside the file or beside the project."""
    near = [parent / "datasets" for parent in file.resolve().parents[:2]]
    datasets = next((folder for folder in near if folder.is_dir()), BESIDE_PROJECT)
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield Case(json.loads(line), datasets)


def run(file: Path, say: Callable[[str], None] = print) -> tuple[int, int]:
    """Check every non-info check of the file; return how many passed and failed."""
    passed = failed = 0
    for case in cases(file):
        for check in case.data["checks"]:
            if check.get("info"):
                continue
            wrong = problems(case, check)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            for text in wrong:
                say(f"{check['id']} {check.get('p', {})}: {text}")
    return passed, failed


def main(arguments: list[str]) -> int:
    """Run the files named on the command line and print `N passed, N failed`."""
    if not arguments:
        print("usage: python -m tests.golden FILE.jsonl …", file=sys.stderr)
        return 2
    counts = [run(Path(file)) for file in arguments]
    passed, failed = (sum(column) for column in zip(*counts, strict=True))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
