"""Results of an assignment by handle, and marks by hand on any line of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.acting import STAFF
from app.classroom.instructor_desk import choose_assignment, clock_text, school, status_word, table, who
from app.controls import command
from app.i18n import t

if TYPE_CHECKING:
    from engine.classroom.grading import Result


def marks_part() -> None:
    """Draw results and the form for one of them."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    results = school().grading.results(name)
    _figures(results)
    shown, form = st.columns([3, 2], gap="large")
    with shown:
        st.caption(t("Handles only. Choose a row to mark it, hold it back or excuse the student."))
        picked = table(
            [_row(r) for r in results],
            on_select="rerun",
            selection_mode="single-row",
            key=f"results/{name}",
            height=520,
            column_config=_numbers(results),
        )
    with form:
        rows = [at for at in picked.selection.rows if at < len(results)]
        if rows:
            _one(name, results[rows[0]])
        else:
            st.info(t("No student is chosen."))
            _exam_room(name)


def _numbers(results: list[Result]) -> dict[str, Any]:
    """Return how points are shown: one decimal, for the total and for every line."""
    titles = {t("Points"), *(line.title for r in results if r.grade for line in r.grade.lines)}
    return {title: st.column_config.NumberColumn(format="%.1f") for title in titles}


def _figures(results: list[Result]) -> None:
    points = [r.points for r in results if r.points is not None]
    with st.container(horizontal=True):
        st.metric(t("Handed in"), f"{len(points)} / {len(results)}")
        st.metric(t("Mean"), f"{sum(points) / len(points):.1f}" if points else "–")
        st.metric(t("Middle"), f"{sorted(points)[len(points) // 2]:.1f}" if points else "–")
        st.metric(t("Lines to mark by hand"), sum(len(r.open_lines) for r in results))
        st.metric(t("Held back"), sum(r.status == "held" for r in results))


def _row(result: Result) -> dict[str, Any]:
    lines = {} if result.grade is None else {line.title: line.points for line in result.grade.lines}
    return {
        t("Handle"): result.person.handle,
        t("Status"): status_word(result.status),
        t("Points"): result.points,
        t("Credit (%)"): result.percent if result.submission else None,
        **lines,
        t("Attempt"): result.attempt or None,
        t("Received"): clock_text(result.received_us),
        t("Look again"): ", ".join(result.conflicts),
    }


def _one(name: str, result: Result) -> None:
    st.subheader(result.person.handle)
    if result.grade is None:
        st.info(t("Nothing was handed in."))
    for line in result.grade.lines if result.grade else ():
        _line(name, result, line)
    held, excused = result.status == "held", result.status == "excused"
    with st.container(horizontal=True):
        if st.button(t("Let it go") if held else t("Hold back"), icon=":material/front_hand:", key="hold_go"):
            command(school().grading.hold, name, result.person.person, not held, who(), by=STAFF)
            st.rerun()
        if st.button(t("No longer excused") if excused else t("Excuse"), icon=":material/event_busy:", key="excuse_go"):
            command(school().grading.excuse, name, result.person.person, not excused, who(), by=STAFF)
            st.rerun()
    said = [mark for mark in result.marks if mark.comment]
    if said:
        table([{t("Line"): m.line, t("Comment"): m.comment, t("By"): m.grader} for m in said])


def _line(name: str, result: Result, line: Any) -> None:
    by_hand = next((mark for mark in result.marks if mark.line == line.id), None)
    with st.container(border=True):
        words, form = st.columns([3, 2], vertical_alignment="center")
        shown = "–" if line.points is None else f"{line.points:g}"
        words.markdown(f"**{line.title}** {shown} / {line.out_of:g}")
        words.caption(
            t("by hand, {who}", who=by_hand.grader) if by_hand else line.formula or t("a person marks this line")
        )
        if line.id in result.conflicts:
            words.warning(t("The automatic part has changed under this mark."))
        with form.popover(t("Mark"), width="stretch"):
            key = f"{result.submission}/{line.id}"
            points = st.number_input(
                t("Points"), 0.0, float(line.out_of), float(line.points or 0), 0.5, key=f"points/{key}"
            )
            comment = st.text_input(t("Comment for the student"), key=f"said/{key}")
            if st.button(t("Give"), type="primary", key=f"give/{key}"):
                command(
                    school().mark, name, result.submission, line.id, points, who(), comment, by=STAFF, done=t("Marked.")
                )
                st.rerun()
            if by_hand and st.button(t("Back to the automatic points"), key=f"auto/{key}"):
                command(
                    school().mark,
                    name,
                    result.submission,
                    line.id,
                    None,
                    who(),
                    by=STAFF,
                    done=t("The mark is taken back."),
                )
                st.rerun()


@st.fragment(run_every=5)
def _exam_room(name: str) -> None:
    """Draw who has saved and handed in, for a proctor; it renews itself."""
    with st.expander(t("Exam room: who has saved, who has handed in"), icon=":material/groups:"):
        rows = school().room(name)
        handed_in = sum(row["attempts"] > 0 for row in rows)
        st.caption(
            t(
                "{n} of {of} have handed in; server time {time}.",
                n=handed_in,
                of=len(rows),
                time=clock_text(school().now_us()),
            )
        )
        table(
            [
                {
                    t("Handle"): r["handle"],
                    t("Saved"): clock_text(r["saved_us"]),
                    t("Attempts"): r["attempts"],
                    t("Last receipt"): clock_text(r["received_us"]),
                }
                for r in rows
            ],
            height=260,
        )
