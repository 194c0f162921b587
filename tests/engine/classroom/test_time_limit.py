"""An exam's time limit: it begins when the person begins, and ends by the server's clock."""

from __future__ import annotations

import pytest

from engine.classroom.spec import GRACE_US
from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US
from tests.engine.classroom.room import Room, perfect

EXAM = """
version: 1
id: exam
title: Ten minutes
mode: exam
submit: labels
plant: {machines: [MACHINE_001, MACHINE_002]}
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-02 18:00, percent: 100}
  time_limit_minutes: 10
attempts: {per_day: null, total: 5}
feedback: {while_open: nothing, after_close: counts, after_release: full}
rubric: interval-v1
"""


def test_work_is_taken_for_as_long_as_the_limit_and_a_minute_of_grace(room: Room):
    first, second = room.join(2)[:2]
    name = room.open(EXAM)
    desk, counter = room.school.assignments, room.school.submissions
    labels = perfect(room.key(name, first.person))

    desk.begin(name, first)
    room.clock.us += 10 * MINUTE_US + GRACE_US - 60_000
    counter.submit_labels(first.person, name, labels[:1])
    room.clock.us += 120_000

    with pytest.raises(LabError, match=r"Your 10 minutes ended at 2026-03-02"):
        counter.submit_labels(first.person, name, labels)
    assert desk.timeline(name, first).state(room.clock.us) == "closed"
    assert desk.timeline(name, second).state(room.clock.us) == "open"


def test_to_begin_again_gives_no_new_minutes(room: Room):
    (person,) = room.join(1)
    name = room.open(EXAM)
    desk = room.school.assignments

    began = desk.begin(name, person).begun_us
    room.clock.us += 5 * MINUTE_US

    assert desk.begin(name, person).begun_us == began


def test_who_hands_in_has_begun(room: Room):
    """Data that came from somebody else gives no more time than one's own."""
    (person,) = room.join(1)
    name = room.open(EXAM)
    counter, labels = room.school.submissions, perfect(room.key(name, person.person))

    counter.submit_labels(person.person, name, labels[:1])
    room.clock.us += 12 * MINUTE_US

    with pytest.raises(LabError, match="Your 10 minutes ended"):
        counter.submit_labels(person.person, name, labels)


def test_extra_time_lengthens_the_limit_and_an_exception_replaces_it(room: Room):
    (person,) = room.join(1)
    name = room.open(EXAM)
    desk = room.school.assignments
    room.school.people.set_labels(person.person, ["extra time 1.5"])
    person = room.school.people.get(person.person)

    began = desk.begin(name, person)
    assert began.time_is_up_us - began.begun_us == 15 * MINUTE_US
    desk.set_rule(name, f"person:{person.person}", "time_limit_minutes", 20)
    assert desk.timeline(name, person).time_is_up_us - began.begun_us == 30 * MINUTE_US


def test_results_wait_for_nobody_whose_time_is_up(room: Room):
    (person,) = room.join(1)
    name = room.open(EXAM)
    plan = room.school.assignments.begin(name, person)

    assert plan.credit_until_us == plan.begun_us + 10 * MINUTE_US + GRACE_US
    assert plan.credit_until_us < plan.close_us - HOUR_US


def test_an_assignment_without_a_limit_is_never_begun(room: Room):
    (person,) = room.join(1)
    name = room.open(EXAM.replace("  time_limit_minutes: 10\n", ""))

    plan = room.school.assignments.begin(name, person)

    assert plan.begun_us is None
    assert not plan.must_begin(room.clock.us)


def test_when_one_began_is_in_the_export_of_oneself(room: Room):
    (person,) = room.join(1)
    name = room.open(EXAM)
    began = room.school.assignments.begin(name, person).begun_us

    assert room.school.people.export(person.person)["begun"][0]["at_us"] == began
