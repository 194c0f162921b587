"""Boards as the instructor sees them, with the leak meter; and a student's own page, as the student sees it now."""

from __future__ import annotations

import base64

import streamlit as st

from app.classroom.boards import show_what_it_says, what_counts
from app.classroom.instructor_desk import choose_assignment, clock_text, school, table
from app.i18n import t
from engine.classroom.boards import exact_bits


def boards_part() -> None:
    """Draw the board of an assignment."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    spec = school().assignments.get(name)
    if spec.board is None:
        st.info(t("This assignment has no board; add `board: {{show: own}}` to its file to have one."))
        return
    shown = {
        "nobody": t("nobody"),
        "own": t("students see their own line and the baselines"),
        "handles": t("all handles"),
    }
    st.markdown(
        t(
            "Shown to students: **{who}** · Ladder rule, step {step}",
            who=shown[spec.board.show],
            step=f"{spec.board.step:g}",
        )
    )
    st.caption(what_counts(spec.split is not None))
    show_what_it_says(school().boards.says(name))
    _leak(name, spec.attempts.total or 35)
    rows = [
        {
            t("Place"): at,
            t("Handle"): line.handle,
            t("Shown"): line.shown,
            t("Attempts"): line.attempts or None,
            t("Reached"): clock_text(line.reached_us),
            t("Kind"): t("baseline") if line.baseline else t("student"),
        }
        for at, line in enumerate(school().boards.board(name), start=1)
    ]
    bar = st.column_config.ProgressColumn(t("Shown"), min_value=0.0, max_value=1.0, format="percent")
    table(rows, column_config={t("Shown"): bar})


def _leak(name: str, attempts: int) -> None:
    leak = school().boards.leak(name)
    with st.container(horizontal=True):
        st.metric(t("A student can read off"), t("{n} bits", n=f"{leak.student_bits:.0f}"))
        st.metric(t("The class together"), t("{n} bits", n=f"{leak.class_bits:.0f}"))
        st.metric(t("The truth holds"), t("{n} bits", n=f"{leak.truth_bits:.0f}"))
        st.metric(t("Exact scores would give"), t("{n} bits", n=f"{exact_bits(3, attempts):.0f}"))
    share = f"{100 * leak.share:.0f}"
    if leak.green:
        st.success(t("Leak meter: {share} % of the truth at most. Under half is fine.", share=share))
    else:
        st.warning(
            t("Leak meter: {share} % of the truth. Take a larger step, fewer attempts or a variant each.", share=share)
        )


def preview_part() -> None:
    """Draw what one student sees of one assignment at this moment."""
    name = choose_assignment(("released", "published"))
    people = school().people.students()
    if name is None or not people:
        return
    handles = {p.person: p.handle for p in people}
    person = st.selectbox(t("Student"), list(handles), format_func=handles.get, key="preview_student", width=460)
    level = school().feedback.level(name, school().grading.result(name, person))
    words = {
        "nothing": t("nothing"),
        "score_only": t("the score only"),
        "counts": t("counts"),
        "timeline": t("the timeline"),
        "full": t("everything"),
    }
    st.info(
        t("STUDENT VIEW. At this moment {handle} sees: {level}.", handle=handles[person], level=words[level]),
        icon=":material/visibility:",
    )
    page = base64.b64encode(school().feedback.page(name, person, preview=True).encode()).decode()
    st.iframe(
        f"data:text/html;charset=utf-8;base64,{page}", height=900
    )  # an origin of its own: nothing in it reaches us
