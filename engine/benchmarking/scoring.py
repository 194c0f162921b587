"""Runs detectors over benchmark files: history first, then reading by reading, never a look at the answers."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.benchmarking.data import SKAB_TRAINING, nab_series, skab_run
from engine.metrics.nab_weights import probation_rows
from engine.parallel import run_all

if TYPE_CHECKING:
    from engine.records import Block, FloatArray


@dataclass(frozen=True)
class Run:
    """Scores of one detector on one file (0.0 over the history) and what they cost."""

    detector: str
    file: str
    scores: FloatArray
    fit_seconds: float
    score_seconds: float


def scored(kind: str, folder: Path, file: str, detector: str) -> Run:
    """Return one detector's run over one file, at its default settings: the first part is unlabelled history.

    The history is NAB's probationary rows (15 %, 750 at most) or SKAB's 400 training rows.
    """
    block = nab_series(folder, file).block if kind == "nab" else skab_run(folder, file).block
    history = probation_rows(len(block)) if kind == "nab" else min(SKAB_TRAINING, len(block))
    return _run(detector, file, block, history)


def _run(name: str, file: str, block: Block, history: int) -> Run:
    from engine.catalog import make

    detector = make("detector", name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.perf_counter()
        detector.fit(block.ticks(0, history))
        between = time.perf_counter()
        scores = detector.score_then_learn(block.ticks(history, len(block)))[:, 0]
        ended = time.perf_counter()
    return Run(name, file, np.concatenate([np.zeros(history), scores]), between - began, ended - between)


def scored_all(
    kind: str,
    folder: Path,
    files: Sequence[str],
    detectors: Sequence[str],
    workers: int | None = None,
    on_done: Callable[[int, int], None] | None = None,
) -> dict[str, list[Run]]:
    """Return the runs of every detector over every file, spread over the executor; the files in the given order."""
    jobs = [(kind, folder, file, detector) for detector in detectors for file in files]
    runs = run_all(scored, jobs, workers, on_done=on_done)
    return {name: runs[i * len(files) : (i + 1) * len(files)] for i, name in enumerate(detectors)}
