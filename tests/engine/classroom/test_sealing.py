"""What is sealed is what is used: data, key and bounds come from one record; a changed file drops it or is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest

from engine.classroom.assignments import verify_proof
from engine.classroom.gate import Gate, GateRow
from engine.classroom.grade import Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.review import Item, adjudicated
from engine.classroom.rubric import load_rubric
from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US, Label
from tests.engine.classroom.room import PUMP, Room, key_of, open_room, perfect

OLD = Path(__file__).resolve().parents[2] / "data" / "old_class"
SMALL = """
version: 1
id: small
title: Small
mode: graded
submit: labels
plant: {machines: [MACHINE_001], days: 1, rate_hz: 0.0167, events: 3, level: easy}
variants: per_student
when:
  release: 2026-03-02 09:00
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: interval-v1
"""
QUIZ = (
    SMALL.replace("id: small", "id: quiz").replace("submit: labels", "submit: answers").replace("interval", "answers")
)
QUIZ += 'questions:\n  - {id: q1, ask: "Which", options: [temperature, vibration]}\nanswers: {q1: temperature}\n'


def sealed(room: Room, text: str = SMALL, *, release: bool = False) -> str:
    """Make real variants without the search for a fair draw."""
    desk, plants = room.school.assignments, room.school.plants
    name = desk.save(text).id
    if "submit: answers" in text:
        room.school.make_variants(name)
    else:
        made = {p.person: plants.variant(name, p.person, 0) for p in room.students}
        from engine.classroom.assignments import Sealed

        desk.seal(name, [Sealed(person, one.key(), 0, 0.5, one.made_of()) for person, one in made.items()])
    room.school.store_gate(name, Gate(tuple(GateRow(v.variant, 60, 5, 4, 0.5) for v in desk.variants(name)), ()))
    if release:
        desk.release(name)
    return name


def test_a_postponed_release_moves_neither_data_nor_truth(room: Room):
    person = room.join(1)[0].person
    room.clock.at("2026-02-27 10:00")
    name = sealed(room, release=True)
    before, key = room.school.plants.block(name, person), room.key(name, person)

    room.school.assignments.save(SMALL.replace("release: 2026-03-02 09:00", "release: 2026-03-03 09:00"))
    after = room.school.plants.block(name, person)

    assert np.array_equal(before.times_us, after.times_us)
    assert np.array_equal(before.values, after.values, equal_nan=True)
    assert room.key(name, person) == key
    assert room.school.assignments.bounds(name, person).start_us == after.times_us[0]
    late = room.join(1)[-1].person
    assert room.school.plants.variant(name, late, 0).start_us == key.start_us


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("days: 1", "days: 2"),
        ("rate_hz: 0.0167", "rate_hz: 0.02"),
        ("level: easy", "level: medium"),
        ("variants: per_student", "variants: per_student\nsplit: {public: 0.3, by: event}"),
        ("variants: per_student", "variants: shared"),
        ("title: Small", "title: Small\nmax_intervals: 7"),
        ("release: 2026-03-02 09:00", "release: 2026-03-02 10:00"),
    ],
)
def test_a_draft_whose_file_changes_loses_its_variants_loudly(room: Room, old: str, new: str):
    room.join(1)
    name = sealed(room)
    desk = room.school.assignments

    desk.save(SMALL.replace(old, new))

    assert desk.variants(name) == []
    assert desk.state(name) == "draft"
    assert "dropped 1 variants of small" in "\n".join(map(str, room.school.audit.entries()))
    with pytest.raises(LabError):
        desk.release(name)


@pytest.mark.parametrize("new", ["max_intervals: 7", "future_hidden: true", "board: {show: own}", "keep: best_private"])
def test_after_the_release_only_dates_attempts_feedback_and_texts_change(room: Room, new: str):
    room.join(1)
    name = sealed(room, release=True)

    with pytest.raises(LabError, match=f"{new.split(':')[0]} can no longer change"):
        room.school.assignments.save(SMALL + new + "\n")
    room.school.assignments.save(SMALL.replace("title: Small", "title: Tall") + "attempts: {total: 2}\n")

    assert room.school.assignments.get(name).title == "Tall"


def test_answers_that_are_mended_before_the_release_drop_the_sealed_ones(room: Room):
    person = room.join(1)[0].person
    name, desk = sealed(room, QUIZ), room.school.assignments
    mended = QUIZ.replace("answers: {q1: temperature}", "answers: {q1: vibration}")

    desk.save(mended)
    dropped = desk.variants(name)
    sealed(room, mended, release=True)
    room.clock.at("2026-03-03 10:00")
    room.school.submissions.submit_answers(person, name, {"q1": "vibration"})

    assert dropped == []
    assert room.school.grading.result(name, person).points == 100


@pytest.mark.parametrize("column", ["recipe", "key", "salt"])
def test_a_record_that_was_changed_is_noticed_at_check_release_and_download(room: Room, column: str):
    person = room.join(1)[0].person
    name, desk = sealed(room), room.school.assignments
    row = desk._vault.keys.one(assignment=name)
    desk._vault.keys.change({"assignment": name}, **{column: row[column].replace("0", "1", 1)})

    for act in (lambda: desk.release(name), lambda: room.school.plants.block(name, person)):
        with pytest.raises(LabError, match="was changed"):
            act()


def test_a_lab_that_makes_other_readings_says_so_and_shows_none(room: Room, monkeypatch: pytest.MonkeyPatch):
    from engine.plant.simulator import Plant

    person = room.join(1)[0].person
    name, real = sealed(room, release=True), Plant.block

    def warmer(self, times):
        block = real(self, times)
        return replace(block, values=block.values + 1.0)

    monkeypatch.setattr(Plant, "block", warmer)

    with pytest.raises(LabError, match="other readings than those that were sealed"):
        room.school.plants.block(name, person)


def test_data_comes_from_the_record_whatever_the_recipe_of_draws_becomes(room: Room, monkeypatch: pytest.MonkeyPatch):
    person = room.join(1)[0].person
    name = sealed(room, release=True)
    before = room.school.plants.block(name, person).values
    monkeypatch.setattr("engine.classroom.plants.make_journal", lambda *_: pytest.fail("nothing is drawn again"))

    assert np.array_equal(before, room.school.plants.block(name, person).values, equal_nan=True)


def test_no_seed_is_in_the_record(room: Room):
    person = room.join(1)[0].person
    name = sealed(room)
    row = room.school.assignments._vault.keys.one(assignment=name)

    assert str(room.school.assignments.seed(name, person, 0)) not in json.dumps(row, default=str)


def test_a_crash_while_sealing_leaves_a_draft_that_cannot_be_released(room: Room, monkeypatch: pytest.MonkeyPatch):
    room.join(1)
    name, desk = sealed(room), room.school.assignments
    monkeypatch.setattr(desk._vault.keys, "replace_all", lambda *_: (_ for _ in ()).throw(OSError("killed")))
    with pytest.raises(OSError, match="killed"):
        sealed(room)

    assert desk.state(name) == "draft"
    with pytest.raises(LabError):
        desk.release(name)


def test_a_late_joiner_whose_key_was_left_by_a_crash_gets_a_variant(room: Room, monkeypatch: pytest.MonkeyPatch):
    from engine.classroom.assignments import Sealed

    room.join(1)
    name, desk = room.open(PUMP), room.school.assignments
    late = room.join(1)[-1].person
    with monkeypatch.context() as crash:
        crash.setattr(desk._records.variants, "add", lambda **_: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            desk.seal_one(name, Sealed(late, key_of(50)))

    assert desk.seal_one(name, Sealed(late, key_of(51))).person == late
    assert desk.keys(name)[desk.variant_of(name, late).variant].events == key_of(51).events


# events have ids
def verdict(key: AnswerKey, at: int, word: str, **changes: int) -> AnswerKey:
    event = key.events[at]
    span = {"start_us": event.onset_us, "end_us": event.end_us, **changes}
    return adjudicated(key, Item("x", "dispute", "V", event.machine, **span), word, "drift")


@pytest.mark.parametrize("word", ["wrong", "ambiguous", "new event"])
@pytest.mark.parametrize("at", [0, 5, 11])
def test_a_verdict_on_one_event_changes_nothing_for_the_others(word: str, at: int):
    key = replace(key_of(3), public_events=(1, 3, 5, 11))
    spare = {"start_us": key.end_us - HOUR_US, "end_us": key.end_us - MINUTE_US} if word == "new event" else {}

    after = AnswerKey.from_json(verdict(key, at, word, **spare).to_json())

    others = [event for n, event in enumerate(key.events) if n != at]
    for part in ("public", "private"):
        before, now = set(key.part(part).events), set(after.part(part).events)
        assert {e for e in before if e in others} == {e for e in now if e in others}
    rubric = load_rubric("interval-v1")
    for event in others:
        work = Work("labels", (Label(event.machine, event.onset_us, event.end_us, event.fault),))
        found = [[m.event for m in grade(work, k, rubric, "private").matches] != [] for k in (key, after)]
        assert found[0] == found[1]


def test_verdicts_follow_one_another_and_a_repeated_one_changes_nothing():
    key = replace(key_of(3), public_events=(0, 11))
    once = verdict(key, 11, "wrong")
    twice = verdict(once, 0, "wrong")
    new = verdict(key, 0, "new event", start_us=key.start_us, end_us=key.start_us + HOUR_US)

    assert len(twice.part("public").events) == 0
    assert len(twice.part("private").events) == 10
    assert adjudicated(new, Item("x", "d", "V", key.events[0].machine, key.start_us, key.start_us + HOUR_US),
                       "new event", "drift") == new  # fmt: skip
    assert len(set(new.ids)) == 13


def test_taking_out_every_event_leaves_a_key_that_can_still_be_judged():
    key = replace(key_of(3), public_events=(0,))
    for _ in range(12):
        key = verdict(key, 0, "wrong")

    assert key.events == key.ids == ()
    item = Item("x", "d", "V", key.machines[0], key.start_us, key.start_us + HOUR_US)
    assert len(adjudicated(key, item, "new event", "drift").part("private").events) == 1


def test_an_event_beside_an_ambiguous_one_still_counts():
    key = key_of(3)
    first = key.events[0]
    beside = replace(first, onset_us=first.end_us - 10 * MINUTE_US, detectable_from_us=first.end_us - 5 * MINUTE_US,
                     end_us=first.end_us + HOUR_US)  # fmt: skip
    both = replace(key, events=(first, beside, *key.events[1:]))
    item = Item("nobody", "nobody", "V", first.machine, first.onset_us, first.end_us, event=0)

    after = adjudicated(both, item, "ambiguous")

    assert beside in after.events
    assert all(z.end_us <= beside.onset_us for z in after.zones)


def test_two_verdicts_at_once_the_second_is_asked_to_look_again(room: Room):
    room.join(1)
    name = room.open(PUMP)
    desk = room.school.assignments
    variant = desk.variants(name)[0].variant
    key = desk.keys(name)[variant]
    desk.truth_changed(name, variant, replace(key, events=key.events[1:]), "no fault", "TA-1", based_on=1)

    with pytest.raises(LabError, match="look at the item again"):
        desk.truth_changed(name, variant, replace(key, events=key.events[2:]), "no fault", "TA-2", based_on=1)

    assert desk.keys(name)[variant].version == 2


def test_a_truth_is_never_changed_without_an_entry_in_the_log(room: Room, monkeypatch: pytest.MonkeyPatch):
    room.join(1)
    name = room.open(PUMP)
    desk = room.school.assignments
    variant = desk.variants(name)[0].variant
    seen: list[str] = []
    monkeypatch.setattr(desk._vault.keys, "add", lambda **_: seen.extend(map(str, room.school.audit.entries())))

    desk.truth_changed(name, variant, key_of(9), "all wrong", "TA-1")

    assert any("TA-1 changed the truth of" in line for line in seen)


# classes of earlier versions
@pytest.fixture
def old(tmp_path: Path) -> Room:
    """A class folder as it was written before there were sealed records, ids of events and ended variants."""
    for name in ("lab", "vault"):
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as connection:
            connection.execute((OLD / name / "schema.sql").read_text("utf-8"))
            for file in sorted((OLD / name).glob("*.csv")):
                connection.execute(f"COPY {file.stem} FROM '{file}' (FORMAT csv, HEADER, ALLOW_QUOTED_NULLS false)")
    shutil.copy(OLD / "receipts.jsonl", tmp_path / "receipts.jsonl")
    room = open_room(tmp_path)
    room.students = room.school.people.students()
    yield room
    room.close()


def test_an_old_class_opens_with_its_grades_its_proofs_and_its_log(old: Room):
    expected = json.loads((OLD / "expected.json").read_text("utf-8"))
    school = old.school

    for name, points in expected["points"].items():
        assert {r.person.person: r.points for r in school.grading.results(name)} == points
        assert {p: row["points"] for p, row in school.regrades.published(name).items()} == expected["published"][name]
    old.clock.at("2026-04-01 10:00")
    for name, proofs in expected["proofs"].items():
        assert [school.assignments.proof(name, one["variant"]) for one in proofs] == proofs
        assert all(verify_proof(proof) for proof in proofs)
    assert school.audit.broken_at() is None


def test_old_data_is_what_was_sealed_or_is_not_shown(old: Room):
    desk, plants = old.school.assignments, old.school.plants
    for variant in desk.variants("own"):
        truth = desk.keys("own", 1)[variant.variant].events
        draw = desk.draw_of("own", variant.person)
        if plants.variant("own", variant.person, draw, variant.start_us).key().events == truth:
            assert plants.sealed("own", variant.variant).key().events == truth
            assert "parts" in json.loads(desk.sealed_row("own", variant.variant)["recipe"])
        else:  # this version draws other journals: the old truth must not get other data
            with pytest.raises(LabError, match="other readings"):
                plants.block("own", variant.person)


def test_a_truth_that_was_corrected_before_events_had_ids_gets_them_back(old: Room):
    desk = old.school.assignments
    name = desk.variants("together")[0].variant
    first, second = desk.keys("together", 1)[name], desk.keys("together")[name]

    public = set(first.part("public").events)

    assert len(second.events) == len(first.events) - 1
    assert set(second.part("public").events) <= public
    assert set(second.part("private").events) == set(first.part("private").events)


def test_perfect_work_still_earns_everything_after_a_verdict_on_another_event(room: Room):
    person = room.join(1)[0].person
    name = room.open(PUMP)
    key = room.key(name, person)
    room.school.submissions.submit_labels(person, name, perfect(key))
    variant = room.school.assignments.variants(name)[0].variant
    event = key.events[0]

    item = Item("x", "nobody", variant, event.machine, event.onset_us, event.end_us, event=0)
    version = room.school.correct_truth(name, item, "ambiguous", "experts disagree", "TA-1")

    assert version == 2
    assert room.school.grading.result(name, person).points == 90
