"""Leaderboards: our detectors and the published ones in one table, each row saying where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.benchmarking import published
from engine.benchmarking.data import SKAB_TRAINING, nab_series, skab_run
from engine.metrics.nab import NabFile, nab_corpus
from engine.metrics.nab_weights import PROFILES
from engine.metrics.skab import SkabFile, skab_binary, skab_nab
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.benchmarking.data import SkabRun
    from engine.benchmarking.scoring import Run
    from engine.records import FloatArray

OURS = "ours"
CANDIDATES = 200  # thresholds tried for the best F1 that hindsight could have reached


def nab_board(folder: Path, runs: dict[str, list[Run]]) -> list[dict[str, Any]]:
    """Return NAB rows, best first: normalised score per profile (one threshold for all files, as NAB does)."""
    rows = []
    for name, files in runs.items():
        judged = [NabFile.of(run.scores, nab_series(folder, run.file).windows) for run in files]
        profiles = {short: nab_corpus(judged, profile) for short, profile in zip(_SHORT, PROFILES, strict=True)}
        row = {short: _rounded(profiles[short].values["normalized"], 1) for short in _SHORT}
        threshold = _rounded(profiles["standard"].values["threshold"], 4)
        rows.append({"detector": name, **row, "threshold": threshold, **_cost(files), "source": OURS})
    for other in published.NAB:
        row = {"standard": other.standard, "low_fp": other.low_fp, "low_fn": other.low_fn}
        rows.append({"detector": other.detector, **row, "source": other.source})
    return sorted(rows, key=lambda row: -(row["standard"] or 0.0))


_SHORT = ("standard", "low_fp", "low_fn")


def skab_board(folder: Path, runs: dict[str, list[Run]]) -> list[dict[str, Any]]:
    """Return SKAB rows, best first: F1, FAR and MAR at each detector's own default threshold, never a tuned one.

    `best_f1` is what one threshold for all files could have reached with the answers known: a bound, not a result.
    """
    from engine.catalog import part

    rows = []
    for name, files in runs.items():
        truths = [skab_run(folder, run.file) for run in files]
        scores = [run.scores[SKAB_TRAINING:] for run in files]
        threshold = float(part("detector", name).default_threshold)
        at_default = _alarmed(truths, scores, threshold)
        measured = skab_binary(at_default).values
        row = {"f1": _rounded(measured["f1"], 3), "far": measured["far_rounded"], "mar": measured["mar_rounded"]}
        changes = skab_nab(at_default).values["standard_rounded"]
        best = _rounded(max(_best_f1(truths, scores), measured["f1"]), 3)
        rows.append(
            {"detector": name, **row, "best_f1": best, "changepoints": changes, "threshold": threshold}
            | {**_cost(files), "source": OURS}
        )
    for other in published.SKAB:
        rows.append(
            {"detector": other.detector, "f1": other.f1, "far": other.far, "mar": other.mar, "source": other.source}
        )
    return sorted(rows, key=lambda row: -row["f1"])


def _alarmed(truths: Sequence[SkabRun], scores: Sequence[FloatArray], threshold: float) -> list[SkabFile]:
    return [
        SkabFile(
            times_s=run.block.times_us[SKAB_TRAINING:] / SECOND_US,
            truth=run.truth[SKAB_TRAINING:],
            changepoints=run.changepoints[SKAB_TRAINING:],
            alarms=(score >= threshold).astype(np.int64),
        )
        for run, score in zip(truths, scores, strict=True)
    ]


def _best_f1(truths: Sequence[SkabRun], scores: Sequence[FloatArray]) -> float:
    score, truth = np.concatenate(scores), np.concatenate([run.truth[SKAB_TRAINING:] for run in truths])
    best = 0.0
    for threshold in np.unique(np.quantile(score, np.linspace(0, 1, CANDIDATES))):
        alarmed = score >= threshold
        hit = float((alarmed & (truth > 0)).sum())
        best = max(best, 2 * hit / max(float(alarmed.sum() + truth.sum()), 1.0))
    return best


def _cost(files: Sequence[Run]) -> dict[str, float]:
    """Return the mean seconds per fit and the microseconds per scored reading (all sensors)."""
    scored = sum(len(run.scores) for run in files)
    seconds = sum(run.score_seconds for run in files)
    fit = sum(run.fit_seconds for run in files) / max(len(files), 1)
    return {"us": round(1e6 * seconds / max(scored, 1), 2), "fit_s": round(fit, 3)}


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(float(value), digits)


def as_text(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> str:
    """Return a table for the terminal; what is not known is left empty."""
    cells = [list(columns)] + [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cell(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
