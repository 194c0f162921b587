"""A student who tries every reveal at every phase: not one byte of truth may come out before a variant is over.

When it is over is what `engine.classroom.closing` says, and that word is tried too: after each phase everybody hands
in, and work that earns credit on a variant whose truth was ever told is a failure of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.classroom.student import StudentDesk
from engine.errors import LabError
from tests.adversary import doors
from tests.adversary.check import Check, checking
from tests.adversary.pages import page_doors
from tests.adversary.truth import Truth, moments_in
from tests.adversary.world import World, open_world

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from engine.classroom.people import Person

MUST_TELL = ("proof", "report", "page verify", "page assignments")  # at the end; else the robot cannot read


@dataclass
class Loot:
    """What the robot has brought home.

    Parameters
    ----------
    truths
        Of every variant.
    told
        (assignment, variant) of every truth that was ever told, and by which door first.
    """

    truths: list[Truth]
    doors: set[str] = field(default_factory=set)
    answers: int = 0
    read: int = 0
    leaked: int = 0
    leaks: list[str] = field(default_factory=list)
    told: dict[tuple[str, str], str] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

    def search(self, phase: str, who: str, answers: Iterable[doors.Answer], secret: list[Truth]) -> None:
        """Search answers for what is secret now."""
        for door, text in answers:
            self.doors.add(door)
            self.answers += 1
            self.read += len(text)
            named, by_right = moments_in(text), door.startswith(doors.READINGS)
            for truth in secret:
                found = truth.found_in(text, named, readings=by_right)
                self.leaked += sum(map(len, found))
                where = f"{phase}, {who}, {door}: {truth.assignment} {truth.variant}"
                self.leaks += [f"{where} tells {word[:60]!r}" for word in found[:1]]
            told = [one for one in self.truths if one.found_in(text, named, readings=by_right)]
            self._note(f"{door} in {phase}", told)

    def _note(self, door: str, told: list[Truth]) -> None:
        for truth in told:
            self.told.setdefault((truth.assignment, truth.variant), door)
        if told:
            self.opened |= {kind for kind in MUST_TELL if door.startswith(kind)}


def walk(folder: Path, *, thorough: bool = False) -> Check:
    """Walk through all phases with all people; `thorough` opens the pages of everybody in every phase."""
    with checking("a student robot at every phase") as check, open_world(folder) as world:
        loot = Loot(world.all_truths())
        for phase, begin in PHASES.items():
            begin(world)
            _search(world, loot, phase, thorough=thorough)
            loot.leaks += _hand_in(world, loot, phase)
        check.wrong += loot.leaks
        check.wrong += [f"the robot is blind: at the end nothing by: {x}" for x in sorted({*MUST_TELL} - loot.opened)]
        check.told = (
            f"{loot.leaked} bytes of truth in {loot.answers:,} answers ({loot.read / 1e6:.0f} MB) of "
            f"{len(loot.doors):,} doors in {len(PHASES)} phases"
        )
    return check


def _search(world: World, loot: Loot, phase: str, *, thorough: bool) -> None:
    """Try every door that this phase has; what may be told is asked first, for an answer may end a variant."""
    secret, whole = world.truths(), thorough or phase in WHOLE

    def search(who: str, answers: Iterable[doors.Answer]) -> None:
        loot.search(phase, who, answers, secret)

    for called, person in world.people.items():
        for name in world.names:
            search(called, doors.desk_doors(world, person, name, files=whole or world.hides(name)))
    for name in world.names:
        if world.hides(name):
            search("instructor", [doors.topic_door(world, name)])
    search("ann", doors.api_doors(world, world.people["ann"], world.names, files=whole))
    if whole:
        search("bob", doors.api_doors(world, world.people["bob"], world.names))
        search("nobody", doors.api_doors(world, None, world.names))
        search("ann", doors.name_doors(world, world.people["ann"]))
        search("ann", doors.sql_doors(world))
        search("ann", doors.socket_doors(world))
    for called in world.people if thorough else ("ann",) * (phase in WITH_PAGES):
        search(called, page_doors(world.people[called], world.names, others=whole))


def _hand_in(world: World, loot: Loot, phase: str) -> list[str]:
    """Let everybody hand in; returns whose work earns credit although its truth was told before."""
    wrong = []
    for called, person in world.people.items():
        for name in world.names:
            own = world.school.assignments.variant_or_none(name, person.person)
            if own is None or not _taken(world, person, name):
                continue
            percent = world.school.assignments.timeline(name, person).percent(world.clock.us)
            told = loot.told.get((name, own.variant))
            if percent > 0 and told:
                wrong.append(f"{phase}: {called} earns {percent:g} % on {name} after {told} told its truth")
    return wrong


def _taken(world: World, person: Person, name: str) -> bool:
    desk = StudentDesk(world.school, person)
    try:
        if name == "quiz":
            desk.hand_in_answers(name, {"q1": "a zanzibar clause", "q2": f"word {world.clock.us}"})
        elif name.startswith("night"):
            desk.call(name, "MACHINE_001", "clear" if desk.standing(name) else "raise")
            desk.hand_in_labels(name)
        else:
            world.school.submissions.submit_labels(person.person, name, world.marks(name, person))
    except LabError:
        return False
    world.school.grading.results(name)  # what is shown is graded, not pending
    return True


def _release(world: World) -> None:
    for name in world.names:
        world.school.assignments.release(name)


def _publish(world: World) -> None:
    """Publish results while work is still taken, and put a release row where none may be, by whatever way."""
    world.at("2026-03-05 12:00 Europe/Berlin")
    desk = world.school.regrades
    for name in world.names:
        desk.publish(desk.dry_run(name, note="note to nobody"))
        for scope in ("all", *(f"person:{one.person}" for one in world.people.values())):
            _try(lambda scope=scope, name=name: desk.release(name, scope))  # type: ignore[misc]
        desk._records.releases.add_next(assignment=name, scope="all", who="adversary", at_us=0)


def _moved(world: World) -> None:
    """Dora is dropped; cem's date is moved after others may have looked."""
    world.at("2026-03-12 12:00 Europe/Berlin")
    world.school.people.drop(world.people["dora"].person)
    desk = world.school.regrades
    for name in world.names:
        world.school.assignments.set_rule(name, f"person:{world.people['cem'].person}", "shift_hours", 48)
        for one in world.people.values():
            _try(lambda name=name, one=one: desk.release(name, f"person:{one.person}"))  # type: ignore[misc]


def _taken_back(world: World) -> None:
    """Dora's extra time is the longest; she comes back when the others have ended."""
    world.at("2026-03-15 12:00 Europe/Berlin")
    world.school.people.drop(world.people["dora"].person, dropped=False)


def _over(world: World) -> None:
    world.at("2026-04-30 12:00 Europe/Berlin")
    for name in world.names:
        desk = world.school.regrades
        desk.publish(desk.dry_run(name))
        desk.release(name)


def _try(act: Callable[[], object]) -> None:
    try:
        act()
    except LabError:
        return


def _at(text: str) -> Callable[[World], None]:
    return lambda world: world.at(f"{text} Europe/Berlin")


def _before(world: World) -> None:
    world.at("2026-03-01 12:00 Europe/Berlin")
    _release(world)


PHASES: dict[str, Callable[[World], None]] = {
    "sealed, not released": lambda world: None,
    "released, before its hour": _before,
    "open": _at("2026-03-04 12:00"),
    "published while open": _publish,
    "grace after the first deadline": _at("2026-03-09 23:59:30"),
    "late": _at("2026-03-10 12:00"),
    "grace after the last deadline": _at("2026-03-11 23:59:30"),
    "a classmate's extra time": _moved,
    "taken back with extra time": _taken_back,
    "over": _over,
}
WHOLE = ("published while open", "a classmate's extra time")
WITH_PAGES = ("a classmate's extra time", "over")
