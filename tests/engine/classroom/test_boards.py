"""Boards that cannot be climbed, evidence of copying, and the instructor in front of the room."""

from __future__ import annotations

import doctest

import pytest

from engine.classroom import boards, collusion
from engine.classroom.boards import exact_bits, ladder, ladder_bits
from engine.classroom.collusion import cross_fits, equal_payloads, shared_errors
from engine.classroom.conductor import shown_count
from engine.classroom.key_robots import truth_marks
from engine.classroom.seeds import commitment
from engine.errors import AccessError, LabError
from engine.records import HOUR_US, SECOND_US, Label, TruthEvent
from tests.engine.classroom.room import BOARD_PUMP, PUMP, START, Room, honest, key_of, perfect


def test_the_examples_in_the_docstrings_are_true():
    assert doctest.testmod(boards).failed == 0


def test_the_leak_meter_has_the_numbers_of_the_notes():
    table = [
        exact_bits(3, 35),
        ladder_bits(0.05, 35),
        ladder_bits(0.05, 15),
        ladder_bits(0.1, 15),
        ladder_bits(0.1, 10),
    ]

    assert [round(bits) for bits in table] == [349, 49, 32, 22, 17]


def test_a_ladder_never_falls_and_shows_only_whole_steps():
    assert ladder([0.42, 0.44, 0.30, 0.449, 0.61, 1.0], 0.05) == [0.4, 0.4, 0.4, 0.4, 0.6, 1.0]


def test_a_student_sees_its_own_line_and_the_baselines_only(room: Room):
    one, two = room.join(2, name="María García")
    name = room.open(BOARD_PUMP)
    key = room.key(name, one.person)
    for at, person in enumerate((one, two)):
        room.school.submissions.submit_labels(person.person, name, honest(key, at, 9 - 4 * at, 1))

    mine = room.school.boards.board(name, two.person)
    everything = room.school.boards.board(name)

    assert {line.handle for line in mine} == {two.handle, "random", "label_all", "reference"}
    assert {one.handle, two.handle} <= {line.handle for line in everything}
    assert "María" not in str(everything)
    assert all(round(line.shown * 10) == pytest.approx(line.shown * 10) for line in everything)


def test_the_board_uses_the_public_part_and_the_grade_the_private_one(room: Room):
    """Finding only the public events climbs the board and earns nothing."""
    person = room.join(1)[0]
    name = room.open(BOARD_PUMP, {"everybody": _split(key_of(3))})
    key = room.key(name, person.person)
    public = [key.events[at] for at in key.public_events or ()]
    room.school.submissions.submit_labels(
        person.person, name, tuple(Label(e.machine, e.onset_us, e.end_us, e.fault) for e in public)
    )

    board = next(line for line in room.school.boards.board(name) if line.own or line.handle == person.handle)
    result = room.school.grading.results(name)[0]

    assert board.shown == 1.0
    assert result.points == 0.0


def _split(key):
    from dataclasses import replace

    return replace(key, public_events=key.owed[::2])


def test_no_board_is_shown_where_there_is_none(room: Room):
    from tests.engine.classroom.room import PUMP

    person = room.join(1)[0]
    name = room.open(PUMP)

    with pytest.raises(AccessError):
        room.school.boards.board(name, person.person)


def test_pooling_on_shared_data_is_counted_in_the_leak_meter(room: Room):
    room.join(3)
    name = room.open(BOARD_PUMP)
    leak = room.school.boards.leak(name)

    assert leak.class_bits == pytest.approx(min(3 * leak.student_bits, leak.truth_bits))


@pytest.mark.parametrize(
    ("more", "parts", "green"),
    [
        ("", {"points"}, True),  # twelve attempts in steps of a tenth tell 19 bits of 143
        ("feedback: {while_open: score_only}\n", {"points"}, True),
        ("feedback: {while_open: nothing}\n", set(), True),
        ("feedback: {while_open: nothing}\nboard: {show: own, step: 0.1}\n", {"board"}, True),
        ("feedback: {while_open: score_only}\nattempts: {total: 1, per_day: 1}\n", {"points"}, True),
        ("feedback: {while_open: score_only}\nattempts: {total: null, per_day: null}\n", {"points"}, False),
    ],
)
def test_the_leak_meter_covers_all_that_is_shown_while_work_is_taken(room: Room, more: str, parts: set, green: bool):
    room.join(2)
    text = PUMP if "attempts" not in more else PUMP.replace("attempts: {per_day: 3, total: 12}\n", "")
    name = room.open(text + more)

    leak = room.school.boards.leak(name)

    assert {part for part, bits in leak.parts if bits} == parts
    assert leak.green is green


def test_while_work_is_open_points_come_in_steps_of_a_tenth_and_nothing_else_is_told(room: Room):
    """Exact points and counts after each of twelve attempts tuned a pipeline that nobody had watched."""
    person = room.join(1)[0].person
    name = room.open(PUMP.replace("interval-v1", "interval-v2"))
    truth = truth_marks(room.key(name, person))
    told = []

    for marks in (truth[:8], truth[:9], truth[:2]):
        room.school.submissions.submit_labels(person, name, tuple(marks))
        told.append(room.school.feedback.counts(name, person))

    exact = [room.school.grading.attempts(name, person, "all")[at] for at in range(3)]
    shown = [round(one.points / one.out_of, 6) for one in told]
    assert shown == ladder(exact, 0.1)
    assert shown[2] == max(shown) > exact[2]
    assert all(
        (one.found, one.of, one.false, one.duplicates, one.lines) == (None, None, None, None, ()) for one in told
    )
    assert "steps of a tenth" in told[0].notes[-1]


def test_a_quiz_that_can_be_climbed_by_trying_is_warned_of(room: Room):
    room.join(1)
    ask = [f"  - {{id: q{n}, ask: Which, options: [a, b, c, d]}}" for n in range(10)]
    right = "answers: {" + ", ".join(f"q{n}: a" for n in range(10)) + "}"
    text = PUMP.replace("submit: labels", "submit: answers").replace("interval-v1", "answers-v1")
    room.school.assignments.save("\n".join([text, "questions:", *ask, right]))
    room.school.make_variants("pump")

    gate = room.school.check("pump")

    assert gate.passed
    assert "feedback.while_open: nothing" in gate.warnings[0]


def test_copied_labels_fit_the_neighbours_seed_and_honest_ones_do_not():
    keys = {f"V{n}": key_of(n) for n in range(6)}
    works = {f"S{n}": (f"V{n}", honest(keys[f"V{n}"], n)) for n in range(5)}
    works["COPY"] = ("V5", honest(keys["V2"], 99))

    fits = cross_fits(works, keys)

    assert [(fit.submission, fit.variant) for fit in fits] == [("COPY", "V2")]
    assert fits[0].p_value <= 0.01


def test_identical_wrong_intervals_are_listed_with_a_p_value():
    key = key_of(1)
    wrong = {name: honest(key, seed, 0, 5) for name, seed in (("A", 1), ("B", 2), ("C", 3))}
    wrong["D"] = (*wrong["A"][:4], *wrong["B"][:1])

    found = shared_errors(wrong, key.start_us, key.end_us)

    assert [(x.first, x.second, x.same) for x in found] == [("A", "D", 4)]
    assert found[0].p_value == pytest.approx(1 / 200)
    assert equal_payloads({"A": "x", "B": "y", "C": "x"}) == [("A", "C")]
    assert collusion.fit(key, perfect(key)) == 1.0


def event(start: int) -> TruthEvent:
    return TruthEvent("M", "drift", (), 0.7, start, start + 10 * SECOND_US, start + HOUR_US)


def test_a_round_is_sealed_counted_without_names_and_proven_at_the_reveal(room: Room):
    students = room.join(6)
    conductor = room.school.conductor
    name = conductor.start_round([event(START)], ("M",), START - HOUR_US, START + HOUR_US)
    conductor.call(name, students[0].person, "M", START + 40 * SECOND_US)
    conductor.call(name, students[1].person, "M", START + 70 * SECOND_US)
    conductor.call(name, students[2].person, "M", START - 60 * SECOND_US)

    times = conductor.room(name)
    shown = conductor.reveal(name)

    assert (times.people, times.delays_s, times.median_s, times.false_calls) == (3, (30.0, 60.0), 45.0, 1)
    key = room.school.conductor._sealed(name)
    assert commitment(shown["salt"], key) == shown["commitment"]
    assert not any(p.handle in str(times) for p in students)
    with pytest.raises(LabError, match="over"):
        conductor.set_state(name, "running")


def test_nothing_is_taken_while_a_round_is_paused(room: Room):
    person = room.join(1)[0]
    name = room.school.conductor.start_round([event(START)], ("M",), START, START + HOUR_US)
    room.school.conductor.set_state(name, "paused")

    with pytest.raises(LabError, match="not running"):
        room.school.conductor.call(name, person.person, "M", START)


def test_a_live_question_goes_through_vote_talk_and_revote(room: Room):
    students = room.join(8)
    conductor = room.school.conductor
    name = conductor.ask("Alarms a day?", ["233", "0.3"], "233", 60)
    with pytest.raises(LabError, match="closed"):
        conductor.vote(name, students[0].person, "233")
    conductor.set_state(name, "open")
    for at, person in enumerate(students):
        conductor.vote(name, person.person, "233" if at < 3 else "0.3")
    voting = conductor.tally(name)
    conductor.set_state(name, "locked")
    with pytest.raises(AccessError):
        conductor.right_answer(name)
    conductor.set_state(name, "revote")
    for person in students:
        conductor.vote(name, person.person, "233")
    conductor.set_state(name, "reveal")

    assert (voting.voted, voting.counts) == (8, ())
    assert conductor.tally(name, "first").counts == (("233", "<5"), ("0.3", "5"))
    assert conductor.tally(name, "second").counts == (("233", "8"), ("0.3", "0"))
    assert conductor.right_answer(name) == "233"


def test_extra_time_scales_the_question_and_small_counts_are_hidden(room: Room):
    person = room.join(1, labels=["extra time 1.5"])[0]
    name = room.school.conductor.ask("Now?", ["yes", "no"], "yes", 60)

    assert room.school.conductor.seconds_for(name, person.person) == 90
    assert [shown_count(n) for n in (0, 1, 4, 5)] == ["0", "<5", "<5", "5"]
