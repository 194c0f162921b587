"""Assignments: files with helpful errors, dates that are computed when asked, truth that is sealed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from engine.classroom.assignments import Sealed, verify_proof
from engine.classroom.seeds import seed_of, variant_name
from engine.classroom.spec import load_spec, moment_us, spec_problems
from engine.errors import AccessError, FileProblemError, LabError
from engine.records import HOUR_US, MINUTE_US
from tests.engine.classroom.room import PUMP, SECRET, SHARED_PUMP, Room, key_of

ASSIGNMENTS = Path(__file__).resolve().parents[3] / "data" / "assignments"


@pytest.mark.parametrize("file", sorted(ASSIGNMENTS.glob("*.yaml")), ids=lambda path: path.name)
def test_the_examples_are_good(file: Path):
    assert spec_problems(file.read_text("utf-8"), file.name) == []


def test_there_are_examples():
    assert len(list(ASSIGNMENTS.glob("*.yaml"))) >= 3


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("title:", "titel:", "unknown key 'titel'; did you mean 'title'"),
        ("percent: 80", "percent: 800", r"line 13, when\.credit\.1\.percent"),
        ("2026-03-11 23:59", "soon", r"'soon' is no time"),
        ("2026-03-11 23:59", "2026-03-01 23:59", "must follow one another"),
        ("Europe/Berlin", "Europe/Berln", "no time zone"),
        ("rubric: interval-v1", "rubric: interval-v9", "did you mean 'interval-v"),
        ("days: 7", "days: 7, rate_hz: 10", "readings, more than"),
        ("mode: graded", "mode: graded\nfeedback: {while_open: full}", "while_open may only be"),
        ("version: 1", "version: [", "not valid YAML"),
    ],
)
def test_a_broken_file_names_line_and_cure(old: str, new: str, said: str):
    with pytest.raises(FileProblemError, match=said):
        load_spec(PUMP.replace(old, new, 1))


def test_the_wizard_gets_all_problems_by_line():
    text = PUMP.replace("title:", "titel:").replace("per_day: 3", "per_day: 0")

    assert len(spec_problems(text)) == 2


def test_times_are_read_in_their_zone():
    assert moment_us("2026-03-02 09:00 Europe/Berlin") == moment_us("2026-03-02 08:00")
    assert moment_us("2026-07-02 09:00", "Europe/Berlin") == moment_us("2026-07-02 07:00")


def test_credit_is_computed_when_asked_with_a_minute_of_grace(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    plan = room.school.assignments.timeline(name, person)
    due = moment_us("2026-03-09 23:59 Europe/Berlin")

    assert [plan.percent(due + 59 * 1_000_000), plan.percent(due + 61 * 1_000_000)] == [100, 80]
    assert [plan.state(due), plan.state(due + HOUR_US), plan.state(due + 72 * HOUR_US)] == ["open", "late", "closed"]


def test_extra_time_moves_deadlines_and_limits_but_never_the_release(room: Room):
    text = PUMP.replace("when:", "when:\n  time_limit_minutes: 60")
    person = room.join(1, labels=["extra time 1.5"])[0]
    name = room.open(text)

    plan = room.school.assignments.timeline(name, person)

    assert plan.time_limit_minutes == 90
    assert plan.release_us == moment_us("2026-03-02 09:00 Europe/Berlin")
    assert plan.steps[0][0] == moment_us("2026-03-09 23:59 Europe/Berlin") + 30 * MINUTE_US


def test_overrides_go_from_everybody_to_section_to_person(room: Room):
    one, two = room.join(2, section="B")
    name = room.open(PUMP)
    desk = room.school.assignments
    desk.set_rule(name, "section:B", "shift_hours", 24)
    desk.set_rule(name, f"person:{two.person}", "shift_hours", 48)

    moved = [desk.timeline(name, p).close_us - moment_us("2026-03-11 23:59 Europe/Berlin") for p in (one, two)]

    assert moved == [24 * HOUR_US, 48 * HOUR_US]
    with pytest.raises(LabError, match="No rule is called"):
        desk.set_rule(name, "all", "shift", 1)


def test_seeds_are_keyed_by_secret_assignment_and_student():
    seeds = {seed_of(SECRET, "plant", a, p, 0) for a in ("a", "b") for p in ("p", "q")}

    assert len(seeds) == 4
    assert seed_of(SECRET, "x") != seed_of("other", "x")
    assert seed_of(SECRET, "x") == seed_of(SECRET, "x")
    assert variant_name(SECRET, "a", "p") != variant_name(SECRET, "a", "q")


def test_only_a_checked_assignment_is_released_and_then_its_data_stands_still(room: Room):
    room.join(1)
    desk = room.school.assignments
    desk.save(PUMP)
    with pytest.raises(LabError, match="robots"):
        desk.release("pump")

    name = room.open(PUMP)

    with pytest.raises(LabError, match="can no longer change"):
        desk.save(PUMP.replace("days: 7", "days: 8"))
    with pytest.raises(LabError, match="can no longer change"):
        desk.seal(name, [])
    assert desk.save(PUMP.replace("2026-03-11 23:59", "2026-03-12 23:59")).id == name


def test_the_commitment_is_public_at_release_and_proven_after_the_deadline(room: Room):
    room.join(2)
    name = room.open(PUMP)
    desk = room.school.assignments
    variant = desk.variants(name)[0]
    assert len(desk.commitment(name)) == 64
    with pytest.raises(AccessError, match="deadline"):
        desk.proof(name, variant.variant)

    room.clock.at("2026-03-12 00:30 Europe/Berlin")
    proof = desk.proof(name, variant.variant)

    assert proof["commitment"] == variant.commitment
    assert verify_proof(proof)
    assert not verify_proof({**proof, "key": proof["key"].replace('"severity":0.5', '"severity":0.6', 1)})


def test_the_proof_shows_the_first_truth_even_after_a_correction(room: Room):
    room.join(1)
    name = room.open(PUMP)
    desk = room.school.assignments
    variant = desk.variants(name)[0].variant
    desk.truth_changed(name, variant, replace(key_of(1), events=()), "none was real", "TA-1")
    room.clock.at("2026-04-01 00:00")

    assert verify_proof(desk.proof(name, variant))
    assert desk.keys(name)[variant].version == 2
    assert desk.keys(name, 1)[variant].version == 1
    assert desk.reasons(name, variant) == [(2, "none was real")]


def test_looking_at_truth_is_in_the_audit_log_and_seeds_never_are(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    desk = room.school.assignments

    desk.look(name, desk.variants(name)[0].variant, "TA-2")

    log = "\n".join(map(str, room.school.audit.entries()))
    assert "TA-2 looked at the truth of pump" in log
    assert str(desk.seed(name, person.person, 0)) not in log
    assert SECRET not in log


def test_the_audit_chain_notices_a_changed_entry(room: Room):
    room.join(1)
    room.open(SHARED_PUMP)
    assert room.school.audit.broken_at() is None

    room.school.people._records.audit.change({"seq": 2}, actor="nobody")

    assert room.school.audit.broken_at() == 2


def test_a_log_whose_end_was_cut_off_is_noticed(room: Room):
    room.join(1)
    room.open(SHARED_PUMP)
    room.databases[1].write(lambda cursor: None)  # the head that is on its way
    whole = room.school.audit.cut_off()
    number, _ = room.school.audit.head()

    room.school.people._records.audit.remove(seq=number)

    assert whole is None
    assert room.school.audit.broken_at() is None
    assert room.school.audit.cut_off() == number


def test_the_log_names_who_acts_and_not_a_role(room: Room):
    import contextvars

    from engine.classroom.audit import acts

    person = room.join(1)[0]

    def by_a_teacher() -> None:
        acts("quiet-heron")
        room.school.people.drop(person.person)

    contextvars.copy_context().run(by_a_teacher)
    room.school.people.drop(person.person, dropped=False)

    assert [entry.actor for entry in room.school.audit.entries()][-2:] == ["quiet-heron", "instructor"]


def test_a_late_joiner_gets_a_variant_of_its_own(room: Room):
    room.join(1)
    name = room.open(PUMP)
    late = room.join(1)[-1]

    made = room.school.assignments.seal_one(name, Sealed(late.person, key_of(50)))

    assert made.person == late.person
    assert len({v.commitment for v in room.school.assignments.variants(name)}) == 2


def test_a_group_shares_a_variant_and_another_group_has_its_own(room: Room):
    room.join(2, section="A")
    room.join(1, section="B")
    name = room.open(PUMP.replace("per_student", "per_group"))

    names = [room.school.assignments.variant_of(name, p.person).variant for p in room.students]

    assert names[0] == names[1] != names[2]
