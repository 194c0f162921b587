"""One recipe for a whole class: which faults, how strong and how long; each plant has them at times of its own.

Plants that share the recipe differ in times, machines, noise, load and benign changes, so that nobody can copy, and
the same skill earns the same points. Every fault of a recipe was tried on plants of no student: it is stronger than
`engine.plant.visibility.LINE` wherever it was tried, or it was made stronger, or another one took its place.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from engine.catalog import part
from engine.errors import LabError, UnknownNameError
from engine.plant import noise
from engine.plant.checks import fitting
from engine.plant.journal import Injection, Journal
from engine.plant.making import BENIGN, PLANS
from engine.plant.visibility import LINE, natural_sds, visibility
from engine.records import HOUR_US, SECOND_US

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray

RECIPE_VERSION = 1
FIRST, LAST = 0.05, 0.98  # share of the span in which something may happen
GAP_S = 3600.0  # between two happenings of one machine; half of it where there is little room
LEAST_S = 2400.0  # shortest fault: a bump of half an hour must fit
FULL = 0.6  # share of the machines' time that faults and their gaps may fill before they are made shorter
TRIES, TRIALS = 24, 4  # other faults tried for one place of the recipe; plants that each is tried on
SAFE = 1.5  # the median trial shows the fault at so many times the line


@dataclass(frozen=True)
class Course:
    """One fault of a recipe, as every plant of the class has it.

    Parameters
    ----------
    sensors
        The sensor of a sensor fault; empty for faults of the machine.
    visible
        Median visibility over the trials, natural SDs.
    """

    fault: str
    severity: float
    duration_s: float
    ramp_s: float
    shape: str
    sensors: tuple[str, ...] = ()
    visible: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """What the plants of a class have in common; `benign` changes are drawn for each plant anew, as many for all."""

    courses: tuple[Course, ...]
    benign: int
    gap_s: float
    version: int = RECIPE_VERSION

    def to_json(self) -> str:
        """Return the recipe as JSON, for the vault."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        courses = (Course(**{**one, "sensors": tuple(one["sensors"])}) for one in raw["courses"])
        return cls(tuple(courses), raw["benign"], raw["gap_s"], raw["version"])


class Wanted(NamedTuple):
    """What a recipe is made for: a plant, a level, so many faults (of these kinds) in a span of some machines."""

    spec: PlantSpec
    level: str
    number: int
    start_us: int
    hours: float
    machines: tuple[str, ...]
    faults: tuple[str, ...] = ()

    @property
    def end_us(self) -> int:
        return self.start_us + round(self.hours * HOUR_US)

    @property
    def room_s(self) -> float:
        """Machine time in which something may happen."""
        return (LAST - FIRST) * self.hours * 3600.0 * len(self.machines)


def make_recipe(wanted: Wanted, seed: int, strength: float = 1.0) -> Recipe:
    """Return the recipe of a seed; `strength` multiplies the severities of the level.

    Raises
    ------
    LabError
        When so many faults do not fit into the span, a fault is unknown to the plant, or none can be seen.
    """
    gap_s = _gap_s(wanted)
    shortest, longest = _durations(wanted, gap_s)
    names = drawable(wanted)
    trials = _Trials(wanted, seed)
    courses = []
    for at in range(wanted.number):
        key = noise.stream_keys(seed, [(wanted.spec.name, "recipe", str(at))])
        draws = noise.uniform(key, np.arange(4 * TRIES, dtype=np.int64))[:, 0].reshape(TRIES, 4)
        courses.append(_course(wanted, names, (shortest, longest), strength, draws, trials))
    return Recipe(tuple(courses), _benign(wanted, courses, gap_s), gap_s)


def drawable(wanted: Wanted) -> list[str]:
    """Return the faults that may be drawn: those that the instructor named, or those of the level.

    Raises
    ------
    LabError
        When a named fault does not exist, is a benign change, acts on the way of the readings only, or does not occur
        in the plant.
    """
    known = fitting(wanted.spec)
    if wanted.level not in PLANS:
        raise UnknownNameError("level", wanted.level, PLANS)
    for name in wanted.faults:
        if part("fault", name).kind == "benign":
            raise LabError(f"{name} is a normal change, for which no alarm is owed.")
        if name not in known:
            raise LabError(f"{name} does not occur in {wanted.spec.title}, which knows {', '.join(known)}.")
    return [name for name in wanted.faults or PLANS[wanted.level].faults if name in known]


def capacity(wanted: Wanted) -> int:
    """Return how many faults fit at most into the machines' time."""
    return int(0.75 * wanted.room_s / (LEAST_S + GAP_S / 2))


def _gap_s(wanted: Wanted) -> float:
    most = capacity(wanted)
    if wanted.number > most:
        raise LabError(
            f"{wanted.number} faults do not fit into {wanted.hours:g} hours of {len(wanted.machines)} machines so that "
            f"each can be told from the next; take at most {most} faults, more days or more machines."
        )
    return GAP_S if wanted.number * (2 * 3600.0 + GAP_S) <= FULL * wanted.room_s else GAP_S / 2


def _durations(wanted: Wanted, gap_s: float) -> tuple[float, float]:
    """Return the shortest and the longest duration: one to three hours where there is room."""
    mean = max(LEAST_S, min(7200.0, FULL * wanted.room_s / wanted.number - gap_s))
    return max(LEAST_S, 0.5 * mean), max(LEAST_S, 2 * mean - max(LEAST_S, 0.5 * mean))


def _benign(wanted: Wanted, courses: list[Course], gap_s: float) -> int:
    """Return how many benign changes come to the faults: as the level says, as far as there is room."""
    left = 0.75 * wanted.room_s - sum(one.duration_s + gap_s for one in courses)
    return max(0, min(round(PLANS[wanted.level].benign * wanted.number), int(left / (7200.0 + gap_s))))


def _course(
    wanted: Wanted,
    names: list[str],
    lasting: tuple[float, float],
    strength: float,
    draws: FloatArray,
    trials: _Trials,
) -> Course:
    best: Course | None = None
    for draw in draws:
        one = trials.made_visible(_drawn(wanted, names, lasting, strength, draw))
        if one.visible >= SAFE * LINE and trials.worst >= LINE:
            return one
        best = one if best is None or one.visible > best.visible else best
    assert best is not None
    raise LabError(
        f"No fault of level {wanted.level!r} could be made visible (the clearest, {best.fault}, moves its sensor by "
        f"{best.visible:.2f} of its natural wobble, {SAFE * LINE:g} are needed); choose other faults or another level."
    )


def _drawn(wanted: Wanted, names: list[str], lasting: tuple[float, float], strength: float, draw: FloatArray) -> Course:
    plan, fault = PLANS[wanted.level], names[int(draw[0] * len(names))]
    usual, low, high = part("fault", fault), *plan.severity
    duration = round(lasting[0] + (lasting[1] - lasting[0]) * float(draw[2]))
    one_sensor = usual.kind == "sensor" and not usual.whole_machine
    sensors = (wanted.spec.sensor_names[int(draw[3] * len(wanted.spec.sensors))],) if one_sensor else ()
    shape = "smooth" if usual.shape == "sudden" and usual.kind == "machine" else usual.shape
    severity = round(min(1.0, strength * (low + (high - low) * float(draw[1]))), 3)
    return Course(fault, severity, float(duration), float(round(plan.ramp_share * duration)), shape, sensors)


class _Trials:
    """Plants of no student, on which the faults of a recipe are tried one at a time."""

    def __init__(self, wanted: Wanted, seed: int) -> None:
        from engine.plant.simulator import Plant

        self._wanted = wanted
        self._span = min(wanted.hours, 72.0) * HOUR_US  # the natural wobble is known after three days
        keys = noise.stream_keys(seed, [(wanted.spec.name, "recipe", "trial", str(at)) for at in range(TRIALS)])
        draws = noise.uniform(keys, np.arange(64, dtype=np.int64)).T
        self._places = [
            (Plant(wanted.spec, int(d[0] * 2**53), self._normal_changes(name, d[3:]), (name,)), float(d[2]))
            for d, name in ((d, self._machine(d[1])) for d in draws)
        ]
        end = wanted.start_us + int(self._span)
        self._sds = [natural_sds(plant, plant.machines[0], wanted.start_us, end) for plant, _ in self._places]
        self.worst = 0.0

    def _normal_changes(self, machine: str, draws: FloatArray) -> Journal:
        """Return benign changes as often as a plant of the class has them: they are part of the wobble."""
        wanted = self._wanted
        share = self._span / (wanted.hours * HOUR_US * len(wanted.machines))
        count = min(len(draws) // 3, round(PLANS[wanted.level].benign * wanted.number * share))
        entries = []
        for number, draw in enumerate(draws[: 3 * count].reshape(-1, 3).tolist()):
            one = benign_course(wanted.spec, 3600.0 * (1.0 + draw[0]), draw[1])
            if one is not None and not part("fault", one.fault).stops_machine:  # a stop would end the fault
                start = wanted.start_us + round(draw[2] * (self._span - one.duration_s * SECOND_US))
                entries.append(injection(f"normal-{number}", machine, start, one))
        return Journal(tuple(entries))

    def _machine(self, draw: float) -> str:
        return self._wanted.machines[int(draw * len(self._wanted.machines))]

    def made_visible(self, course: Course) -> Course:
        """Return the course, stronger when it could not be seen, with its median visibility; see also `worst`."""
        for _ in range(5):
            found = [self._visible(course, at) for at in range(TRIALS)]
            median, self.worst = float(np.median(found)), min(found)
            course = replace(course, visible=round(median, 4))
            short = max(SAFE * LINE / max(median, 1e-9), LINE / max(self.worst, 1e-9))
            if short <= 1.0 or course.severity >= 1.0:
                break
            course = replace(course, severity=round(min(1.0, course.severity * min(4.0, max(1.15, 1.05 * short))), 3))
        return course

    def _visible(self, course: Course, at: int) -> float:
        plant, where = self._places[at]
        room = self._span * (LAST - FIRST) - course.duration_s * SECOND_US
        start = self._wanted.start_us + round(FIRST * self._span + where * max(0.0, room))
        tried = plant.with_journal(plant.journal.with_(injection("trial", plant.machines[0], start, course)))
        active = [one for one in tried.history.active(plant.machines[0], start, start + 1) if one.id == "trial"]
        return visibility(tried, active[0], self._sds[at]) if active else 0.0


def injection(name: str, machine: str, start_us: int, course: Course) -> Injection:
    """Return a course as it happens at one time on one machine."""
    return Injection(
        id=name,
        machine=machine,
        fault=course.fault,
        severity=course.severity,
        start_us=start_us,
        ramp_s=course.ramp_s,
        duration_s=course.duration_s,
        shape=course.shape,
        sensors=course.sensors,
    )


def benign_course(spec: PlantSpec, wanted_s: float, draw: float) -> Course | None:
    """Return a benign change of the plant of at most that length, or None when the plant has none."""
    names = [name for name in BENIGN if name in fitting(spec)]
    if not names:
        return None
    usual = part("fault", names[int(draw * len(names))])
    duration = float(round(min(usual.duration_s, wanted_s)))
    return Course(usual.name, usual.severity, duration, min(usual.ramp_s, 0.4 * duration), usual.shape)
