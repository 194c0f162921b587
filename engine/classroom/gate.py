"""The gate before a release: robots play the assignment on every variant, and a careful person's points on all.

What makes a class fair is not that a detector finds the plants alike, but that the same skill earns the same points:
the gate wants the expected points of a simulated careful person (`engine.classroom.labelers`) to lie in a range of at
most `SPREAD` over the variants.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.classroom.fairness import MOST_RANGE
from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.key_robots import GAMES, Robots, play_robots
from engine.classroom.pipelines import Pipeline
from engine.classroom.robots import RobotRow, merged
from engine.classroom.rubric import Rubric
from engine.classroom.spec import AssignmentSpec
from engine.records import MINUTE_US, Label

MARGIN = 10.0  # points by which the reference must beat chance (mean over the variants)
RANDOM_RUNS = 5
LABEL_MINUTES = 45


@dataclass(frozen=True)
class GateRow:
    """Automatic points of the robots on one variant, and what a careful person is expected to earn (`difficulty`).

    The reference and the three-sigma rule play on a sample of a large class; elsewhere they are None.
    """

    variant: str
    reference: float | None
    random: float
    everything: float
    difficulty: float | None
    three_sigma: float | None = None


@dataclass(frozen=True)
class Gate:
    """What the robots found; `problems` is empty when the assignment may be released."""

    rows: tuple[GateRow, ...]
    problems: tuple[str, ...]
    warnings: tuple[str, ...] = ()
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
        found = {}
        for shown, name in BASELINES.items():
            points = [value for row in self.rows if (value := getattr(row, name)) is not None]
            if points:
                found[shown] = round(float(np.mean(points)) / automatic_points, 6)
        return found

    def histogram(self, out_of: float = 90.0, bins: int = 18) -> list[tuple[float, int]]:
        """Return (left edge in points, variants) of the careful person's expected points: the fairness picture."""
        counts, edges = np.histogram(self.careful, bins=bins, range=(0.0, out_of))
        return [(round(float(edge), 4), int(count)) for edge, count in zip(edges, counts, strict=False)]

    @property
    def careful(self) -> list[float]:
        """Expected points of the careful person, by variant."""
        return [row.difficulty for row in self.rows if row.difficulty is not None]


BASELINES = {
    "random": "random",
    "label_all": "everything",
    "reference": "reference",
    "shewhart_3s": "three_sigma",
}  # as a board names them -> as a row does


def play_gate(
    rubric: Rubric,
    keys: Mapping[str, AnswerKey],
    reference: Mapping[str, tuple[Label, ...]],
    difficulty: Mapping[str, float | None],
    three_sigma: Mapping[str, tuple[Label, ...]] | None = None,
    games: int = GAMES,
) -> Gate:
    """Play the robots.

    Parameters
    ----------
    keys, reference, difficulty, three_sigma
        By variant: truth, what the reference marked, points that a careful person is expected to earn, what the
        three-sigma rule marked. Marks may be missing where a rule did not play.
    games
        How many each robot with dice plays at least.
    """
    rows = [
        _row(rubric, name, key, reference.get(name), difficulty.get(name), (three_sigma or {}).get(name))
        for name, key in sorted(keys.items())
    ]
    played = play_robots(rubric, keys, games) if rubric.edition > 1 else Robots((), ())
    return Gate(tuple(rows), (*_problems(rubric, rows, keys), *played.problems), robots=played.rows)


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


def _row(
    rubric: Rubric,
    name: str,
    key: AnswerKey,
    marks: tuple[Label, ...] | None,
    careful: float | None,
    sigma: tuple[Label, ...] | None,
) -> GateRow:
    def points(played: tuple[Label, ...]) -> float:
        return grade(Work(rubric.submit, played), key, rubric).points

    seeds = [zlib.crc32(f"{name}{run}".encode()) for run in range(RANDOM_RUNS)]
    chance = [points(random_marks(key, max(1, len(key.owed)), seed)) for seed in seeds]
    return GateRow(
        name,
        None if marks is None else points(marks),
        float(np.mean(chance)),
        points(tuple(Label(machine, key.start_us, key.end_us) for machine in key.machines)),
        careful,
        None if sigma is None else points(sigma),
    )


def _problems(rubric: Rubric, rows: list[GateRow], keys: Mapping[str, AnswerKey]) -> list[str]:
    if not rows:
        return ["There is no variant yet; make the variants first."]
    found = [f"Variant {name} has no event that could be found." for name, key in sorted(keys.items()) if not key.owed]
    for row in rows:
        if row.everything > max(row.reference or 0.0, 0.17 * rubric.points):
            found.append(
                f"Variant {row.variant}: labelling everything earns {row.everything:.0f} points; "
                "take more events or fewer machines."
            )
    gains = [row.reference - row.random for row in rows if row.reference is not None]
    gain = float(np.mean(gains)) if gains else 0.0
    if rubric.edition == 1 and gain < MARGIN:  # since then the careful person says whether skill earns
        found.append(f"The reference beats chance by {gain:.1f} points only; {MARGIN:g} are needed.")
    return found + _unequal(rubric, rows)


def _unequal(rubric: Rubric, rows: list[GateRow]) -> list[str]:
    """Return the problem when the same skill does not earn the same points on all variants."""
    known = sorted((row.difficulty, row.variant) for row in rows if row.difficulty is not None)
    most = MOST_RANGE * rubric.automatic_points / 90.0
    if not known or known[-1][0] - known[0][0] <= most:
        return []
    (low, hard), (high, easy) = known[0], known[-1]
    return [
        f"A careful person is expected to earn from {low:.0f} points ({hard}) to {high:.0f} ({easy}) by variant; a "
        f"range of at most {most:.0f} is fair. Make the variants again, with more faults or more days."
    ]
