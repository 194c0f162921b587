"""What each column is for: clock, machine, name of a sensor, reading, quality, answer, or nothing.

Decided by content.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError, nearest
from engine.plant.features import GUIDE_FEATURES
from engine.reading import words
from engine.reading.answers import answers_among, separators_among
from engine.reading.evidence import CANNOT_USE, CHOOSE, FIXED
from engine.reading.facts import EMPTY, MOMENTS, NUMBERS, SWITCH, TEXT, WORDS, Facts
from engine.reading.keys import Keys, keys_among, runs_of_counter
from engine.reading.moments import counters_for
from engine.reading.qualities import is_quality

if TYPE_CHECKING:
    from engine.reading.choices import Choices
    from engine.reading.clock import Clock
    from engine.reading.evidence import Notes
    from engine.records import IntArray

# Columns that the guide derives from the others: a calendar is no sensor.
DERIVED = frozenset(GUIDE_FEATURES)


@dataclass(frozen=True)
class Column:
    """One column of the file: its place (0-based), name, unit where one was seen, role, and why it has it."""

    at: int
    name: str
    unit: str
    role: str
    why: str = ""


@dataclass
class Roles:
    """The role and the reason of each column, being decided; the first decision stays."""

    facts: list[Facts]
    role: dict[int, str] = field(default_factory=dict)
    why: dict[int, str] = field(default_factory=dict)

    def give(self, at: int, role: str, why: str) -> None:
        """Give a column its role unless it has one."""
        if at not in self.role:
            self.role[at], self.why[at] = role, why

    def free(self, *kinds: str) -> list[Facts]:
        """Return the columns without a role, of these kinds of content."""
        return [fact for fact in self.facts if fact.at not in self.role and (not kinds or fact.kind in kinds)]

    def columns(self) -> list[Column]:
        return [
            Column(
                f.at,
                f.name,
                f.cells.unit or f.numbers.unit if f.kind == NUMBERS else f.cells.unit,
                self.role[f.at],
                self.why[f.at],
            )
            for f in self.facts
        ]


def roles_of(
    file: str, facts: list[Facts], clocks: list[Clock], choices: Choices, notes: Notes
) -> tuple[Roles, Clock | None]:
    """Return the roles of all columns and the clock.

    Raises
    ------
    FileProblemError
        When a chosen column is unknown.
    """
    roles = Roles(facts)
    _take_choices(file, roles, choices)
    for fact in roles.free(EMPTY):
        roles.give(fact.at, "ignore", "it is empty")
        notes.say(CANNOT_USE, f"Column {fact.name} is empty.")
    clock = _clock(roles, clocks, choices)
    n = len(facts[0].cells) if facts else 0
    times = clock.us if clock is not None else np.arange(n, dtype=np.int64)
    if clock is None:
        found = runs_of_counter(roles.free(NUMBERS))
        if found is not None:
            machine, counter = found
            roles.give(
                machine.at, "machine", "it stays the same while another column counts, and then that begins again"
            )
            roles.give(counter.at, "time", "it counts from the start for each machine")
            notes.say(FIXED, f"Column {counter.name} counts for each {machine.name} from the start; it is the clock.")
    _take_copies(roles, clock, times, notes)
    for fact in roles.free():
        if is_quality(fact, [one for one in facts if one.kind == NUMBERS and one is not fact]):
            roles.give(fact.at, "quality", "its words or codes say how good a reading is")
    for fact, why in answers_among(roles.free(NUMBERS, SWITCH, WORDS, TEXT), facts):
        roles.give(fact.at, "label", why)
    keys = keys_among(roles.free(NUMBERS, SWITCH, WORDS, TEXT), times, clock is not None, choices)
    _take_keys(roles, keys, notes)
    if choices.sensors:
        for fact in roles.free(NUMBERS, SWITCH):
            roles.give(fact.at, "ignore", "it is not among the chosen sensors")
    _take_rest(roles, notes)
    for fact, why in separators_among([f for f in facts if roles.role[f.at] == "sensor"], times):
        if not any(place == fact.at for place, _ in choices.roles) and fact.name not in choices.sensors:
            roles.role[fact.at], roles.why[fact.at] = "label", why
            text = (
                f"Column {fact.name} alone tells the strange rows from the others; it looks like an "
                "answer and is kept out until you say otherwise."
            )
            notes.say(CHOOSE, text)
    _tell(roles, notes)
    return roles, clock


def _take_choices(file: str, roles: Roles, choices: Choices) -> None:
    """Let a person's words win over all that follows."""
    names = {fact.name: fact.at for fact in roles.facts}

    def place(name: str, flag: str) -> int:
        if name not in names:
            near = nearest(name, names)
            cure = f"choose one of: {', '.join(list(names)[:30])}" + (f". Did you mean {near!r}?" if near else "")
            raise FileProblemError(file, f"--{flag}", f"there is no column {name!r}", cure.rstrip("?.")) from None
        return names[name]

    for at, role in choices.roles:
        if at < len(roles.facts):
            roles.give(at, role, "as chosen")
    for flag, name, role in (
        ("time", choices.time, "time"),
        ("machine", choices.machine, "machine"),
        ("long", choices.long, "name"),
    ):
        if name not in (None, "-"):
            roles.give(place(str(name), flag), role, "as chosen")
    for flag, several, role in (("label", choices.labels, "label"), ("sensors", choices.sensors, "sensor")):
        for name in several:
            for one in [name] if name in names else [part.strip() for part in name.split(",")]:
                roles.give(place(one, flag), role, "as chosen")


def _clock(roles: Roles, clocks: list[Clock], choices: Choices) -> Clock | None:
    """Give the best clock its role; others that hold times are no sensors either."""
    chosen = {at for at, role in roles.role.items() if role == "time"}
    free = [c for c in clocks if not any(roles.role.get(at, "time") != "time" for at in c.places)]
    if chosen:
        free = [c for c in free if chosen <= set(c.places)] or [c for c in free if chosen & set(c.places)]
    if choices.time == "-" or not free:
        free = []
    best = free[0] if free else None
    for at in best.places if best else ():
        roles.give(at, "time", f"the clock: {best.how}" if best else "")
    for fact in roles.free(MOMENTS):
        roles.give(fact.at, "ignore", "it holds times, but another column is the clock")
    return best


def _take_copies(roles: Roles, clock: Clock | None, times: IntArray, notes: Notes) -> None:
    """Leave out what only numbers the rows or repeats the clock, unless no reading would be left."""
    free = roles.free(NUMBERS)
    found = [(fact, why) for fact in free if (why := _why_copy(fact, clock, times))]
    if len(found) == len(free) and not roles.free(SWITCH):
        return
    for fact, why in found:
        roles.give(fact.at, "ignore", why)
        said = "only numbers the rows" if why == NUMBERS_ROWS else "tells the time once more"
        notes.say(FIXED, f"Column {fact.name} {said}; it is left out.")


NUMBERS_ROWS, REPEATS = "it only numbers the rows", "it repeats the clock in other numbers"


def _why_copy(fact: Facts, clock: Clock | None, times: IntArray) -> str:
    """A row number counts in whole equal steps, and its name or its place before the clock says that it is one."""
    before = clock is not None and fact.at < min(clock.places)
    if fact.counts and fact.whole and (before or words.COUNTER.match(fact.name)):
        return NUMBERS_ROWS
    return REPEATS if clock is not None and _repeats(fact, times, clock.good) else ""


# A clock in other numbers: how much such a number grows in a microsecond.
PER_US = (1e-6, 1e-3, 1.0, 1e3, 10.0, 1 / 60e6, 1 / 3600e6, 1 / 86_400e6, 1e6 / 86_400e6)


def _repeats(fact: Facts, times: IntArray, good: np.ndarray) -> bool:
    """Tell whether a column is the clock in other numbers: as fast as some unit of time, from 0 or from an epoch."""
    mine = good & np.isfinite(fact.values)
    if mine.sum() < 8 or mine.sum() < 0.9 * len(mine) or fact.constant:
        return False
    step = max(1, len(times) // 5000)
    t, v = times[mine][::step].astype(np.float64), fact.values[mine][::step]
    t = t - t[0]
    if np.ptp(t) == 0 or np.ptp(v) == 0:
        return False
    slope = float((v[np.argmax(t)] - v[np.argmin(t)]) / np.ptp(t))
    rest = float(np.median(np.diff(np.unique(t)))) * abs(slope)
    if not any(abs(slope / unit - 1.0) < 1e-3 for unit in PER_US):
        return False
    gap = np.abs(v - v[np.argmin(t)] - slope * (t - t.min()))
    counted = words.hints_at(fact.name, words.TIME) or fact.at < 1  # a ramp from 0 may be a reading: its name decides
    begins = (counted and abs(float(v.min())) <= 1.5 * rest) or bool(counters_for(v, 1 << 62))
    return begins and bool(gap.max() <= max(0.3 * rest, 1e-9 * np.ptp(v)))


def _take_keys(roles: Roles, keys: Keys, notes: Notes) -> None:
    if keys.name is not None:
        roles.give(keys.name.at, "name", "each line holds one reading, and this says of which sensor")
        text = (
            f"Each line holds one reading; column {keys.name.name} says of which sensor, so each of its "
            f"{keys.n_names} names became one."
        )
        notes.say(FIXED, text)
    if keys.machine is not None:
        roles.give(keys.machine.at, "machine", keys.why)
    for fact in keys.attributes:
        roles.give(fact.at, "ignore", "it says the same for all readings of a sensor or machine")
    if keys.name is not None or keys.machine is not None:
        what = "long" if keys.name is not None else "wide"
        notes.decide(
            "roles", "layout", what, keys.why, keys.sure, keys.others, "--long" if what == "long" else "--machine"
        )


def _take_rest(roles: Roles, notes: Notes) -> None:
    has_machine = "machine" in roles.role.values()
    for fact in roles.free():
        plain = "_".join(words.tokens_of(fact.name))
        if fact.kind == NUMBERS:
            if plain in DERIVED:
                roles.give(fact.at, "ignore", "a calendar is no sensor")
            else:
                roles.give(fact.at, "sensor", "it holds numbers")
        elif fact.kind in (WORDS, SWITCH, TEXT) and words.is_named(fact.name, words.STATUS) and fact.kind != SWITCH:
            roles.give(fact.at, "status", "it says what the machine does")
        elif (
            fact.kind in (WORDS, SWITCH, TEXT)
            and not has_machine
            and len(fact.cells.few()) == 1
            and words.is_named(fact.name, words.MACHINE)
        ):
            roles.give(fact.at, "machine", "it names the one machine")
            has_machine = True
        elif fact.kind == SWITCH:
            roles.give(fact.at, "sensor", "a switch of two states, read as 0 and 1")
        else:
            _leave_out(roles, fact, notes)


def _leave_out(roles: Roles, fact: Facts, notes: Notes) -> None:
    few = list(fact.cells.few())
    if words.is_named(fact.name, words.TIME):
        text = (
            f"Column {fact.name} should hold times, but {fact.cells.first_text()[:40]!r} cannot be read; "
            "write 2026-01-31T12:00:00Z."
        )
        notes.say(CANNOT_USE, text)
    elif len(few) == 1:
        pass
    elif fact.kind == WORDS and len(few) <= 12:
        notes.say(CANNOT_USE, f"Column {fact.name} holds states ({', '.join(few[:4])}), not readings; it is left out.")
    else:
        notes.say(CANNOT_USE, f"Column {fact.name} holds text, not readings; it is left out.")
    roles.give(fact.at, "ignore", "it holds words")


def _tell(roles: Roles, notes: Notes) -> None:
    labels = [fact for fact in roles.facts if roles.role[fact.at] == "label"]
    if labels:
        names = ", ".join(fact.name for fact in labels)
        notes.say(FIXED, f"Kept away from the detectors, because they look like labels: {names}.")
    for fact in roles.facts:
        role = roles.role[fact.at]
        notes.decide("roles", fact.name, role, roles.why[fact.at], 1.0 if roles.why[fact.at] == "as chosen" else 0.9)
