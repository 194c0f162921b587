"""Places the faults of a recipe in one plant: apart from each other, visible, and detectable; each move has a reason.

Faults and benign changes of one machine never overlap, so no fault lies in the ramp of another and the truth, handed
in, is told apart event by event. A fault that cannot be seen where it fell, or becomes detectable too late, is moved
alone; when it finds no place, the plant is drawn again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.plant import noise
from engine.plant.journal import Injection, Journal
from engine.plant.recipe import FIRST, LAST, benign_course, injection
from engine.plant.simulator import Plant
from engine.plant.truth import event_of
from engine.plant.visibility import LINE, natural_sds, visibility
from engine.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.plant.history import Active
    from engine.plant.recipe import Course, Recipe, Wanted
    from engine.records import FloatArray, TruthEvent

MOVES = 6  # rounds in which faults that cannot be seen get another place
OWED = 0.5  # share of a fault's time in which it must be detectable
_GRID_US = 10 * SECOND_US
UNSEEN = "a fault cannot be seen where it fell"
LATE = "a fault becomes detectable too late"
CROWDED = "a fault finds no free place"


@dataclass(frozen=True)
class Placed:
    """A plant of the class: the plant, its truth with visibilities, and how often a fault was moved, by reason."""

    plant: Plant
    events: tuple[TruthEvent, ...]
    moved: tuple[tuple[str, int], ...]


class NoPlaceError(Exception):
    """A draw that failed, with the constraint that it failed on; the caller draws again."""

    def __init__(self, reason: str, fault: str) -> None:
        super().__init__(f"{reason} ({fault})")
        self.reason, self.fault = reason, fault


def place(wanted: Wanted, recipe: Recipe, seed: int) -> Placed:
    """Return the plant of a seed with the recipe's faults in it; a pure function of its arguments.

    Raises
    ------
    NoPlaceError
        When a fault found no place in which it can be seen.
    """
    chance = _chance(wanted, seed)
    entries = _arranged(wanted, recipe, chance)
    faults = len(recipe.courses)
    plant = Plant(wanted.spec, seed, Journal(tuple(entries)), wanted.machines)
    sds = {name: natural_sds(plant, name, wanted.start_us, wanted.end_us) for name in wanted.machines}
    events: dict[str, TruthEvent] = {}
    moved: Counter[str] = Counter()
    stale = entries[:faults]
    for _ in range(MOVES):
        events |= {one.id: _event(plant, one, sds) for one in stale}
        stale = []
        for at, one in enumerate(entries[:faults]):
            reason = problem_of(events[one.id])
            if reason:
                moved[reason] += 1
                entries[at] = _moved(wanted, recipe, entries, at, chance)
                stale.append(entries[at])
        if not stale:
            return Placed(plant, _truth(plant, wanted, events), tuple(sorted(moved.items())))
        plant = plant.with_journal(Journal(tuple(entries)))
    raise NoPlaceError(moved.most_common(1)[0][0], stale[0].fault)


def problem_of(event: TruthEvent) -> str:
    """Return why nobody could be asked to find the event; empty when it may be owed."""
    if (event.visibility or 0.0) < LINE:
        return UNSEEN
    known = event.detectable_from_us
    late = known is None or event.end_us - known < OWED * (event.end_us - event.onset_us)
    return LATE if late else ""


def _chance(wanted: Wanted, seed: int) -> Iterator[float]:
    """Yield draws from [0, 1), keyed by the plant's seed."""
    key = noise.stream_keys(seed, [(wanted.spec.name, "recipe", "places")])
    at = 0
    while True:
        draws: FloatArray = noise.uniform(key, np.arange(at, at + 256, dtype=np.int64))[:, 0]
        yield from draws.tolist()
        at += 256


def _arranged(wanted: Wanted, recipe: Recipe, chance: Iterator[float]) -> list[Injection]:
    """Return faults, then benign changes, each at a free place; long ones choose their machine first."""
    extra = (benign_course(wanted.spec, 3600.0 * (1.0 + next(chance)), next(chance)) for _ in range(recipe.benign))
    courses = [*recipe.courses, *(one for one in extra if one is not None)]
    room = dict.fromkeys(wanted.machines, (LAST - FIRST) * wanted.hours * 3600.0 + recipe.gap_s)
    whose: dict[str, list[int]] = {name: [] for name in wanted.machines}
    for at in sorted(range(len(courses)), key=lambda n: (n >= len(recipe.courses), -courses[n].duration_s)):
        needs = courses[at].duration_s + recipe.gap_s
        free = [name for name in wanted.machines if room[name] >= needs]
        if not free:
            if at >= len(recipe.courses):
                continue  # a benign change less
            raise NoPlaceError(CROWDED, courses[at].fault)
        name = free[int(next(chance) * len(free))]
        room[name] -= needs
        whose[name].append(at)
    starts = {
        at: start for name in wanted.machines for at, start in _spread(wanted, recipe, courses, whose[name], chance)
    }
    machine = {at: name for name, mine in whose.items() for at in mine}
    return [injection(f"made-{at + 1}", machine[at], starts[at], courses[at]) for at in sorted(starts)]


def _spread(
    wanted: Wanted, recipe: Recipe, courses: list[Course], mine: list[int], chance: Iterator[float]
) -> list[tuple[int, int]]:
    """Return (number, start) of one machine's happenings: in random order, the free time dealt out by chance."""
    order = sorted(mine, key=lambda _: next(chance))
    busy = sum(courses[at].duration_s + recipe.gap_s for at in order) - recipe.gap_s
    free_s = (LAST - FIRST) * wanted.hours * 3600.0 - busy
    cuts = sorted(next(chance) * free_s for _ in order)
    found, passed = [], 0.0
    for at, cut in zip(order, cuts, strict=True):
        found.append((at, _on_grid(wanted.start_us + (FIRST * wanted.hours * 3600.0 + cut + passed) * SECOND_US)))
        passed += courses[at].duration_s + recipe.gap_s
    return found


def _on_grid(at_us: float) -> int:
    return int(at_us) // _GRID_US * _GRID_US


def _moved(wanted: Wanted, recipe: Recipe, entries: list[Injection], at: int, chance: Iterator[float]) -> Injection:
    """Return the happening at another free place, drawn evenly from the free starts of all machines."""
    one, others = entries[at], entries[:at] + entries[at + 1 :]
    gaps = [
        (name, low, high)
        for name in wanted.machines
        for low, high in _free_starts(wanted, recipe, [x for x in others if x.machine == name], one.duration_s)
    ]
    whole = sum(high - low for _, low, high in gaps)
    if whole <= 0:
        raise NoPlaceError(CROWDED, one.fault)
    left = next(chance) * whole
    for name, low, high in gaps:
        if left < high - low:
            return replace(one, machine=name, start_us=_on_grid(low + left))
        left -= high - low
    name, _, high = gaps[-1]
    return replace(one, machine=name, start_us=_on_grid(high))


def _free_starts(
    wanted: Wanted, recipe: Recipe, taken: list[Injection], duration_s: float
) -> Iterator[tuple[float, float]]:
    """Yield spans of possible starts on one machine, in microseconds."""
    gap, length = recipe.gap_s * SECOND_US, duration_s * SECOND_US
    span = wanted.hours * 3600.0 * SECOND_US
    begins, ends = wanted.start_us + FIRST * span, wanted.start_us + LAST * span
    for one in sorted(taken, key=lambda x: x.start_us):
        if one.start_us - gap - length > begins:
            yield begins, one.start_us - gap - length
        begins = max(begins, one.end_us + gap)
    if ends - length > begins:
        yield begins, ends - length


def _active(plant: Plant, one: Injection) -> Active:
    return next(x for x in plant.history.active(one.machine, one.start_us, one.start_us + 1) if x.id == one.id)


def _event(plant: Plant, one: Injection, sds: dict[str, FloatArray]) -> TruthEvent:
    active = _active(plant, one)
    return replace(event_of(plant, active), visibility=visibility(plant, active, sds[one.machine]))


def _truth(plant: Plant, wanted: Wanted, events: dict[str, TruthEvent]) -> tuple[TruthEvent, ...]:
    """Return the faults as measured and the benign changes, of which nothing is owed and nothing measured."""
    found = []
    for name in plant.machines:
        for one in plant.history.active(name, wanted.start_us, wanted.end_us):
            found.append(events[one.id] if one.id in events else event_of(plant, one, measured=False))
    return tuple(sorted(found, key=lambda event: (event.onset_us, event.machine, event.fault)))
