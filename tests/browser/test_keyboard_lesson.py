"""Lesson 2 from the list of lessons to the next lesson without a mouse: Tab, arrows, Space, Enter and typing alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app.lessons.quiz import mixed
from lessons.reader import find_lesson
from lessons.spec import Question
from tests.browser.student import Student, css, metrics_of, text_of

pytestmark = pytest.mark.browser
MOST_STOPS = 150  # of the Tab key on the longest page
FOCUSED = "selector => Boolean(document.activeElement?.closest(selector))"


@dataclass
class Hands:
    """Two hands on a keyboard; `student` only looks."""

    student: Student

    def reach(self, key: str, inside: str = "") -> None:
        """Press Tab until the focus is in the part of the page with that key."""
        selector = f".st-key-{css(key)} {inside}".strip()
        self.student.page.locator(selector).first.wait_for()
        for _ in range(MOST_STOPS):
            self.student.idle()
            if self.student.page.evaluate(FOCUSED, selector):
                return
            self.press("Tab")
        raise AssertionError(f"Tab never comes to {selector}")

    def press(self, key: str, times: int = 1) -> None:
        for _ in range(times):
            self.student.page.keyboard.press(key)

    def enter(self, key: str) -> None:
        """Reach a button and press it."""
        self.reach(key, "button")
        self.press("Enter")

    def write(self, key: str, text: str) -> None:
        """Reach a field, type, and leave it."""
        self.reach(key, "input")
        self.student.page.keyboard.type(text)
        self.press("Tab")
        self.student.idle()

    def take(self, key: str, option: int) -> None:
        """Reach a group of options and take one with the arrows."""
        self.reach(key, "input")
        self.press("Space")
        self.press("ArrowDown", option)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_lesson_two_can_be_done_with_the_keyboard_alone(visit: Any) -> None:
    lesson = find_lesson("thresholds")
    page = visit("lessons")
    student = Student(page, lesson)
    hands = Hands(student)
    page.set_default_timeout(120_000)

    hands.enter("open-thresholds")
    student.seen("heading", lesson.head.title)
    begin_anew(hands)

    hands.write("predict-thresholds-p1-value", "4")
    hands.enter("FormSubmitter-predict-thresholds-p1-This-is-what-I-expect")
    page.get_by_text("It is", exact=True).first.wait_for()

    box = student.keyed("experiment-thresholds-demo")
    box.get_by_test_id("stMetric").first.wait_for()
    loud = metrics_of(box)
    hands.reach("thresholds-demo-confirm-0", "input")
    hands.press("ArrowRight", 2)
    student.until(lambda: metrics_of(box)["False alarms per day"] == "0")
    student.idle()
    page.get_by_text("3 reading(s) in a row, the healthy machine raised 0 false alarms").wait_for()
    hands.enter("reset-thresholds-demo")
    student.until(lambda: metrics_of(box) == loud)
    student.idle()

    exercise = lesson.lab.exercises["limit"]
    for name, value in exercise.solution.items():
        hands.write(f"answer-thresholds-limit-{name}", str(value))
    hands.enter("check-thresholds-limit")
    page.get_by_text("Passed").first.wait_for()
    hands.reach("exercise-thresholds-limit", "summary")
    hands.press("Enter")
    page.get_by_text(exercise.decoys[0].why).wait_for()

    for question in lesson.quiz.questions:
        answer(hands, question)
    page.get_by_text("100 % of this lesson done").wait_for()
    hands.enter("next-thresholds")
    student.seen("heading", find_lesson("small-shifts").head.title)
    student.nothing_broke()


def begin_anew(hands: Hands) -> None:
    """Forget what an earlier visitor of this computer did; the menu closes with Escape."""
    hands.enter("more-thresholds")
    hands.enter("forget-thresholds")
    hands.student.idle()
    hands.press("Escape")
    hands.student.page.get_by_role("button", name="Begin anew").wait_for(state="hidden")


def answer(hands: Hands, question: Question) -> None:
    """Answer a question rightly and read the reason."""
    key = f"quiz-thresholds-{question.id}"
    if question.kind == "number":
        hands.write(f"{key}-value", f"{question.answer:g}")
    else:
        right = next(str(option.text) for option in question.options if option.right)
        hands.take(f"{key}-value", mixed(question).index(right))
    hands.enter(f"FormSubmitter-{key}-Answer")
    box = hands.student.keyed(f"question-thresholds-{question.id}")
    box.get_by_text("Right.", exact=True).first.wait_for()
    assert all(option.because in text_of(box) for option in question.options)
