"""One notion of "closed": while anybody's work would earn credit on a variant, nothing tells the truth of it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from engine.classroom.people import Person
from engine.classroom.spec import GRACE_US, moment_us
from engine.classroom.timeline import timeline
from engine.classroom.topic import ClassTopic
from engine.errors import AccessError, LabError
from engine.records import HOUR_US, MINUTE_US, iso_time
from tests.engine.classroom.room import PUMP, Room, open_room, perfect

DUE = moment_us("2026-03-11 23:59 Europe/Berlin")
QUIZ = """
version: 1
id: quiz
title: Quiz
mode: graded
submit: answers
variants: per_student
rubric: answers-v1
questions:
  - {id: q1, ask: "Which one", options: [temperature, vibration]}
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
    - {until: 2026-03-11 23:59, percent: 80}
answers: {q1: temperature}
"""
KINDS = ("per_student", "per_group", "shared")


def of_kind(kind: str, name: str = "pump") -> str:
    return PUMP.replace("per_student", kind).replace("id: pump", f"id: {name}")


def reveals(room: Room, name: str, variant: str, persons: list[Person]) -> list[str]:
    """Return everything that tells the truth of a variant at this moment."""
    desk, found = room.school.assignments, []
    for person in persons:
        result = room.school.grading.result_or_none(name, person.person)
        if result is None or desk.variant_of(name, person.person).variant != variant:
            continue
        if room.school.feedback.level(name, result) in ("timeline", "full"):
            found.append(f"level of {person.handle}")
            continue
        page, key = room.school.feedback.page(name, person.person), room.key(name, person.person)
        if any(iso_time(e.onset_us)[11:16] in page and e.fault in page for e in key.events):
            found.append(f"page of {person.handle}")
        if room.school.regrades.seen_by(name, person.person) or room.school.people.export(person.person)["published"]:
            found.append(f"results of {person.handle}")
    try:
        desk.proof(name, variant)
        found.append("proof")
    except AccessError:
        pass
    return found


def earns(room: Room, name: str, variant: str, people: list[Person]) -> bool:
    """Whether work of anybody on the variant would be taken with credit now; people who join now are among them."""
    desk = room.school.assignments
    mine = [p for p in people if (own := desk.variant_or_none(name, p.person)) and own.variant == variant]
    return any(
        plan.percent(room.clock.us) > 0 and plan.state(room.clock.us) in ("open", "late")
        for plan in (desk.timeline(name, person) for person in mine)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rules", [(), (("all", 6.0), ("section:A", 12.0), ("person", 30.0))], ids=["plain", "moved"])
def test_while_work_would_earn_credit_nothing_is_revealed(room: Room, kind: str, rules: tuple[tuple[str, float], ...]):
    """Walks the clock over every edge of every deadline, for extra time, moved dates, dropped people, all sharing."""
    room.join(2, section="A")
    room.join(1, section="B")
    room.join(1, section="A", labels='["extra time 1.25"]')
    room.school.people.set_labels(room.students[3].person, ["extra time 1.25"])
    students = [room.school.people.get(p.person) for p in room.students]
    name, desk = room.open(of_kind(kind)), room.school.assignments
    for person in students:
        room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person))[:6])
    room.school.people.drop(students[3].person)
    for scope, hours in rules:
        whole = f"person:{students[1].person}" if scope == "person" else scope
        desk.set_rule(name, whole, "shift_hours", hours)
    room.school.regrades.publish(room.school.regrades.dry_run(name))
    room.school.regrades._records.releases.add_next(assignment=name, scope="all", who="x", at_us=0)  # by whatever way
    plans = [desk.timeline(name, person) for person in students]
    edges = {until + GRACE_US + off for plan in plans for until, _ in plan.steps for off in (-1, 1)}
    told = set()

    for moment in sorted(edges):
        for variant in [v.variant for v in desk.variants(name)]:
            room.clock.us = moment - 1 - 1000 * 40
            open_now = earns(room, name, variant, students)
            found = reveals(room, name, variant, [p for p in students if p.handle != students[3].handle])
            assert not (open_now and found), (kind, rules, iso_time(moment), variant, found)
            told |= {variant} if found else set()
    room.clock.us = max(edges) + HOUR_US
    for variant in desk.variants(name):
        assert "proof" in reveals(room, name, variant.variant, students[:3])


def test_the_proof_waits_for_the_minute_of_grace(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    variant = room.school.assignments.variant_of(name, person.person).variant
    room.clock.us = DUE + 20_000_000

    with pytest.raises(AccessError, match="after 2026-03-11T23:00:00"):
        room.school.assignments.proof(name, variant)
    receipt = room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person)))

    assert room.school.assignments.timeline(name, person).percent(receipt.received_us) == 80


@pytest.mark.parametrize("kind", KINDS)
def test_the_moment_is_that_of_the_slowest_person_on_the_variant(room: Room, kind: str):
    one, two = room.join(2, section="A")
    name = room.open(of_kind(kind))
    room.school.people.set_labels(two.person, ["extra time 1.5"])
    room.school.people.drop(two.person)
    closing, desk = room.school.assignments.closing, room.school.assignments
    slow = timeline(desk.get(name), room.school.people.get(two.person)).close_us + GRACE_US

    moments = [closing.last_credit_us(name, desk.variant_of(name, p.person).variant) for p in (one, two)]

    assert moments[1] == slow
    assert moments[0] == (DUE + GRACE_US if kind == "per_student" else slow)


def test_who_joins_tomorrow_has_the_ordinary_dates_on_shared_data(room: Room):
    person = room.join(1)[0]
    name = room.open(of_kind("shared"))
    desk = room.school.assignments
    desk.set_rule(name, f"person:{person.person}", "shift_hours", -48)
    room.clock.us = DUE - HOUR_US

    assert not desk.closing.is_over_for(name, person.person)
    late = room.join(1)[-1]
    assert room.school.submissions.submit_labels(late.person, name, perfect(room.key(name, late.person))).attempt == 1


def test_the_right_answers_of_a_quiz_are_the_same_on_every_variant(room: Room):
    """One student's proof would be the other's answers, whatever the file says about variants."""
    one, two = room.join(2)
    desk = room.school.assignments
    desk.save(QUIZ)
    room.school.make_variants("quiz")
    assert room.school.check("quiz").passed
    desk.release("quiz")
    desk.set_rule("quiz", f"person:{two.person}", "shift_hours", 24)
    room.clock.us = DUE + HOUR_US

    with pytest.raises(AccessError):
        desk.proof("quiz", desk.variant_of("quiz", one.person).variant)
    room.clock.us = DUE + 25 * HOUR_US
    desk.proof("quiz", desk.variant_of("quiz", one.person).variant)
    desk.set_rule("quiz", f"person:{two.person}", "shift_hours", 480)

    assert desk.timeline("quiz", two).percent(room.clock.us) == 0


def test_what_was_revealed_earns_nothing_any_more_even_when_a_date_is_moved_afterwards(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    desk = room.school.assignments
    room.clock.us = DUE + HOUR_US
    desk.proof(name, desk.variant_of(name, person.person).variant)

    desk.set_rule(name, f"person:{person.person}", "shift_hours", 72)

    with pytest.raises(LabError, match="closed at"):
        room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person)))


def test_a_date_that_is_moved_before_anybody_looked_opens_again(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    room.clock.us = DUE + HOUR_US

    room.school.assignments.set_rule(name, f"person:{person.person}", "shift_hours", 72)

    assert room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person)))


@pytest.mark.parametrize("kind", KINDS)
def test_results_are_not_released_while_somebody_may_hand_in(room: Room, kind: str):
    one, two = room.join(2, section="A")
    name = room.open(of_kind(kind))
    marks = perfect(room.key(name, one.person))
    room.school.submissions.submit_labels(one.person, name, marks[:4])
    desk = room.school.regrades
    desk.publish(desk.dry_run(name))

    with pytest.raises(LabError, match="until 2026-03-11T23:00:00"):
        desk.release(name)
    with pytest.raises(LabError, match="end the open attempts"):
        desk.release(name, f"person:{one.person}")
    desk.release(name, f"person:{one.person}", end_open=True)

    assert desk.seen_by(name, one.person)
    assert not desk.seen_by(name, two.person)
    with pytest.raises(LabError, match="closed at"):
        room.school.submissions.submit_labels(one.person, name, marks)
    if kind == "per_student":
        assert room.school.submissions.submit_labels(two.person, name, perfect(room.key(name, two.person)))
    else:
        with pytest.raises(LabError, match="closed at"):
            room.school.submissions.submit_labels(two.person, name, marks)
    assert "ended the open attempts" in "\n".join(map(str, room.school.audit.entries()))


def test_a_classmates_report_tells_nothing_while_one_of_the_section_writes(room: Room):
    one, two = room.join(2, section="A")
    name = room.open(of_kind("per_group"))
    room.school.people.set_labels(two.person, ["extra time 1.25"])
    room.school.submissions.submit_labels(one.person, name, perfect(room.key(name, one.person))[:3])
    room.clock.us = DUE + HOUR_US

    assert room.school.feedback.level(name, room.school.grading.result(name, one.person)) == "counts"
    page = room.school.feedback.page(name, one.person)
    assert not any(iso_time(e.onset_us)[11:16] in page for e in room.key(name, one.person).events)


def test_held_and_unreleased_results_are_seen_nowhere(room: Room):
    one, two = room.join(2)
    name = room.open(PUMP)
    for person in (one, two):
        room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person))[:5])
    room.clock.us = DUE + HOUR_US
    desk = room.school.regrades
    room.school.grading.hold(name, two.person)
    desk.publish(desk.dry_run(name, note="private remark"))

    before = [room.school.people.export(p.person)["published"] for p in (one, two)]
    desk.release(name)
    after = [room.school.people.export(p.person)["published"] for p in (one, two)]
    room.school.people.drop(one.person)

    assert before == [[], []]
    assert [len(rows) for rows in after] == [1, 0]
    assert "private remark" not in str(room.school.feedback.counts(name, two.person))
    assert room.school.people.export(one.person)["published"] == []


def test_a_hidden_future_stays_off_the_topic_while_anybody_may_hand_in(room: Room):
    room.join(1)
    name = room.open(PUMP + "future_hidden: true\n")
    room.clock.us = DUE - HOUR_US

    with pytest.raises(LabError, match="hidden from students"):
        ClassTopic(room.school, name, sink=None).publish()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["per_group", "shared"])
def test_a_hidden_future_of_several_people_is_shown_by_one_clock(room: Room, kind: str):
    one, two = room.join(2, section="A")
    name = room.open(of_kind(kind) + "future_hidden: true\n")
    closing, shown = room.school.assignments.closing, []

    for hours in (0, 1, 24, 100, 1000):
        room.clock.us = moment_us("2026-03-02 09:00 Europe/Berlin") + hours * HOUR_US
        pair = [closing.common_stream(name, person.person) for person in (one, two)]
        shown.append(pair[0])
        assert abs(pair[0][0] - pair[1][0]) < MINUTE_US

    variant = room.school.assignments.variant_of(name, one.person)
    times = [at for at, _ in shown]
    assert times == sorted(times)
    assert times[-1] == variant.end_us
    assert closing.common_stream(room.open(of_kind("per_student", "own") + "future_hidden: true\n"), one.person) is None


def test_a_stream_never_goes_back_with_the_clock(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP + "future_hidden: true\n")
    variant = room.school.assignments.variant_of(name, person.person)
    span, calls = (variant.start_us, variant.end_us), room.school.calls
    calls.run(person.person, name, span, 600)
    room.clock.us += 60_000_000
    calls.call(person.person, name, "MACHINE_001", "raise", calls.stream(person.person, name, span)[0])
    seen = calls.stream(person.person, name, span)[0]

    room.clock.us -= 40_000_000
    back = calls.stream(person.person, name, span)[0]
    calls._shown.clear()  # a restart

    assert seen > variant.start_us
    assert back == seen
    assert calls.stream(person.person, name, span)[0] > seen - MINUTE_US


def test_an_ended_variant_stays_ended_after_a_restart(tmp_path: Path):
    room = open_room(tmp_path)
    person = room.join(1)[0]
    name = room.open(PUMP)
    desk = room.school.assignments
    desk.closing.end(name, [desk.variant_of(name, person.person).variant])
    room.close()

    again = open_room(tmp_path, room.clock)

    assert again.school.assignments.timeline(name, person).state(again.clock.us) == "closed"
    assert list(itertools.chain(again.school.assignments.closing.still_open(name, [person.person]))) == []
    again.close()
