"""Runs golden vectors: `python -m tests.golden FILE.jsonl` checks our metrics against stored reference values.

The format is described beside the public file. Checks marked `info` are skipped. In a degenerate check a null must
come back undefined and a number may be matched or be undefined. A chosen threshold may differ from the stored one when
the stored one attains the same value. What cannot be read or computed counts as failed, with a line that says why.
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

from engine.errors import LabError, UnknownNameError
from engine.metrics import adjusted, affiliation, eventwise, nab, pate, period, pointwise, ranges, ranking, skab, volume
from engine.metrics.arrays import InputError, Measured, rows_of, undefined
from engine.metrics.sweep import Sweep, sweep
from engine.metrics.timing import timing

PROJECT = Path(__file__).resolve().parents[1]
BEST = ("f1", "fc1", "score")
TOLERANCES = {"nab_at": 1e-8, "nab_optimum": 1e-8, "nab_row_weight": 1e-8, "nab_corpus": 1e-8, "pate": 1e-4}
DELAY_TOLERANCE_S = 1e-5
ROUNDED_TOLERANCE = 0.005 + 1e-9


class Case:
    """One line of the file; arrays are made when a metric asks for them."""

    def __init__(self, data: dict[str, Any], file: Path | None = None) -> None:
        self.data, self.file = data, file or PROJECT
        self.n = int(data.get("n") or 0)
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
        return [
            skab_file(part, dataset(self.file, f"skab/data/{part['file']}"), self.data.get("skip_rows", 400))
            for part in self.data["files"]
        ]

    def series(self) -> np.ndarray:
        return (
            np.array(self.data["series"])
            if "series" in self.data
            else nab_values(dataset(self.file, f"nab/data/{self.data['file']}"))
        )


def dataset(file: Path, name: str) -> Path:
    """Return a shared series: from `datasets` in any folder above the file, the caller or the project."""
    for start in (file.resolve(), Path.cwd(), PROJECT):
        for folder in (start, *start.parents):
            for found in (folder / "datasets" / name, folder / "shared" / "datasets" / name):
                if found.is_file():
                    return found
    raise LabError(
        f"datasets/{name} is in no folder above {file} or {PROJECT}; put the shared datasets beside the file."
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


def skab_file(part: dict[str, Any], file: Path, skip: int) -> skab.SkabFile:
    """Return the scored rows of one SKAB file with the stored predictions; the training rows are skipped."""
    skip = part.get("skip_rows", skip)
    with open(file, encoding="utf-8") as lines:
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


# What the metrics that choose a threshold say at one that is given.
AT_THRESHOLD: dict[str, Callable[[Case, dict[str, Any], float], Measured]] = {
    "best_f1": lambda case, p, at: pointwise.point(case.truth, case.scores >= at),
    "best_pa_k_f1": lambda case, p, at: adjusted.pa_k(case.truth, case.scores >= at, p["K"]),
    "best_composite_f1": lambda case, p, at: eventwise.composite_f1(case.truth, case.scores >= at),
    "nab_optimum": lambda case, p, at: nab.nab_at(case.scores, case.data["windows"], at, **p),
    "nab_corpus": lambda case, p, at: nab.nab_at_corpus(case.nab_files(), at, **p),
}


def problems(case: Case, check: dict[str, Any]) -> list[str]:
    """Return what differs from the stored values, one text each; nothing when the check passes."""
    try:
        return _problems(case, check["m"], dict(check.get("p") or {}), check["v"], bool(check.get("deg")))
    except LabError as problem:
        return [str(problem)]
    except Exception as problem:
        kind = case.data.get("kind")
        return [f"this check of a case of kind {kind!r} cannot be computed: {type(problem).__name__}: {problem}"]


def _problems(case: Case, metric: str, p: dict[str, Any], wanted: dict[str, Any] | None, lax: bool) -> list[str]:
    if metric not in METRICS:
        raise UnknownNameError("metric", str(metric), METRICS)
    found = _found(case, metric, p, wanted)
    wanted = dict.fromkeys(found.values) if wanted is None else wanted
    wrong = _differences(metric, found, wanted, lax)
    if wrong and metric in AT_THRESHOLD and wanted.get("threshold") is not None:
        return _threshold_problems(case, metric, p, found, wanted, lax)
    return wrong


def _found(case: Case, metric: str, p: dict[str, Any], wanted: dict[str, Any] | None) -> Measured:
    """Return what our metric says; input that it refuses makes every value undefined."""
    try:
        return METRICS[metric](case, p)
    except InputError as refused:
        return undefined(wanted or (), str(refused))


def _differences(metric: str, found: Measured, wanted: dict[str, Any], lax: bool) -> list[str]:
    out = []
    for name, value in wanted.items():
        if name not in found.values:
            out.append(f"{name} is missing")
        elif not same(found[name], value, _tolerance(metric, name), lax):
            out.append(f"{name}: expected {value!r}, got {found[name]!r}")
        elif found[name] is None and not found.reasons.get(name):
            out.append(f"{name} is undefined without a reason")
    return out


def _threshold_problems(
    case: Case, metric: str, p: dict[str, Any], found: Measured, wanted: dict[str, Any], lax: bool
) -> list[str]:
    """Several thresholds may attain the best value, so ours may differ from the stored one when both attain it."""
    others = {name: value for name, value in wanted.items() if name != "threshold"}
    best = {name: value for name, value in others.items() if name in BEST}
    if best and not _differences(metric, found, others, lax):
        return []
    there = AT_THRESHOLD[metric](case, p, float(wanted["threshold"]))
    if best and not _differences(metric, found, best, lax) and not _differences(metric, there, others, lax):
        return []
    return _differences(metric, found, wanted, lax)


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
    if wanted is None or found is None or wanted != wanted:
        return found is None and (wanted is None or wanted != wanted or lax)
    if isinstance(wanted, str) or isinstance(found, str):
        return bool(found == wanted)
    return math.isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)


def judged(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield every non-info check (id and parameters) with its problems; a line that is no case is one failed check."""
    try:
        lines = file.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as problem:
        yield str(file), [f"it cannot be read ({problem})"]
        return
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            case = Case(json.loads(line), file)
            checks = [check for check in case.data["checks"] if not check.get("info")]
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            yield f"{file}, line {number}", [f"it is no case ({type(problem).__name__}: {problem})"]
            continue
        for check in checks:
            yield f"{check.get('id')} {check.get('p', {})}", problems(case, check)


def run(file: Path, say: Callable[[str], None] = print) -> tuple[int, int]:
    """Check every non-info check of the file; return how many passed and failed."""
    passed = failed = 0
    for name, wrong in judged(file):
        passed, failed = passed + (not wrong), failed + bool(wrong)
        for text in wrong:
            say(f"{name}: {text}")
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
