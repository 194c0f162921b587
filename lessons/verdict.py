"""Says whether an answer passes an exercise: on freshly seeded plants, with conditions from a fixed list."""

from __future__ import annotations

import logging
import operator
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.errors import LabError
from lessons.labs.base import Outcome, lab_kind
from lessons.reader import Lesson, checked_answer, setup_of
from lessons.spec import CONDITION, Exercise

NOT_TRIED, NOT_YET, PASSED, CANNOT_CHECK = "not tried", "not yet", "passed", "cannot check"
COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt, ">": operator.gt, "==": operator.eq}
PROOF_SEEDS = 20
BROKEN = "the check itself broke; tell your instructor, the log holds the details."
SOLUTION_SHARE, DECOY_SHARE = 0.95, 0.05
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Condition:
    """One condition of an exercise, the number it was held against, and whether it holds."""

    text: str
    metric: str
    value: float | None
    holds: bool


@dataclass(frozen=True)
class Verdict:
    """What became of an answer: one of the four words, the conditions, and the metrics of each seed."""

    word: str
    conditions: tuple[Condition, ...] = ()
    per_seed: tuple[dict[str, float | None], ...] = ()
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer passed."""
        return self.word == PASSED


def check_answer(
    exercise: Exercise, given: dict[str, Any], seed: int, progress: Callable[[float], None] = lambda share: None
) -> Verdict:
    """Run the answer on `exercise.seeds` plants and judge the median of each metric over them.

    Raises
    ------
    LabError
        When the answer itself is out of range; such an answer is no attempt.
    """
    answer = checked_answer(exercise, given)
    outcomes: list[Outcome] = []
    try:
        settings = setup_of(exercise, answer)
        for number in range(exercise.seeds):
            outcomes.append(lab_kind(exercise.kind).run(settings, seed + number))
            progress((number + 1) / exercise.seeds)
    except LabError as problem:
        return Verdict(CANNOT_CHECK, reason=str(problem))
    except Exception:  # a bug of ours costs the student no try
        log.exception("the check of an exercise broke")
        return Verdict(CANNOT_CHECK, reason=BROKEN)
    conditions = judge(exercise.pass_when, [outcome.metrics for outcome in outcomes])
    word = PASSED if all(condition.holds for condition in conditions) else NOT_YET
    return Verdict(word, conditions, tuple(outcome.metrics for outcome in outcomes))


def judge(pass_when: tuple[str, ...], metrics: list[dict[str, float | None]]) -> tuple[Condition, ...]:
    """Hold each condition against the median over the seeds; a metric undefined on most seeds never passes."""
    judged = []
    for text in pass_when:
        found = CONDITION.match(text)
        if found is None:
            raise ValueError(f"condition must be 'metric <= number', got {text!r}.")
        values = [m.get(found[1]) for m in metrics]
        defined = [value for value in values if value is not None]
        value = float(np.median(defined)) if 2 * len(defined) > len(values) else None
        holds = value is not None and bool(COMPARE[found[2]](value, float(found[3])))
        judged.append(Condition(text, found[1], value, holds))
    return tuple(judged)


@dataclass(frozen=True)
class Proof:
    """How often an exercise's solution and each decoy pass over fresh seeds."""

    exercise: str
    solution: float
    decoys: tuple[float, ...]
    seeds: int

    @property
    def holds(self) -> bool:
        """Whether the exercise may be used for a grade."""
        return self.solution >= SOLUTION_SHARE and all(share <= DECOY_SHARE for share in self.decoys)


def prove(
    lesson: Lesson, executor: Executor | None = None, seeds: int = PROOF_SEEDS, first_seed: int = 10_000
) -> list[Proof]:
    """Check every exercise of a lesson: the solution must pass on ≥ 95 % of the seeds, each decoy on ≤ 5 %.

    One proof seed is one whole check, as a student would meet it, on plants that no other check uses.
    """
    proofs = []
    for name, exercise in lesson.lab.exercises.items():
        answers = [exercise.solution, *(decoy.answer for decoy in exercise.decoys)]
        tasks = [(exercise, answer, first_seed + 100 * n) for answer in answers for n in range(seeds)]
        passed = list(executor.map(_passes, tasks)) if executor else [_passes(task) for task in tasks]
        shares = np.array(passed, dtype=float).reshape(len(answers), seeds).mean(axis=1)
        proofs.append(Proof(name, float(shares[0]), tuple(float(share) for share in shares[1:]), seeds))
    return proofs


def _passes(task: tuple[Exercise, dict[str, Any], int]) -> bool:
    exercise, answer, seed = task
    return check_answer(exercise, answer, seed).passed
