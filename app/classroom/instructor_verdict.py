"""What a grader says about one item: a verdict on the truth with its effect shown first, or points for a line.

Every button names its item in its key, so that a press reaches what was on the screen, never the next item unseen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.acting import STAFF
from app.classroom.instructor_desk import school, who
from app.classroom.instructor_publish import against_now, effect
from app.controls import command
from app.i18n import t
from app.keys_of_session import DONE_KEY

if TYPE_CHECKING:
    from engine.classroom.review import Item

LAST = "queue_last"
COMMENTS = "grader_comments"
SHARES = (0.0, 1 / 3, 2 / 3, 1.0)  # of a line's points, on the keys 1 to 4


def verdict_form(name: str, item: Item) -> None:
    """Draw the four verdicts; the effect on the class is shown before anything is changed."""
    words = {
        "right": (t("The truth is right"), t("Nothing changes.")),
        "wrong": (t("The truth is wrong"), t("Events here are taken out.")),
        "ambiguous": (t("Ambiguous"), t("The stretch no longer counts for anybody.")),
        "new event": (t("A new event"), t("The stretch becomes an event.")),
    }
    key = f"verdict/{item.item}"
    columns = st.columns(4)
    for at, (verdict, (title, hint)) in enumerate(words.items()):
        kind = "primary" if st.session_state.get(key) == verdict else "secondary"
        if columns[at].button(
            title, shortcut=str(at + 1), help=hint, type=kind, width="stretch", key=f"verdict-{at}/{item.item}"
        ):
            st.session_state[key] = verdict
            st.rerun()
    chosen = st.session_state.get(key)
    if chosen is not None:
        _confirm(name, item, chosen)


def _confirm(name: str, item: Item, verdict: str) -> None:
    fault = ""
    if verdict == "new event":
        faults = sorted({f for key in school().assignments.keys(name).values() for f, _ in key.families})
        fault = st.selectbox(t("Which fault"), faults, key=f"fault/{item.item}")
    if verdict != "right":
        with st.expander(t("What this would change (nothing is changed yet)"), expanded=True):
            dry = against_now(school().preview_truth(name, item, verdict, fault), school().regrades.dry_run(name))
            effect(dry, f"preview/{item.item}/{verdict}")
    usual = {
        "right": t("looked at; the truth stands"),
        "wrong": t("there is no fault here"),
        "ambiguous": t("experts would disagree"),
        "new event": t("the class found a fault that was not in the truth"),
    }
    reason = st.text_input(
        t("Why (students and the audit log will show it)"), usual[verdict], key=f"why/{item.item}/{verdict}"
    )
    if st.button(
        t("Decide"), type="primary", icon=":material/gavel:", disabled=not reason.strip(), key=f"decide/{item.item}"
    ):
        _decide(name, item, verdict, reason, fault)
        st.rerun()


def remember(item: Item) -> None:
    """Keep what was decided last, so that it can be taken back."""
    st.session_state[LAST] = item.item


def _decide(name: str, item: Item, verdict: str, reason: str, fault: str) -> None:
    version = command(school().correct_truth, name, item, verdict, reason, who(), fault, by=STAFF)
    if version is None:
        return
    if item.kind == "dispute":
        command(school().review.answer_dispute, name, item.item.removeprefix("dispute:"), reason, who(), by=STAFF)
    if verdict == "right":
        remember(item)  # a change of the truth is not undone by a key; the next version is made instead
    st.session_state[DONE_KEY] = t("Decided. The truth of this variant is version {n}.", n=version)


def mark_form(name: str, item: Item) -> None:
    """Draw points and a comment for one rubric line; keys 1 to 4 give nothing, a third, two thirds, all."""
    result = next((r for r in school().grading.results(name) if r.submission == item.submission), None)
    line = next((x for x in (result.grade.lines if result and result.grade else ()) if x.id == item.line), None)
    if line is None:
        st.info(t("There is a newer submission of this student; this one no longer counts."))
        return
    _what_was_written(name, item)
    said: list[str] = st.session_state.setdefault(COMMENTS, [])
    comment = st.selectbox(
        t("Comment (earlier ones can be used again)"), said, None, accept_new_options=True, key=f"comment/{item.item}"
    )
    columns = st.columns(4)
    for at, share in enumerate(SHARES):
        points = round(line.out_of * share, 1)
        title = t("{points} of {out_of}", points=f"{points:g}", out_of=f"{line.out_of:g}")
        if columns[at].button(title, shortcut=str(at + 1), width="stretch", key=f"points-{at}/{item.item}"):
            _give(name, item, points, comment or "")
            st.rerun()
    with st.popover(t("Other points")):
        points = st.number_input(
            t("Points"), 0.0, float(line.out_of), float(line.points or 0), 0.5, key=f"other/{item.item}"
        )
        if st.button(t("Give"), key=f"points_go/{item.item}"):
            _give(name, item, points, comment or "")
            st.rerun()


def _what_was_written(name: str, item: Item) -> None:
    """Show the report, or the sentence to each interval."""
    work = next((w for r, w in school().submissions.payloads(name) if r.submission == item.submission), None)
    if work is None:
        return
    if work.text:
        with st.container(border=True, height=260):
            st.text(work.text)
        return
    notes = [
        {t("Machine"): m.machine, t("Fault"): m.fault, t("Note"): m.note, t("Sensors"): ", ".join(m.sensors)}
        for m in work.marks
    ]
    st.dataframe(notes, hide_index=True, width="stretch", height=min(250, 38 + 35 * max(1, len(notes))))


def _give(name: str, item: Item, points: float, comment: str) -> None:
    said: list[str] = st.session_state[COMMENTS]
    if comment and comment not in said:
        said.insert(0, comment)
    command(school().mark, name, item.submission, item.line, points, who(), comment, by=STAFF)
    command(school().review.decide, name, item.item, f"{points:g} points", comment, who(), by=STAFF)
    remember(item)


def release_held(name: str, item: Item) -> None:
    """Draw what can be done about a result that is held back."""
    person = next((p for p in school().people.students() if p.handle == item.handle), None)
    st.markdown(t("This result is graded and not released. The student sees nothing of it."))
    if person is not None and st.button(
        t("Let it go"), shortcut="1", icon=":material/lock_open:", key=f"held/{item.item}"
    ):
        command(
            school().grading.hold, name, person.person, False, who(), by=STAFF, done=t("The result is no longer held.")
        )
        st.rerun()
