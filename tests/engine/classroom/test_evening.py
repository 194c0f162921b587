"""The grading evening: marks, queue, a truth correction, regrade, release, disputes, feedback."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from engine.classroom.feedback_page import counts_page
from engine.classroom.losses import losses_of
from engine.classroom.review import Item, adjudicated, consensus
from engine.classroom.rubric import load_rubric
from engine.errors import LabError
from engine.records import HOUR_US, MINUTE_US, Label
from tests.engine.classroom.room import MACHINES, PUMP, SHARED_PUMP, START, Room, honest, key_of, perfect


def evening(room: Room, count: int = 6, text: str = SHARED_PUMP) -> str:
    """A class that handed in honest work on one shared variant; the deadline has passed."""
    students = room.join(count)
    name = room.open(text)
    key = room.key(name, students[0].person)
    for at, person in enumerate(students):
        room.school.submissions.submit_labels(person.person, name, honest(key, at))
    room.clock.at("2026-03-20 20:00")
    return name


def test_a_manual_mark_beats_the_automatic_one_and_survives_regrading(room: Room):
    name = evening(room)
    result = room.school.grading.results(name)[0]
    room.school.mark(name, result.submission, "clean", 25.0, "TA-1", "a good guess")
    marked = room.school.grading.results(name)[0]

    room.school.assignments.set_rubric(
        name, load_rubric("interval-v1").model_copy(update={"settings": {"tolerance_s": 600}})
    )
    again = room.school.grading.results(name)[0]

    clean = next(line for line in again.grade.lines if line.id == "clean")  # type: ignore[union-attr]
    assert marked.points is not None
    assert result.points is not None
    assert marked.points > result.points
    assert clean.points == 25.0


def test_an_automatic_part_that_changes_under_a_mark_is_queued_for_a_person(room: Room):
    name = evening(room)
    result = next(r for r in room.school.grading.results(name) if r.grade and r.grade.measure["recall_gate"] < 1.01)
    room.school.mark(name, result.submission, "tight", 1.0, "TA-1")
    stricter = load_rubric("interval-v1").model_copy(update={"settings": {"edges_full": 0.99}})

    room.school.assignments.set_rubric(name, stricter)
    now = room.school.grading.result(name, result.person.person)

    assert now.conflicts == ("tight",)
    assert any(item.kind == "conflict" for item in room.school.review.queue(name))


def test_marks_are_bounded_and_can_be_taken_back(room: Room):
    name = evening(room, 1)
    before = room.school.grading.results(name)[0]

    with pytest.raises(LabError, match="from 0 to 10 points"):
        room.school.mark(name, before.submission, "explained", 11, "TA-1")
    with pytest.raises(LabError, match="no line 'explaned'"):
        room.school.mark(name, before.submission, "explaned", 1, "TA-1")
    room.school.mark(name, before.submission, "explained", 7, "TA-1")
    room.school.mark(name, before.submission, "explained", None, "TA-1")

    assert room.school.grading.results(name)[0].points == before.points


def test_late_work_loses_credit_when_read_and_a_moved_deadline_gives_it_back(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    room.clock.at("2026-03-10 12:00 Europe/Berlin")
    room.school.submissions.submit_labels(person.person, name, perfect(room.key(name, person.person)))
    late = room.school.grading.results(name)[0]
    room.school.assignments.set_rule(name, f"person:{person.person}", "shift_hours", 24)
    moved = room.school.grading.results(name)[0]

    assert (late.points, late.percent) == (72.0, 80.0)
    assert (moved.points, moved.percent) == (90.0, 100.0)


def test_missing_held_and_excused_are_told_apart(room: Room):
    name = evening(room, 2)
    absent, excused = room.join(2)[2:]
    first = room.students[0]
    room.school.grading.hold(name, first.person)
    room.school.grading.excuse(name, excused.person)

    statuses = {r.person.person: r.status for r in room.school.grading.results(name)}

    assert statuses[first.person] == "held"
    assert statuses[absent.person] == "missing"
    assert statuses[excused.person] == "excused"


def test_a_false_interval_of_a_third_of_the_class_questions_the_truth_first(room: Room):
    students = room.join(6)
    name = room.open(SHARED_PUMP)
    key = room.key(name, students[0].person)
    quiet = next(t for t in range(START, key.end_us, HOUR_US) if _far_from_events(key, t))
    for at, person in enumerate(students):
        marks = [*honest(key, at, 8, 0)]
        if at < 3:
            marks.append(Label(MACHINES[0], quiet, quiet + 30 * MINUTE_US))
        room.school.submissions.submit_labels(person.person, name, tuple(marks))

    first = room.school.review.queue(name)[0]

    assert (first.kind, first.machine, first.start_us) == ("disputed", MACHINES[0], quiet)
    assert first.share == 0.5
    assert first.handle == ""


def _far_from_events(key, at: int) -> bool:
    return all(e.machine != MACHINES[0] or abs(e.onset_us - at) > 4 * HOUR_US for e in key.events)


def test_an_ambiguous_verdict_makes_truth_v2_and_a_dry_run_shows_who_changes(room: Room):
    name = evening(room, 8)
    room.school.regrades.publish(room.school.regrades.dry_run(name))
    before = room.school.regrades.published(name)
    key = room.key(name, room.students[0].person)
    event = key.events[key.owed[0]]
    variant = room.school.assignments.variants(name)[0].variant
    items = room.school.review.queue(name)
    item = items[0].__class__("by hand", "dispute", variant, event.machine, event.onset_us, event.end_us)

    preview = room.school.preview_truth(name, item, "ambiguous")
    untouched = room.school.regrades.dry_run(name)
    version = room.school.correct_truth(name, item, "ambiguous", "experts disagree", "TA-1")
    regrade = room.school.regrades.dry_run(name, note="event declared ambiguous")

    assert version == 2
    assert [c.delta for c in preview.changes] == [c.delta for c in regrade.changes]
    assert all(c.why == "unchanged" for c in untouched.changes)
    assert any("truth v2" in c.why for c in regrade.changes)
    assert sum(regrade.histogram().values()) == 8
    room.school.regrades.publish(regrade, never_lower=True)
    after = room.school.regrades.published(name)
    assert all(after[person]["points"] >= before[person]["points"] for person in before)


def test_never_lower_keeps_the_better_and_all_applies_everything(room: Room):
    name = evening(room, 5)
    regrades = room.school.regrades
    regrades.publish(regrades.dry_run(name))
    before = {p: row["points"] for p, row in regrades.published(name).items()}
    harder = load_rubric("interval-v1").model_copy(update={"settings": {"edges_full": 0.99}})

    dry = regrades.dry_run(name, rubric=harder)
    regrades.publish(dry, never_lower=True)
    kept = {p: row["points"] for p, row in regrades.published(name).items()}
    regrades.publish(dry)
    lowered = {p: row["points"] for p, row in regrades.published(name).items()}

    assert kept == before
    assert all(lowered[p] <= before[p] for p in before)
    assert any(lowered[p] < before[p] for p in before)


def test_results_are_released_to_all_or_some_and_held_ones_stay(room: Room):
    name = evening(room, 3)
    regrades, grading = room.school.regrades, room.school.grading
    one, two, three = room.students
    grading.hold(name, three.person)
    regrades.publish(regrades.dry_run(name))

    def seen() -> list[bool]:
        return [regrades.is_released(name, grading.result(name, p.person)) for p in (one, two, three)]

    nobody = seen()
    regrades.release(name, f"person:{one.person}")
    only_one = seen()
    regrades.release(name)

    assert nobody == [False, False, False]
    assert only_one == [True, False, False]
    assert seen() == [True, True, False]


def test_the_queue_of_settings_holds_disputes_and_no_marks_of_people(room: Room):
    """The alarms of a handed-in setting are the lab's own: nobody marked them one by one."""
    text = PUMP.replace("submit: labels", "submit: params").replace("interval-v1", "params-v1")
    person = room.join(1)[0].person
    name = room.open(text)
    room.school.submissions.submit_parameters(person, name, "ewma", {"weight": 0.2})
    alarms = (Label(MACHINES[0], START, START + HOUR_US), Label(MACHINES[1], START, START + HOUR_US))
    room.school.grading._graded._run_parameters = lambda work, *_: replace(work, marks=alarms)  # truth is hand-made
    room.clock.at("2026-03-20 20:00")
    room.school.regrades.publish(room.school.regrades.dry_run(name))
    dispute = room.school.review.dispute(name, person, MACHINES[0], START, START + HOUR_US, "it rang there")

    assert [item.item for item in room.school.review.queue(name)] == [f"dispute:{dispute}"]
    assert sum(room.school.review.false_label_hours(name)) == 0


def test_one_sentence_about_one_interval_is_one_dispute(room: Room):
    name = evening(room, count=1)
    room.school.regrades.publish(room.school.regrades.dry_run(name))
    review, person = room.school.review, room.students[0].person

    same = [review.dispute(name, person, MACHINES[0], START, START + HOUR_US, "a dip") for _ in range(2)]
    other = review.dispute(name, person, MACHINES[0], START, START + HOUR_US, "and a jump")

    assert same[0] == same[1] != other
    assert len(review.disputes_of(name, person)) == 2


def test_disputes_are_open_for_seven_days_after_the_results(room: Room):
    name = evening(room, 2)
    person, review = room.students[0].person, room.school.review
    with pytest.raises(LabError, match="7 days"):
        review.dispute(name, person, MACHINES[0], START, START + HOUR_US, "there was a dip")
    room.school.regrades.publish(room.school.regrades.dry_run(name))

    dispute = review.dispute(name, person, MACHINES[0], START, START + HOUR_US, "there was a dip")
    queued = [item.item for item in review.queue(name)]
    review.answer_dispute(name, dispute, "the dip is maintenance", "TA-1")

    assert f"dispute:{dispute}" in queued
    assert f"dispute:{dispute}" not in [item.item for item in review.queue(name)]
    assert review.disputes_of(name, person)[0]["answer"] == "the dip is maintenance"


def test_the_queue_is_shuffled_shows_handles_only_and_keeps_its_order(room: Room):
    students = room.join(12, name="María García", email="maria@uni.example")
    name = room.open(SHARED_PUMP)
    key = room.key(name, students[0].person)
    for at, person in enumerate(students):
        room.school.submissions.submit_labels(person.person, name, honest(key, at))

    queue = [item for item in room.school.review.queue(name) if item.kind == "explanation"]
    handles = [item.handle for item in queue]

    assert handles == [item.handle for item in room.school.review.queue(name) if item.kind == "explanation"]
    assert handles != sorted(handles)
    assert "María" not in str(queue)


def test_deciding_and_undoing_moves_the_progress(room: Room):
    name = evening(room, 3)
    item = room.school.review.queue(name)[0]

    room.school.review.decide(name, item.item, "right", "", "TA-1")
    done, of = room.school.review.progress(name)
    room.school.review.undecide(name, item.item, "TA-1")

    assert done == 1
    assert room.school.review.progress(name) == (0, of)


def test_items_say_which_event_was_hard_and_when_false_labels_fall(room: Room):
    name = evening(room, 5)

    items = room.school.review.items(name)

    assert len(items) == 12
    assert [item.share for item in items] == sorted(item.share for item in items)
    assert sum(room.school.review.false_label_hours(name)) > 0


def test_consensus_is_the_share_that_marked_each_bin():
    people = [[Label("M", 0, 50)], [Label("M", 40, 100)], [Label("X", 0, 100)], []]

    times, share = consensus(people, "M", 0, 100, 10)

    assert times.tolist() == list(range(0, 100, 10))
    assert share.tolist() == [0.25] * 4 + [0.5] + [0.25] * 5


def test_one_hundred_students_are_regraded_in_less_than_five_seconds(room: Room):
    students = room.join(100)
    name = room.open(PUMP)
    for at, person in enumerate(students):
        key = room.key(name, person.person) if at == 0 else key_of(1 + at)
        room.school.submissions.submit_labels(person.person, name, honest(key, at))
    room.clock.at("2026-03-20 20:00")
    easier = load_rubric("interval-v1").model_copy(update={"settings": {"edges_full": 0.5}})

    begun = time.perf_counter()
    dry = room.school.regrades.dry_run(name, rubric=easier)
    took = time.perf_counter() - begun

    assert len(dry.changes) == 100
    assert took < 5.0


# what students see


def test_while_open_a_student_sees_points_in_steps_and_no_moment_of_any_event(room: Room):
    """Three of twelve missed is fine; the one at 14:05 is not."""
    person = room.join(1)[0]
    name = room.open(PUMP)
    key = room.key(name, person.person)
    room.school.submissions.submit_labels(person.person, name, honest(key, 1))

    page = room.school.feedback.page(name, person.person)

    assert "of 100 points" in page
    assert "events found" not in page
    assert not _moments_in(key, page)


def _moments_in(key, text: str) -> list[str]:
    from engine.records import iso_time

    moments = [t for e in key.events for t in (e.onset_us, e.detectable_from_us, e.end_us)]
    return [iso_time(t)[:16] for t in moments if iso_time(t)[:16] in text]


def test_after_the_deadline_the_report_shows_the_timeline(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP)
    key = room.key(name, person.person)
    room.school.submissions.submit_labels(person.person, name, honest(key, 1))
    room.clock.at("2026-03-20 20:00")
    room.school.feedback._block_or_none = lambda *_: None  # type: ignore[method-assign]

    page = room.school.feedback.page(name, person.person)

    assert len(_moments_in(key, page)) >= 12
    assert "<svg" in page
    assert "Next" in page


def test_shared_data_stays_in_counts_until_the_last_extension_has_closed(room: Room):
    name = evening(room, 2)
    early, late = room.students
    room.school.assignments.set_rule(name, f"person:{late.person}", "shift_hours", 24 * 30)

    level = room.school.feedback.level(name, room.school.grading.result(name, early.person))

    assert level == "counts"


def test_a_held_student_sees_nothing_and_a_released_one_everything(room: Room):
    name = evening(room, 2)
    room.school.regrades.publish(room.school.regrades.dry_run(name))
    room.school.regrades.release(name)
    room.school.grading.hold(name, room.students[0].person)

    levels = [room.school.feedback.level(name, room.school.grading.result(name, p.person)) for p in room.students]

    assert levels == ["nothing", "full"]


def test_the_page_escapes_whatever_students_and_graders_wrote(room: Room):
    name = evening(room, 1)
    result = room.school.grading.results(name)[0]
    room.school.mark(name, result.submission, "explained", 5, "TA-1", "<script>alert(1)</script>")

    page = counts_page(room.school.feedback.counts(name, room.students[0].person))

    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_the_exam_room_shows_who_saved_and_who_handed_in(room: Room):
    name = evening(room, 2)
    book, revision = room.school.drafts.load(room.students[0].person, name)
    room.school.drafts.save(room.students[0].person, name, book.add(Label("M", 0, 1)), revision)

    rows = {row["handle"]: row for row in room.school.room(name)}

    assert rows["handle-000"]["saved_us"] is not None
    assert rows["handle-001"]["saved_us"] is None
    assert all(row["attempts"] == 1 for row in rows.values())


# verdicts keep the books


def test_a_new_event_weighs_as_the_median_and_every_other_keeps_its_part():
    """It was written with severity 1 among severities of 0.1 to 0.6; parts go by names, for places move."""
    key = key_of(1)
    events = tuple(replace(e, severity=0.1 * (1 + at % 3)) for at, e in enumerate(key.events))
    key = replace(key, events=events, public_events=(0, 3, 5))
    parts = {e: at in (0, 3, 5) for at, e in enumerate(events)}
    span = (events[4].end_us + 60_000_000, events[4].end_us + 1_800_000_000)
    new = Item("x", "disputed", "V", events[4].machine, *span)
    wrong = Item("y", "disputed", "V", events[0].machine, events[0].onset_us, events[0].end_us)

    added, taken = adjudicated(key, new, "new event", "drift"), adjudicated(key, wrong, "wrong")

    for after in (added, taken):
        public = set(after.public_events or ())
        assert all((name in public) == parts[e] for name, e in zip(after.ids, after.events, strict=True) if e in parts)
    born = next(e for e in added.events if e not in parts)
    assert born.severity == pytest.approx(0.2)
    assert len(set(taken.ids) & set(taken.public_events or ())) == 2


def test_a_report_says_what_cost_points_with_its_numbers(room: Room):
    person = room.join(1)[0]
    name = room.open(PUMP.replace("interval-v1", "interval-v2"))
    key = room.key(name, person.person)
    room.school.submissions.submit_labels(person.person, name, honest(key, 1))
    room.clock.at("2026-03-13 10:00")

    result = room.school.grading.result(name, person.person)
    lost = losses_of(result.grade)
    page = room.school.feedback.page(name, person.person)

    by_line = {line.title: line.out_of - line.points for line in result.grade.lines if line.points is not None}
    for title, missing in by_line.items():
        assert sum(x.lost for x in lost if x.line == title) == pytest.approx(missing, abs=0.2)
    assert "What cost points" in page
    assert "of 12 faults are not found" in page


def test_attempts_cannot_be_used_to_search_for_the_best_count(room: Room):
    """Six digits, found and false after each of twelve attempts were enough to tune a pipeline."""
    person = room.join(1)[0]
    name = room.open(PUMP)
    key = room.key(name, person.person)
    shown = []
    for found in (9, 10, 9):
        room.school.submissions.submit_labels(person.person, name, honest(key, found, found, 0))
        shown.append(room.school.feedback.counts(name, person.person))

    assert all(c.points is not None and c.points % 10 == 0 for c in shown)
    assert [c.points for c in shown] == sorted(c.points for c in shown)
    assert all((c.found, c.of, c.false, c.lines) == (None, None, None, ()) for c in shown)
