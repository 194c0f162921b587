"""A lab with a class in it, in this process and without a server, whose clock the adversary sets."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.routing import Mount, Route
from starlette.testclient import TestClient

from app import lab as lab_module
from app.access import Access
from app.api import build_api
from app.api.export import export_csv
from app.api.wall import Rates, Wall
from app.keys import Keys
from app.lab import Lab
from app.login import login
from engine.classroom.assignments import Sealed
from engine.classroom.classroom import Classroom
from engine.classroom.gate import Gate, GateRow
from engine.classroom.spec import moment_us
from engine.clock import Clock
from engine.detectors.live import live_detectors
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import Label, time_us
from engine.runner import Limits, Runner
from engine.store.store import Store
from engine.store.vault import Vault
from tests.adversary.truth import Truth, future_of, truth_of
from tests.engine.classroom.room import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from engine.classroom.people import Person

PHRASE, SECRET = "bodake-mirusa-felopi", "adversary" * 8
KINDS = {"own": "per_student", "section": "per_group", "everybody": "shared"}
NIGHTS = {"own": "2026-03-03 10:00", "everybody": "2026-03-04 11:00"}  # no two spans have a time in common
STEP_US = 20_000_000
WHEN = """
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
    - {until: 2026-03-11 23:59, percent: 80}
attempts: {per_day: 40, total: 200}
"""
LABELS = """
version: 1
id: NAME
title: NAME
mode: graded
submit: labels
plant: {machines: [MACHINE_001, MACHINE_002], days: 1, rate_hz: 0.05, events: 4, level: easy}
variants: KIND
feedback: {while_open: counts, after_close: timeline, after_release: full}
rubric: interval-v1
"""
QUIZ = """
version: 1
id: quiz
title: Quiz
mode: graded
submit: answers
variants: per_student
feedback: {while_open: counts, after_close: timeline, after_release: full}
rubric: answers-v1
questions:
  - {id: q1, ask: "Which word", options: [a zanzibar clause, another one]}
  - {id: q2, ask: "Which word is it"}
answers: {q1: another one, q2: quetzalcoatlus}
"""
PLAIN = {"quiz": ("another one",)}  # answers that stand among the options, for everybody to read


@dataclass
class World:
    """The lab, its class and what is secret in it.

    Parameters
    ----------
    people
        ann works, bob has extra time, cem is of another section, dora is dropped and comes back.
    """

    lab: Lab
    school: Classroom
    clock: FakeClock
    client: TestClient
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)

    def at(self, text: str) -> None:
        """Set the clock of the server."""
        self.clock.at(text)

    def truths(self) -> list[Truth]:
        """Return what nobody may read at this moment: the truth of every variant that is not over."""
        closing = self.school.assignments.closing
        found = [one for one in self.all_truths() if not closing.is_over(one.assignment, one.variant)]
        return found + [one for name in self.names for one in self._futures(name)]

    def all_truths(self) -> list[Truth]:
        """Return the truth of every variant, over or not."""
        desk = self.school.assignments
        return [
            truth_of(name, one, key, desk.sealed_row(name, one)["salt"], STEP_US, PLAIN.get(name, ()))
            for name in self.names
            for one, key in desk.keys(name).items()
        ]

    def _futures(self, name: str) -> list[Truth]:
        """What the streams of an assignment have not reached yet."""
        desk = self.school.assignments
        found = []
        for variant in desk.variants(name) if desk.get(name).future_hidden else ():
            times = [variant.end_us - back * STEP_US for back in (3, 4, 5)]
            seen = [self._reached(name, person, variant) for person in self.people.values()]
            found += [future_of(name, variant.variant, times)] if max(seen) < times[-1] else []
        return found

    def _reached(self, name: str, person: Person, variant: Any) -> int:
        """How far the owner of a variant, or all who share it, have seen it."""
        own = self.school.assignments.variant_or_none(name, person.person)
        if own is None or own.variant != variant.variant:
            return 0
        common = self.school.assignments.closing.common_stream(name, person.person)
        if common is not None:
            return int(common[0])
        return int(self.school.calls.stream(person.person, name, (variant.start_us, variant.end_us))[0])

    def hides(self, name: str) -> bool:
        """Return whether an assignment hides its future."""
        return bool(self.school.assignments.get(name).future_hidden)

    def marks(self, name: str, person: Person) -> tuple[Label, ...]:
        """Return labels of somebody who guesses: no edge of theirs is one of the truth."""
        span = self.school.assignments.bounds(name, person.person)
        width = (span.end_us - span.start_us) // 12
        first = [span.start_us + at * width + 7_345_678 for at in range(1, 11, 3)]
        return tuple(Label(span.machines[at % 2], one, one + width // 2 + 1_234_567) for at, one in enumerate(first))


@contextmanager
def open_world(folder: Path) -> Iterator[World]:
    """Give a lab with a class, four people and everything sealed and checked, nothing released."""
    with ExitStack() as ends:
        opened = _lab(folder)
        ends.callback(opened.close)
        ends.callback(lab_module.publish, None)
        lab_module.publish(opened)
        clock, vault = FakeClock(moment_us("2026-02-27 10:00 Europe/Berlin")), Vault(folder)
        school = Classroom(opened.store.database, vault.database, folder, SECRET, clock)
        opened.desks._school = (school, vault)
        routes = [
            Route("/login", login, methods=["GET", "POST"]),
            Route("/export-csv", export_csv),
            Mount("/api", app=build_api()),
        ]
        walled = Access(
            Wall(Starlette(routes=routes), Rates(1e9, 1e9))
        )  # what is slowed down is not what is tried here
        client = TestClient(walled, follow_redirects=False, raise_server_exceptions=False)
        world = World(opened, school, clock, client, folder)
        _people(world)
        _assignments(world)
        yield world


def _lab(folder: Path) -> Lab:
    spec, store = load_plant("pump_station"), Store(":memory:")
    clock = Clock(wall=lambda: 100.0, speed=10.0, start_us=time_us("2026-01-05T08:00:00Z"))
    runner = Runner(Plant(spec, seed=7), store, live_detectors(spec), clock, limits=Limits(warm_up_s=60.0))
    made = Lab(store, runner, Keys(folder, PHRASE))
    runner.step_once()
    store.flush()
    return made


def _people(world: World) -> None:
    desk = world.school.people
    for name, section, labels in (("ann", "A", []), ("bob", "A", ["extra time 1.25"]), ("cem", "B", []),
                                  ("dora", "A", ["extra time 1.5"])):  # fmt: skip
        person, _ = desk.add("student", section=section)
        desk.set_labels(person.person, labels)
        world.people[name] = desk.get(person.person)


def _assignments(world: World) -> None:
    board = "keep: best_public\nsplit: {public: 0.5, by: event}\nboard: {show: handles, step: 0.1}\n"
    texts = [_text(f"pump-{kind}", kind) + (board if kind == "everybody" else "") for kind in KINDS]
    for kind, hour in NIGHTS.items():
        text = _text(f"night-{kind}", kind).replace("release: 2026-03-02 09:00", f"release: {hour}")
        texts.append(text + "future_hidden: true\n")
    for text in texts:
        world.names.append(_sealed(world, text))
    world.school.assignments.save(QUIZ + WHEN)
    world.school.make_variants("quiz")
    world.school.check("quiz")
    world.names.append("quiz")


def _text(name: str, kind: str) -> str:
    return LABELS.replace("NAME", name).replace("KIND", KINDS[kind]) + WHEN


def _sealed(world: World, text: str) -> str:
    """Seal one draw for each owner, without the robots' hour."""
    desk = world.school.assignments
    name = desk.save(text).id
    owners = desk.owners(name, [person.person for person in world.people.values()])
    desk.seal(name, [Sealed(who, world.school.plants.variant(name, who, 0).key(), 0, 0.5) for who in owners])
    world.school.store_gate(name, Gate(tuple(GateRow(v.variant, 60.0, 5.0, 4.0, 0.5) for v in desk.variants(name)), ()))
    return name
