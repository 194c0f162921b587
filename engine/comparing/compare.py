"""Runs contenders on stretches: here or as jobs of engine.parallel; the results are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from engine.comparing.contenders import Contender
from engine.comparing.stretches import Stretch
from engine.errors import CancelledError, LabError
from engine.parallel import run_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.records import FloatArray, Label

PIECE_TICKS = 2000  # between two of these a cancelled run stops, and other threads get their turn
HERE = 0  # workers: none, the caller's thread does it


@dataclass(frozen=True)
class Outcome:
    """What one contender did on one stretch; there is no truth in it.

    Parameters
    ----------
    stretch
        Position of the stretch in the list that was given.
    scores, levels
        (n_ticks, n_machines); a level is infinite while its rule has seen too little.
    us_per_reading
        Scoring and learning, microseconds per machine and tick (all sensors of it).
    fit_s
        Training on the past, seconds: what each retraining costs.
    problem
        Why it could not take part; scores and levels are empty then.
    """

    contender: Contender
    stretch: int
    seed: int
    scores: FloatArray = field(repr=False)
    levels: FloatArray = field(repr=False)
    alarms: tuple[Label, ...] = ()
    us_per_reading: float = 0.0
    fit_s: float = 0.0
    problem: str = ""


def compare(
    contenders: Sequence[Contender],
    stretches: Sequence[Stretch],
    seeds: Sequence[int] | None = None,
    workers: int | None = HERE,
    on_done: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> list[Outcome]:
    """Return one outcome per contender and stretch, contenders first.

    Parameters
    ----------
    seeds
        One per stretch, added to the seeds of detectors that throw dice; None = 0, 1, 2, …
    workers
        0 = here, in this thread; None = a process per core (or the Dask cluster); else so many processes.
    on_done
        Called with (done, all) after each outcome.
    cancelled
        Asked now and then; True ends the work.

    Raises
    ------
    LabError
        When it was cancelled, or a contender's detector, rule or parameter does not exist.
    """
    moved = list(range(len(stretches))) if seeds is None else list(seeds)
    for contender in contenders:
        contender.levels_rule(contender.make())  # what is unknown is said before anything runs
    jobs = [(one, stretches[k], k, moved[k]) for one in contenders for k in range(len(stretches))]
    if workers == HERE:
        return _here(jobs, on_done, cancelled)
    return run_all(run_contender, jobs, workers, on_done=on_done, cancelled=cancelled)


def run_contender(
    contender: Contender,
    stretch: Stretch,
    number: int = 0,
    seed: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> Outcome:
    """Return what a contender does on a stretch: train on the past, then score before learning, tick by tick."""
    empty = np.zeros((0, stretch.judged.n_machines))
    try:
        return _run(contender, stretch, number, seed, cancelled)
    except CancelledError:
        raise
    except LabError as problem:
        return Outcome(contender, number, seed, empty, empty, problem=str(problem))
    except (ImportError, ValueError, np.linalg.LinAlgError) as problem:
        # One contender that these readings do not suit (too few rows, a missing library) must not end the others.
        return Outcome(contender, number, seed, empty, empty, problem=str(problem).split("\n", 1)[0])


def _here(
    jobs: Sequence[tuple[Contender, Stretch, int, int]],
    on_done: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> list[Outcome]:
    results = []
    for done, job in enumerate(jobs, start=1):
        results.append(run_contender(*job, cancelled=cancelled))
        if on_done is not None:
            on_done(done, len(jobs))
    return results


def _run(
    contender: Contender, stretch: Stretch, number: int, seed: int, cancelled: Callable[[], bool] | None
) -> Outcome:
    began = perf_counter()
    detector = stretch.prepared(contender.make(seed))
    fitted = perf_counter()
    rule = contender.levels_rule(detector)
    if stretch.recent is not None and len(stretch.recent):
        rule.levels(detector.score_then_learn(stretch.recent), stretch.recent.times_us)
    judged, pieces = stretch.judged, []
    scoring = perf_counter()
    for start in range(0, len(judged), PIECE_TICKS):
        if cancelled is not None and cancelled():
            raise CancelledError("The comparison was cancelled; press Score to run it again.")
        pieces.append(detector.score_then_learn(judged.ticks(start, start + PIECE_TICKS)))
    took = perf_counter() - scoring
    scores = np.concatenate(pieces)
    levels = rule.levels(scores, judged.times_us)
    us = 1e6 * took / max(1, len(judged) * judged.n_machines)
    alarms = contender.alarms(judged, scores, levels)
    return Outcome(contender, number, seed, scores, levels, alarms, us, fitted - began)
