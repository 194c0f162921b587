"""A student who walks a lesson in a browser, driven by the lesson's own files: what it declares is done and seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.lessons.metric_words import number
from app.lessons.quiz import mixed
from lessons.blocks import IMAGE, LIVE_NUMBER, Piece
from lessons.notebook import LessonWork, read_notebook
from lessons.quiz_marks import is_right
from lessons.reader import Lesson
from lessons.regrade import regrade
from lessons.spec import Answer, Control, Prediction, Question
from tests.browser.conftest import settle

TRIES = 3  # a proven solution passes at least 95 plants in 100, a decoy at most 5
SLOW_MS = 120_000  # a fresh server compiles its kernels first
WORDS_MS = 30_000


@dataclass
class Student:
    """One student in one lesson."""

    page: Any
    lesson: Lesson

    def begin(self) -> None:
        """Open the lesson and forget what an earlier visitor of this computer did."""
        self.page.set_default_timeout(SLOW_MS)
        self.seen("heading", self.lesson.head.title)
        self.idle()
        self.page.get_by_role("button", name="More").click()
        self.page.get_by_role("button", name="Begin anew").click()
        self.idle()
        self.page.keyboard.press("Escape")
        self.page.get_by_role("button", name="Begin anew").wait_for(state="hidden")
        self.page.traffic["script"].clear()

    def walk(self) -> None:
        """Go through every piece in the order of the page."""
        for at, piece in enumerate(self.lesson.pieces):
            if piece.kind == "predict":
                self.predict(piece.id, self.lesson.pieces[at + 1 :])
            elif piece.kind == "experiment":
                self.experiment(piece.id)
            elif piece.kind == "exercise":
                self.practise(piece.id)
            elif piece.kind == "quiz":
                self.answer_quiz()
            elif piece.kind != "instructor":
                self.read(piece)
            self.nothing_broke()

    def predict(self, name: str, later: tuple[Piece, ...]) -> None:
        """Say something; neither the truth nor the rest of the lesson is here before."""
        prediction = self.lesson.lab.predictions[name]
        box = self.keyed(f"prediction-{self.lesson.id}-{name}")
        box.get_by_text("The lesson goes on when you have said something").wait_for()
        self.never_came(prediction.because, *(line for piece in later for line in prose(piece)))
        said = self._say(box, prediction)
        box.get_by_role("button", name="This is what I expect").click()
        box.get_by_text("You said").first.wait_for()
        self.idle()
        assert said in text_of(box)
        assert "It is" in text_of(box)
        assert "–" not in text_of(box).replace(prediction.ask, "").split("It is")[1][:4], "the truth is undefined"
        self.came(prediction.because)

    def _say(self, box: Any, prediction: Prediction) -> str:
        """Choose the first wrong option, or give a number."""
        if prediction.kind == "number":
            box.get_by_role("spinbutton").fill("3")
            return "3"
        wrong = next(option for option in prediction.options if option != prediction.answer)
        choose(box, prediction.options.index(wrong))
        return plain(wrong)

    def experiment(self, name: str) -> None:
        """See its numbers and its chart, move the first control, and set it back."""
        experiment = self.lesson.lab.experiments[name]
        box = self.keyed(f"experiment-{self.lesson.id}-{name}")
        box.get_by_test_id("stMetric").first.wait_for()
        self.idle()
        start = metrics_of(box)
        assert set(start.values()) - {"–"}, start
        if not experiment.controls:
            return
        key = f"{self.lesson.id}-{name}-{experiment.controls[0].id}-"
        self._move(box.locator(f'[class*="st-key-{css(key)}"]'), experiment.controls[0])
        self.idle()
        assert metrics_of(box)
        self.nothing_broke()
        self.keyed(f"reset-{self.lesson.id}-{name}").get_by_role("button").click()
        self.until(lambda: metrics_of(box) == start)
        self.idle()

    def _move(self, field: Any, control: Control) -> None:
        if control.kind == "switch":
            field.locator("label").last.click()
        elif control.kind == "choice":
            self.pick(field, next(option for option in control.options if option != control.start))
        else:
            field.locator("input").first.focus()
            self.page.keyboard.press("ArrowLeft" if control.start == control.max else "ArrowRight")

    def read(self, piece: Piece) -> None:
        """Read a piece of prose: its words are there, and its numbers are those of the experiment above."""
        main = text_of(self.page.get_by_test_id("stMain"))
        assert "{{" not in main
        for place in LIVE_NUMBER.finditer(piece.text):
            before = plain(re.split(r"\}\}|\n\n", piece.text[: place.start()])[-1])[-30:].lstrip()
            after = plain(re.split(r"\{\{|\n\n", piece.text[place.end() :])[0])[:15].rstrip()
            expected = self._number_of(place[1], place[2])
            number_there = r"[^–\s].{0,40}?" if expected is None else re.escape(expected)
            shown = rf"{re.escape(before)}\s*{number_there}\s*{re.escape(after)}"
            assert re.search(shown, main), (place[0], expected, shown)

    def _number_of(self, name: str, wanted: str) -> str | None:
        """Return what the page shows elsewhere for a live number: a control at its start, or a read-out."""
        experiment = self.lesson.lab.experiments[name]
        if wanted in experiment.start():
            return number(experiment.start()[wanted])
        if wanted not in experiment.readout:
            return None
        shown = metrics_of(self.keyed(f"experiment-{self.lesson.id}-{name}"))
        return list(shown.values())[experiment.readout.index(wanted)]

    def practise(self, name: str) -> None:
        """Try a decoy, take a hint, then the solution: not tried, not yet, passed."""
        exercise = self.lesson.lab.exercises[name]
        box = self.keyed(f"exercise-{self.lesson.id}-{name}")
        box.get_by_text("Not tried").wait_for()
        self.never_came(*exercise.hints, *(decoy.why for decoy in exercise.decoys))
        self._check(name, exercise.decoys[0].answer, "Not yet")
        box.get_by_role("button", name="A hint").click()
        self.until(lambda: exercise.hints[0].encode() in self.received())
        self.never_came(*exercise.hints[1:])
        self._check(name, exercise.solution, "Passed")
        box.get_by_text("One solution, and why the tempting ones fail").wait_for()
        self.came(*(decoy.why for decoy in exercise.decoys))

    def _check(self, name: str, answer: dict[str, Any], word: str) -> None:
        """Give an answer and have it checked until the verdict is that word; chance may need a second plant."""
        exercise = self.lesson.lab.exercises[name]
        box = self.keyed(f"exercise-{self.lesson.id}-{name}")
        for field, value in answer.items():
            self._fill(self.keyed(f"answer-{self.lesson.id}-{name}-{field}"), exercise.answer[field], value)
        for _ in range(TRIES):
            before = tries_of(box)
            box.get_by_role("button", name="Check on fresh plants").click()
            self.until(lambda before=before: tries_of(box) == before + 1, SLOW_MS)
            self.idle()
            if f"{word} ·" in text_of(box):
                return
        raise AssertionError(f"{self.lesson.id}: {answer} is not '{word}' in {TRIES} tries: {text_of(box)}")

    def _fill(self, field: Any, rule: Answer, value: Any) -> None:
        if rule.kind == "choice":
            self.pick(field, str(value))
            return
        entry = field.get_by_role("spinbutton")
        entry.fill(f"{value:g}")
        entry.press("Tab")
        self.idle()
        assert float(entry.input_value()) == float(value)

    def answer_quiz(self) -> None:
        """Answer each question, the first one wrongly before; no reason is here before its answer."""
        for at, question in enumerate(self.lesson.quiz.questions):
            box = self.keyed(f"question-{self.lesson.id}-{question.id}")
            box.get_by_role("button", name="Answer", exact=True).wait_for()
            self.never_came(*(option.because for option in question.options))
            if at == 0:
                self._answer(box, question, right=False)
                box.get_by_text("Not yet.", exact=True).first.wait_for()
            self._answer(box, question, right=True)
            verdict = "Right." if question.kind != "text" else "Kept. Compare with what others wrote."
            box.get_by_text(verdict, exact=True).first.wait_for()
            self.idle()
            self.came(*(option.because for option in question.options))

    def _answer(self, box: Any, question: Question, right: bool) -> None:
        """Give a right or a wrong answer with the widget of the question's kind."""
        texts = mixed(question)
        if question.kind == "number":
            value = (question.answer or 0.0) + (0 if right else question.tolerance + 1)
            box.get_by_role("spinbutton").fill(f"{value:g}")
        elif question.kind == "choice":
            choose(box, next(at for at, text in enumerate(texts) if is_right(question, text) == right))
        elif question.kind == "text":
            box.get_by_role("textbox").fill("Because.")
        else:
            wanted = [str(option.text) for option in question.options if question.kind == "order" or option.right]
            for text in wanted if right else texts[:1]:
                self.pick(box, text)
        box.get_by_role("button", name="Answer", exact=True).click()

    def reach_the_end(self, following: Lesson | None) -> None:
        """See that all is done, and go on to the next lesson."""
        self.page.get_by_text("100 % of this lesson done").wait_for()
        if following is not None:
            self.page.get_by_role("button", name=f"Next: {following.head.title}").click()
            self.seen("heading", following.head.title)
            self.idle()

    def come_back(self) -> None:
        """Open the page anew: predictions, verdicts and answers are still there, said by the server."""
        self.page.reload()
        self.page.get_by_text("100 % of this lesson done").wait_for()
        main = text_of(self.page.get_by_test_id("stMain"))
        assert main.count("It is") >= len(self.lesson.lab.predictions)
        assert main.count("Passed ·") == len(self.lesson.lab.exercises)
        assert main.count("Right.") == sum(question.kind != "text" for question in self.lesson.quiz.questions)

    def take_the_notebook(self) -> None:
        """Download the lab notebook; graded anew it gives the full score, and nothing differs."""
        self.page.get_by_role("button", name="More").click()
        with self.page.expect_download() as coming:
            self.page.get_by_role("button", name="Lab notebook").click()
        self.page.keyboard.press("Escape")
        notebook = read_notebook(Path(coming.value.path()).read_text(encoding="utf-8"))
        again = regrade(notebook)
        assert again.same, again.differences
        assert again.score["points"] == again.score["out_of"]  # a free text is read by a person, and counts for neither
        assert isinstance(notebook.work, LessonWork)
        assert len(notebook.work.tries) >= 2 * len(self.lesson.lab.exercises)  # a decoy and the solution
        assert set(notebook.work.predictions) == set(self.lesson.lab.predictions)

    def nothing_broke(self) -> None:
        """No exception, no error box, and nothing of the instructor's notes in the traffic."""
        assert self.page.get_by_test_id("stException").count() == 0
        assert self.page.locator('[data-testid="stAlertContentError"]').count() == 0
        notes = [line for piece in self.lesson.pieces if piece.kind == "instructor" for line in prose(piece)]
        self.never_came(*notes)

    def keyed(self, key: str) -> Any:
        """Return the part of the page with that key."""
        return self.page.locator(f".st-key-{css(key)}").first

    def seen(self, role: str, name: str) -> None:
        self.page.get_by_role(role, name=name, exact=True).first.wait_for()

    def idle(self) -> None:
        """Wait until the page's script has ended and what it drew is there."""
        settle(self.page)

    def until(self, claim: Any, milliseconds: int = WORDS_MS) -> None:
        """Wait until the claim holds."""
        assert self.is_soon(claim, milliseconds), f"not within {milliseconds} ms"

    def is_soon(self, claim: Any, milliseconds: int = 5_000) -> bool:
        """Wait for the claim; returns whether it came to hold."""
        for _ in range(milliseconds // 50):
            if claim():
                return True
            self.page.wait_for_timeout(50)
        return False

    def pick(self, field: Any, option: str) -> None:
        """Choose in a list; it closes when the page is drawn anew, so it is opened until the choice is there."""
        entry = field.get_by_role("combobox").first
        for _ in range(TRIES):
            self.idle()
            entry.focus()
            self.page.keyboard.press("ArrowDown")
            choice = self.page.get_by_role("option", name=option, exact=True)
            if self.is_soon(choice.is_visible):
                choice.click()
                self.idle()
                return
            self.page.keyboard.press("Escape")
        raise AssertionError(f"{option!r} cannot be chosen")

    def received(self) -> bytes:
        """Return all that the server has sent about the page."""
        return b"\0".join(self.page.traffic["script"])

    def came(self, *texts: str) -> None:
        sent = self.received()
        assert [text for text in texts if text.encode() not in sent] == []

    def never_came(self, *texts: str) -> None:
        sent = self.received()
        assert [text for text in texts if text and text.encode() in sent] == []


def css(key: str) -> str:
    """Return a widget's key as Streamlit writes it into the page's classes."""
    return re.sub(r"[^a-zA-Z0-9_-]", "-", key)


def choose(box: Any, at: int) -> None:
    """Take one of the options by its place; their words may hold marks that the page draws otherwise."""
    option = box.get_by_test_id("stRadioOption").nth(at)
    option.get_by_text(re.compile(r"\S")).first.wait_for()  # labels with a colon are drawn a moment later
    option.click()
    assert option.get_by_role("radio").is_checked()


def text_of(part: Any) -> str:
    return re.sub(r"\s+", " ", part.inner_text())


def plain(text: str) -> str:
    """Return Markdown as it reads, roughly: without stars, code marks and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"[*`$_]|^[-#>|] *", "", text, flags=re.M))


def prose(piece: Piece) -> list[str]:
    """Return the lines of a piece that tell it from every other: long ones, as the server would send them."""
    if piece.kind in ("predict", "experiment", "exercise", "quiz") or IMAGE.search(piece.text):
        return []
    return [line for line in piece.text.splitlines() if len(line) > 30 and "{{" not in line]


def metrics_of(box: Any) -> dict[str, str]:
    """Return the read-outs of an experiment by name."""
    labels, values = (box.get_by_test_id(f"stMetric{part}").all_inner_texts() for part in ("Label", "Value"))
    return {label.strip(): value.strip() for label, value in zip(labels, values, strict=False)}


def tries_of(box: Any) -> int:
    """Return how many tries the page counts."""
    found = re.search(r"Tries: (\d+)", text_of(box))
    return int(found[1]) if found else -1
