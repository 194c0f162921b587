"""Assignments: the list, the file with its errors by line, and the way from draft to release."""

from __future__ import annotations

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.classroom.instructor_desk import (
    ASSIGNMENT_KEY,
    choose_assignment,
    clock_text,
    kind_word,
    school,
    state_word,
    table,
    yaml_area,
)
from app.classroom.instructor_release import release_steps
from app.classroom.instructor_rules import rules_form
from app.classroom.instructor_wizard import wizard
from app.i18n import t
from app.keys_of_session import DONE_KEY, PROBLEM_KEY
from engine.classroom.quiz import split_answers
from engine.classroom.spec import load_spec, moment_us, spec_problems
from engine.errors import LabError

TEXT_KEY = "assignment_text"
STATES = ("draft", "checked", "released", "published")


def assignments_part() -> None:
    """Draw the part of the page about assignments."""
    _list()
    with st.expander(t("New assignment"), icon=":material/add:", expanded=not school().assignments.all()):
        text = wizard()
        if text is not None:
            _save(text, select=True)
    name = choose_assignment()
    if name is None:
        return
    _stages(name)
    steps, file = st.columns([1, 1], gap="large")
    with steps:
        release_steps(name)
        rules_form(name)
    with file:
        _editor(name)


def _list() -> None:
    rows = []
    for spec, state in school().assignments.all():
        handed_in = {receipt.person for receipt, _ in school().submissions.payloads(spec.id)}
        dates = {
            t("Release"): clock_text(moment_us(spec.when.release)),
            t("Closes"): clock_text(school().assignments.closing.last_us(spec.id)),
        }
        whose = {"per_student": t("one each"), "shared": t("shared"), "per_group": t("one for each section")}
        what = {
            t("Title"): spec.title,
            t("State"): state_word(state),
            t("Takes"): kind_word(spec),
            t("Data"): whose[spec.variants],
        }
        rows.append({**what, **dates, t("Handed in"): len(handed_in)})
    if rows:
        table(rows)


def _stages(name: str) -> None:
    at = STATES.index(school().assignments.state(name))
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, state in enumerate(STATES):
            icon = ":material/check_circle:" if number <= at else ":material/radio_button_unchecked:"
            st.badge(state_word(state), icon=icon, color="green" if number <= at else "gray")


def _editor(name: str) -> None:
    st.subheader(t("The file"))
    source, key = school().assignments.source(name), f"{TEXT_KEY}/{name}"
    text = yaml_area(t("Assignment file (YAML)"), source, 430, key)
    problems = spec_problems(split_answers(text)[0], f"{name}.yaml")
    for problem in problems:
        st.error(str(problem), icon=":material/error:")
    changed = text.strip() != source.strip()
    with st.container(horizontal=True):
        if st.button(t("Save"), type="primary", disabled=bool(problems) or not changed, key="assignment_save"):
            _save(text)
        st.download_button(t("Download"), text, f"{name}.yaml", "text/yaml", icon=":material/download:")
    if not changed and not problems:
        st.caption(t("Saved. Errors would be listed here with their line."))
    if school().assignments.state(name) != "draft":
        st.caption(t("Released: only dates, attempts, feedback and texts can still change."))


def _save(text: str, *, select: bool = False) -> None:
    try:
        acting_as(INSTRUCTOR)
        name, desk = load_spec(split_answers(text)[0]).id, school().assignments
        made = len(desk.variants(name))
        spec = desk.save(text)
    except LabError as problem:
        st.error(str(problem))
        return
    st.session_state[DONE_KEY] = t("{title} is saved.", title=spec.title)
    if made and not desk.variants(name):
        st.session_state[PROBLEM_KEY] = t(
            "The {n} variants were made from the file as it was before, so they are dropped. Make them again.", n=made
        )
    if select:
        st.session_state[ASSIGNMENT_KEY] = spec.id
    st.rerun()
