"""Exercises: an answer is checked on freshly seeded plants; hints come step by step, the solution after three tries."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t
from app.jobs import Job, show_progress
from app.lessons.metric_words import condition_words, meaning, metric_name, number, shown
from app.lessons.progress import done, keep
from engine.errors import LabError
from engine.seeds import new_seed
from lessons.proofs import is_proven
from lessons.reader import Lesson, checked_answer
from lessons.spec import Answer, Exercise
from lessons.verdict import CANNOT_CHECK, NOT_TRIED, NOT_YET, PASSED, Verdict, check_answer

TRIES_BEFORE_SOLUTION = 3
MOST_TRIES_KEPT = 200
ICONS = {NOT_TRIED: ":material/radio_button_unchecked:", NOT_YET: ":material/change_circle:",
         PASSED: ":material/check_circle:", CANNOT_CHECK: ":material/error:"}  # fmt: skip


def show_exercise(lesson: Lesson, name: str) -> None:
    """Show one exercise with its verdict so far."""
    exercise = lesson.lab.exercises[name]
    kept = done(lesson).get(f"exercise.{name}", {"word": NOT_TRIED, "tries": 0})
    with st.container(border=True, key=f"exercise-{lesson.id}-{name}"):
        st.markdown(f"**:material/fitness_center: {t('Exercise')}** {exercise.prompt}")
        if not is_proven(lesson):
            st.badge(t("not proven: cannot be used for a grade"), color="orange", icon=":material/warning:")
        given = _answer(lesson, name, exercise)
        job_key = f"job-{lesson.id}-{name}"
        if st.button(t("Check on fresh plants"), key=f"check-{lesson.id}-{name}", type="primary"):
            _start(exercise, given, job_key)
        _follow(lesson, name, exercise, job_key, kept)
        kept = done(lesson).get(f"exercise.{name}", kept)
        _verdict(kept)
        _hints(lesson, name, exercise, kept)


def _answer(lesson: Lesson, name: str, exercise: Exercise) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for column, (field, rule) in zip(st.columns(len(exercise.answer)), exercise.answer.items(), strict=True):
        with column:
            given[field] = _field(lesson, field, rule, f"answer-{lesson.id}-{name}-{field}")
    return given


def _field(lesson: Lesson, field: str, rule: Answer, key: str) -> Any:
    label = rule.label or field
    if rule.kind == "choice":
        return st.selectbox(label, rule.options, index=None, key=key, format_func=lesson.option)
    low, high = rule.min or 0.0, rule.max or 0.0
    if rule.kind == "integer":
        return st.number_input(label, int(low), int(high), None, 1, key=key)
    return st.number_input(label, float(low), float(high), None, key=key, format="%g")


def _start(exercise: Exercise, given: dict[str, Any], job_key: str) -> None:
    try:
        checked_answer(exercise, given)
    except LabError as problem:
        st.warning(str(problem))
        return
    seed = new_seed()
    st.session_state[f"{job_key}-try"] = {"answer": given, "seed": seed}
    st.session_state[job_key] = Job(lambda progress, cancelled: check_answer(exercise, given, seed, progress)).start()


def _follow(lesson: Lesson, name: str, exercise: Exercise, job_key: str, kept: dict[str, Any]) -> None:
    job: Job | None = st.session_state.get(job_key)
    if job is None:
        return
    if job.running:
        show_progress(job, job_key)
        return
    del st.session_state[job_key]
    verdict: Verdict | None = job.outcome
    if verdict is None:
        st.error(str(job.problem))
        return
    tries = kept["tries"] + (verdict.word != CANNOT_CHECK)
    word = PASSED if PASSED in (verdict.word, kept["word"]) else verdict.word
    read = bool(kept.get("solution_read")) and kept["word"] != PASSED
    conditions = [[c.text, c.value, c.holds] for c in verdict.conditions]
    this = st.session_state.pop(f"{job_key}-try", {})  # the seed is told only now that the try is over
    log = [*kept.get("log", []), entry_of(this, verdict.word, conditions, read)][-MOST_TRIES_KEPT:]
    keep(lesson, f"exercise.{name}", {
        **kept, "word": word, "last": verdict.word, "tries": tries, "conditions": conditions,
        "reason": verdict.reason, "log": log,
    })  # fmt: skip
    st.rerun()


def entry_of(this: dict[str, Any], word: str, conditions: list[list[Any]], read: bool) -> dict[str, Any]:
    """Return a try as it is kept; `read` says that the solution had been read before it."""
    return {**this, "word": word, "conditions": conditions, **({"after_solution": True} if read else {})}


def passed_after_solution(kept: dict[str, Any]) -> bool:
    """Return whether the exercise was passed only after its solution had been read."""
    passed = [one for one in kept.get("log", []) if one["word"] == PASSED]
    return bool(passed) and bool(passed[0].get("after_solution"))


def _verdict(kept: dict[str, Any]) -> None:
    word = kept.get("last", kept["word"])
    words = {NOT_TRIED: t("Not tried"), NOT_YET: t("Not yet"), PASSED: t("Passed"), CANNOT_CHECK: t("Cannot check")}
    st.markdown(f"{ICONS[word]} **{words[word]}** · {t('Tries: {n}', n=kept['tries'])}")
    if passed_after_solution(kept):
        st.caption(t("Passed after the solution had been read."))
    if word == CANNOT_CHECK:
        st.error(t("This is our fault, not yours: {reason}", reason=kept.get("reason", "")))
    judged = [(text, text.split()[0], value, holds) for text, value, holds in kept.get("conditions", [])]
    rows = [
        {t("promise"): condition_words(text), t("median over the plants"): shown(metric, value),
         t("kept"): t("yes") if holds else t("no")}
        for text, metric, value, holds in judged
    ]  # fmt: skip
    if rows:
        st.dataframe(rows, hide_index=True, width="stretch")
        st.caption("; ".join(f"{metric_name(metric)}: {meaning(metric)}" for _, metric, _, _ in judged))


def _hints(lesson: Lesson, name: str, exercise: Exercise, kept: dict[str, Any]) -> None:
    shown_key = f"hints-{lesson.id}-{name}"
    shown = st.session_state.setdefault(shown_key, 0)
    if shown < len(exercise.hints) and st.button(
        t("A hint"), key=f"hint-{lesson.id}-{name}", icon=":material/lightbulb:"
    ):
        shown = st.session_state[shown_key] = shown + 1
    for hint in exercise.hints[:shown]:
        st.info(hint, icon=":material/lightbulb:")
    if kept["word"] == PASSED or kept.get("solution_read"):
        with st.expander(t("One solution, and why the tempting ones fail"), expanded=kept["word"] != PASSED):
            st.markdown(_in_words(lesson, exercise, exercise.solution, "**"))
            for decoy in exercise.decoys:
                st.markdown(f"- {_in_words(lesson, exercise, decoy.answer)}: {decoy.why}")
    elif kept["tries"] >= TRIES_BEFORE_SOLUTION:
        st.button(
            t("Show a solution"), key=f"solution-{lesson.id}-{name}", on_click=_read_solution, args=(lesson, name),
            help=t("A pass after this is marked as such in your lab notebook."),
        )  # fmt: skip


def _read_solution(lesson: Lesson, name: str) -> None:
    """Keep that the solution was asked for; what is passed from here on is marked."""
    kept = done(lesson)[f"exercise.{name}"]
    keep(lesson, f"exercise.{name}", {**kept, "solution_read": True})


def _in_words(lesson: Lesson, exercise: Exercise, answer: dict[str, Any], stars: str = "") -> str:
    """Return an answer as its fields are labelled."""
    fields = exercise.answer
    return ", ".join(
        f"{fields[name].label or name} = {stars}{number(lesson.option(value))}{stars}" for name, value in answer.items()
    )
