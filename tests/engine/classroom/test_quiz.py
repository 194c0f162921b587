"""Quizzes and reports: released without robots, right answers in the vault, graded like everything else."""

from __future__ import annotations

import pytest

from engine.classroom.quiz import split_answers
from engine.errors import FileProblemError, LabError
from tests.engine.classroom.room import Room

QUIZ = """
version: 1
id: quiz
title: What is a residual?
mode: graded
submit: answers
variants: shared
questions:
  - {id: q1, ask: "A residual is", options: [a reading, a difference]}
  - {id: q2, ask: "Pick the causes", options: [wear, noon, drift], several: true}
  - {id: q3, ask: "How many sensors has a machine?"}
answers:
  q1: a difference
  q2: [wear, drift]
  q3: {value: 7, tolerance: 0}
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: answers-v1
"""
REPORT = """
version: 1
id: report
title: Write what you saw
mode: graded
submit: text
when:
  release: 2026-03-02 09:00 Europe/Berlin
  credit:
    - {until: 2026-03-09 23:59, percent: 100}
rubric: text-v1
"""


def test_a_quiz_is_released_and_graded(room: Room):
    ana, bo = room.join(2)
    room.school.assignments.save(QUIZ)
    room.school.make_variants("quiz")
    gate = room.school.check("quiz")
    assert gate.passed, gate.problems
    room.school.assignments.release("quiz")
    right = {"q1": "a difference", "q2": ["drift", "wear"], "q3": 7}
    room.school.submissions.submit_answers(ana.person, "quiz", right)
    room.school.submissions.submit_answers(bo.person, "quiz", {**right, "q1": "a reading"})

    points = {r.person.person: r.points for r in room.school.grading.results("quiz")}

    assert points[ana.person] == 100.0
    assert points[bo.person] == pytest.approx(66.666667)


def test_right_answers_are_in_the_vault_alone(room: Room):
    room.school.assignments.save(QUIZ)
    public = room.school.assignments.text("quiz")

    assert "tolerance" not in public
    assert "answers:" not in public
    assert room.school.assignments.answers("quiz")["q1"] == "a difference"
    assert split_answers(room.school.assignments.source("quiz"))[1] == room.school.assignments.answers("quiz")


def test_taking_answers_out_keeps_the_line_numbers(room: Room):
    public, _ = split_answers(QUIZ)

    assert public.count("\n") == QUIZ.count("\n")
    with pytest.raises(FileProblemError, match="line 20"):
        room.school.assignments.save(QUIZ.replace("rubric: answers-v1", "rubrik: answers-v1"))


def test_a_quiz_without_an_answer_is_not_released(room: Room):
    room.join(1)
    room.school.assignments.save(QUIZ.replace("  q1: a difference\n", ""))
    room.school.make_variants("quiz")

    gate = room.school.check("quiz")

    assert "q1" in gate.problems[0]
    with pytest.raises(LabError, match="check"):
        room.school.assignments.release("quiz")


@pytest.mark.parametrize(("wrong", "words"), [("q9: x", "no question has this id"), ("q1: maybe", "is no option")])
def test_a_wrong_answer_key_names_the_place(room: Room, wrong: str, words: str):
    with pytest.raises(FileProblemError, match=words):
        room.school.assignments.save(QUIZ.replace("q1: a difference", wrong))


def test_sealed_answers_do_not_move_after_the_release(room: Room):
    room.join(1)
    room.school.assignments.save(QUIZ)
    room.school.make_variants("quiz")
    room.school.check("quiz")
    room.school.assignments.release("quiz")

    with pytest.raises(LabError, match="sealed"):
        room.school.assignments.save(QUIZ.replace("q1: a difference", "q1: a reading"))


def test_a_report_waits_for_a_person(room: Room):
    person = room.join(1)[0]
    room.school.assignments.save(REPORT)
    room.school.make_variants("report")
    assert room.school.check("report").passed
    room.school.assignments.release("report")
    receipt = room.school.submissions.submit_text(person.person, "report", "Pressure fell before the flow did.")

    queue = room.school.review.queue("report")
    for line, points in (("evidence", 30.0), ("reasoning", 40.0), ("clarity", 10.0)):
        room.school.mark("report", receipt.submission, line, points, "TA-1")

    assert {item.kind for item in queue} == {"explanation"}
    assert room.school.grading.results("report")[0].points == 80.0
    assert room.school.review.queue("report") == []
