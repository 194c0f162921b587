"""The gate before a release: three robots play the assignment on every variant, and the spread is measured."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.key_robots import Robots, play_robots
from engine.classroom.pipelines import Pipeline
from engine.classroom.robots import RobotRow, merged
from engine.classroom.rubric import Rubric
from engine.classroom.spec import AssignmentSpec
from engine.records import MINUTE_US, Label

MARGIN = 10.0  # points by which the reference must beat chance (mean over the variants)
SPREAD = 0.25  # largest allowed range of difficulty over the variants, event-F1
RANDOM_RUNS = 5
LABEL_MINUTES = 45


@dataclass(frozen=True)
class GateRow:
    """Automatic points of the three robots on one variant, and its difficulty."""

    variant: str
    reference: float
    random: float
    everything: float
    difficulty: float | None


@dataclass(frozen=True)
class Gate:
    """What the robots found; `problems` is empty when the assignment may be released."""

    rows: tuple[GateRow, ...]
    problems: tuple[str, ...]
    robots: tuple[RobotRow, ...] = ()
    pipelines: tuple[Pipeline, ...] = ()

    @property
    def line(self) -> Pipeline | None:
        """The best automatic pipeline: above its points a person adds something."""
        return self.pipelines[0] if self.pipelines else None

    @property
    def passed(self) -> bool:
        return not self.problems

    def baselines(self, automatic_points: float) -> dict[str, float]:
        """Return the robots' mean shares of the automatic points for board and reports; none without events."""
        if not self.rows:
            return {}
        names = {"random": "random", "label_all": "everything", "reference": "reference"}
        return {
            shown: round(float(np.mean([getattr(row, name) for row in self.rows])) / automatic_points, 6)
            for shown, name in names.items()
        }

    def histogram(self, bins: int = 10) -> list[tuple[float, int]]:
        """Return (left edge, variants) of the difficulties from 0 to 1: the fairness picture."""
        values = [row.difficulty for row in self.rows if row.difficulty is not None]
        counts, edges = np.histogram(values, bins=bins, range=(0.0, 1.0))
        return [(float(edge), int(count)) for edge, count in zip(edges, counts, strict=False)]


def play_gate(
    rubric: Rubric,
    keys: Mapping[str, AnswerKey],
    reference: Mapping[str, tuple[Label, ...]],
    difficulty: Mapping[str, float | None],
) -> Gate:
    """Play the robots.

    Parameters
    ----------
    keys, reference, difficulty
        By variant: truth, what the reference detector marked, measured difficulty.
    """
    rows = [
        _row(rubric, name, key, reference.get(name, ()), difficulty.get(name)) for name, key in sorted(keys.items())
    ]
    played = play_robots(rubric, keys) if rubric.edition > 1 else Robots((), ())
    return Gate(tuple(rows), (*_problems(rubric, rows, keys), *played.problems), played.rows)


def question_gate(spec: AssignmentSpec, answers: Mapping[str, object], variants: int) -> Gate:
    """Return the gate of a quiz or a report, where no robot can play: is everything there that students need?"""
    problems = [] if variants else ["There is no variant yet; make the variants first."]
    if spec.submit == "answers":
        if not spec.questions:
            problems.append("The quiz has no question; write some under `questions`.")
        lacking = [question.id for question in spec.questions if question.id not in answers]
        if lacking:
            problems.append(f"No right answer is given for: {', '.join(lacking)}; write them under `answers`.")
    return Gate((), tuple(problems))


def random_marks(key: AnswerKey, count: int, seed: int, minutes: float = LABEL_MINUTES) -> tuple[Label, ...]:
    """Return so many labels of that length at random places of random machines: the chance baseline."""
    rng = np.random.default_rng(seed)
    length = min(round(minutes * MINUTE_US), (key.end_us - key.start_us) // 2)
    starts = rng.integers(key.start_us, key.end_us - length, count)
    machines = rng.integers(0, len(key.machines), count)
    marks = [Label(key.machines[m], int(s), int(s) + length) for m, s in zip(machines, starts, strict=True)]
    return merged(tuple(marks))


def random_points(rubric: Rubric, key: AnswerKey, count: int, part: str = "all") -> float:
    """Return the mean points of chance with the same number of intervals: what skill is measured from."""
    works = [Work(rubric.submit, random_marks(key, count, seed)) for seed in range(RANDOM_RUNS)]
    return float(np.mean([grade(work, key, rubric, part).points for work in works]))


def _row(rubric: Rubric, name: str, key: AnswerKey, marks: tuple[Label, ...], difficulty: float | None) -> GateRow:
    everything = tuple(Label(machine, key.start_us, key.end_us) for machine in key.machines)
    reference = grade(Work(rubric.submit, marks), key, rubric).points
    seeds = [zlib.crc32(f"{name}{run}".encode()) for run in range(RANDOM_RUNS)]
    chance = [
        grade(Work(rubric.submit, random_marks(key, max(1, len(key.owed)), seed)), key, rubric).points for seed in seeds
    ]
    all_points = grade(Work(rubric.submit, everything), key, rubric).points
    return GateRow(name, reference, float(np.mean(chance)), all_points, difficulty)


def _problems(rubric: Rubric, rows: list[GateRow], keys: Mapping[str, AnswerKey]) -> list[str]:
    if not rows:
        return ["There is no variant yet; make the variants first."]
    found = [f"Variant {name} has no event that could be found." for name, key in sorted(keys.items()) if not key.owed]
    for row in rows:
        if row.everything > max(row.reference, 0.17 * rubric.points):
            found.append(
                f"Variant {row.variant}: labelling everything earns {row.everything:.0f} points; "
                "take more events or fewer machines."
            )
    gain = float(np.mean([row.reference - row.random for row in rows]))
    if rubric.edition == 1 and gain < MARGIN:  # since then the careful person says whether skill earns
        found.append(f"The reference beats chance by {gain:.1f} points only; {MARGIN:g} are needed.")
    hard = [row.difficulty for row in rows if row.difficulty is not None]
    if hard and max(hard) - min(hard) > SPREAD:
        found.append(f"Variants differ in difficulty by {max(hard) - min(hard):.2f}; at most {SPREAD:g} is fair.")
    return found
