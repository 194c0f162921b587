"""A draft as its readers will see it: the student's view, or the instructor's with notes and answers."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.lessons.experiment import show_outcome
from app.lessons.metric_words import number
from app.lessons.view import show_prose
from engine.errors import LabError
from lessons.blocks import Piece
from lessons.labs.base import Outcome, lab_kind
from lessons.proofs import fingerprint
from lessons.reader import Lesson, read_lesson, setup_of
from lessons.spec import Question


def show_preview(lesson: Lesson | None) -> None:
    """Show the lesson; experiments stand in their starting state."""
    if lesson is None:
        st.info(t("The preview appears when the mistakes are mended."))
        return
    student, teacher = t("as a student"), t("as an instructor")
    teaches = st.segmented_control(t("View"), [student, teacher], default=student, key="author-view") == teacher
    st.header(lesson.head.title)
    values: dict[str, dict[str, object]] = {}
    for piece in lesson.pieces:
        _piece(lesson, piece, values, teaches)


def _piece(lesson: Lesson, piece: Piece, values: dict[str, dict[str, object]], teaches: bool) -> None:
    if piece.kind == "predict":
        _prediction(lesson, piece.id, teaches)
    elif piece.kind == "experiment":
        values[piece.id] = _experiment(lesson, piece.id)
    elif piece.kind == "exercise":
        _exercise(lesson, piece.id, teaches)
    elif piece.kind == "quiz":
        for at, question in enumerate(lesson.quiz.questions, start=1):
            _question(at, question, teaches)
    elif piece.kind == "instructor":
        if teaches:
            with st.container(border=True):
                st.markdown(f"**:material/co_present: {t('For the instructor')}**")
                show_prose(lesson, piece, values)
    else:
        show_prose(lesson, piece, values)


def _prediction(lesson: Lesson, name: str, teaches: bool) -> None:
    prediction = lesson.lab.predictions[name]
    with st.container(border=True):
        st.markdown(f"**:material/psychology: {t('Predict')}** {prediction.ask}")
        st.caption(" · ".join(prediction.options) or prediction.unit)
        if teaches and prediction.answer is not None:
            st.markdown(f":material/key: **{number(prediction.answer)}** {prediction.because}")


@st.cache_data(max_entries=40, show_spinner=False)
def _started(folder: str, mark: str, name: str) -> Outcome:
    """Run an experiment of a draft in its starting state, once for each state of its lab file."""
    from pathlib import Path

    del mark
    lesson, _ = read_lesson(Path(folder))
    if lesson is None:
        raise LabError(t("The preview appears when the mistakes are mended."))
    experiment = lesson.lab.experiments[name]
    return lab_kind(experiment.kind).run(setup_of(experiment, experiment.start()), seed=7)


def _experiment(lesson: Lesson, name: str) -> dict[str, object]:
    experiment = lesson.lab.experiments[name]
    with st.container(border=True):
        st.markdown(f"**:material/science: {t('Experiment')}**")
        st.caption(" · ".join(f"{control.label}: {number(control.start)}" for control in experiment.controls))
        try:
            with st.spinner(t("The plant is running…")):
                found = _started(str(lesson.folder), fingerprint(lesson), name)
        except LabError as problem:
            st.error(str(problem))
            return {}
        show_outcome(experiment, found, f"author-{lesson.folder.name}-{name}")
    return {**experiment.start(), **found.metrics}


def _exercise(lesson: Lesson, name: str, teaches: bool) -> None:
    exercise = lesson.lab.exercises[name]
    with st.container(border=True):
        st.markdown(f"**:material/fitness_center: {t('Exercise')}** {exercise.prompt}")
        st.caption(" · ".join(rule.label or field for field, rule in exercise.answer.items()))
        if not teaches:
            return
        st.markdown(f":material/rule: {' · '.join(f'`{text}`' for text in exercise.pass_when)}")
        for hint in exercise.hints:
            st.info(hint, icon=":material/lightbulb:")
        answers = [(exercise.solution, t("the solution")), *((decoy.answer, decoy.why) for decoy in exercise.decoys)]
        rows = [{t("answer"): ", ".join(f"{k} = {number(v)}" for k, v in a.items()), t("why"): w} for a, w in answers]
        st.dataframe(rows, hide_index=True, width="stretch")


def _question(at: int, question: Question, teaches: bool) -> None:
    with st.container(border=True):
        st.markdown(f"**{at}.** {question.ask}")
        for option in question.options:
            mark = ":material/check:" if option.right and teaches else ":material/radio_button_unchecked:"
            st.markdown(f"{mark} {option.text}" + (f" · *{option.because}*" if teaches else ""))
        if teaches and question.answer is not None:
            st.markdown(f":material/key: **{question.answer:g}** ± {question.tolerance:g}")
