"""Regrading: the dry run first, then all of it or never lower; and who may see the results."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import OKABE_ITO
from app.classroom.instructor_desk import choose_assignment, clock_text, school, table, who
from app.controls import command
from app.i18n import t
from app.keys_of_session import DONE_KEY

if TYPE_CHECKING:
    from engine.classroom.regrade import Regrade


def publish_part() -> None:
    """Draw the dry run of publishing now, and the release of what was published."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    regrade, release = st.columns([3, 2], gap="large")
    with regrade:
        st.subheader(t("1. Publish, with a dry run"))
        note = st.text_input(t("Note for the students, such as: event 7 is ambiguous now"), key=f"note/{name}")
        dry = school().regrades.dry_run(name, note=note)
        effect(dry, f"dry/{name}")
        never = st.toggle(t("Never lower: nobody loses points by this"), key="never_lower")
        changed = sum(c.after is not None and (c.before is None or abs(c.delta) > 1e-9) for c in dry.changes)
        if st.button(t("Publish {n} results", n=changed), type="primary", icon=":material/publish:", key="publish_go"):
            count = command(school().regrades.publish, dry, never_lower=never, who=who())
            if count is not None:
                st.session_state[DONE_KEY] = t(
                    "{n} results are published. Students see them once they are released.", n=count
                )
            st.rerun()
    with release:
        _release(name)


def against_now(dry: Regrade, now: Regrade) -> Regrade:
    """Return a dry run whose old points are the results as they are now, where nothing was published yet."""
    points = {c.person: c.after for c in now.changes}
    changes = (replace(c, before=points.get(c.person), why="") if c.before is None else c for c in dry.changes)
    return replace(dry, changes=tuple(changes))


def effect(dry: Regrade, key: str) -> None:
    """Draw a dry run: one sentence, the histogram of changes, the table."""
    firsts = sum(c.before is None and c.after is not None for c in dry.changes)
    moved = [c for c in dry.changes if c.before is not None and abs(c.delta) > 1e-9]
    up, down = sum(c.delta > 0 for c in moved), sum(c.delta < 0 for c in moved)
    if firsts:
        st.markdown(t("**{n}** students get their first result.", n=firsts))
    if moved or not firsts:
        st.markdown(t("**{moved}** results change: {up} up, {down} down.", moved=len(moved), up=up, down=down))
    values = [c.delta for c in moved] or [c.after for c in dry.changes if c.after is not None]
    title = t("change in points") if moved else t("points that would be published")
    if values:
        st.plotly_chart(_histogram(values, title), key=f"{key}/histogram", config={"displayModeBar": False})
    rows = [
        {
            t("Handle"): c.handle,
            t("Old"): c.before,
            t("New"): c.after,
            t("Change"): round(c.delta, 2) if c.before is not None else None,
            t("Why"): c.why,
        }
        for c in sorted(dry.changes, key=lambda c: (c.before is None, -abs(c.delta), c.handle))
    ]
    points = st.column_config.NumberColumn(format="%.1f")
    table(rows, height=260, key=f"{key}/table", column_config={t("Old"): points, t("New"): points, t("Change"): points})


def _histogram(values: list[float], title: str) -> Any:
    import plotly.graph_objects as go

    figure = go.Figure(go.Histogram(x=values, xbins={"size": 5}, marker_color=OKABE_ITO[0]))
    figure.update_layout(height=180, margin={"l": 40, "r": 8, "t": 8, "b": 34}, bargap=0.06)
    figure.update_xaxes(title=title)
    figure.update_yaxes(title=t("students"))
    return figure


def _release(name: str) -> None:
    st.subheader(t("2. Let students see them"))
    people = school().people.students()
    if school().assignments.state(name) != "published":
        st.info(t("Publish first; then release to all, to a section or to one student."))
        return
    scopes = {"all": t("everybody")}
    scopes |= {
        f"section:{one}": t("section {name}", name=one) for one in sorted({p.section for p in people if p.section})
    }
    scopes |= {f"person:{p.person}": p.handle for p in people}
    scope = st.selectbox(t("To whom"), list(scopes), format_func=scopes.get, key="release_scope")
    end_open = _ending(name, scope)
    if st.button(t("Release the results"), type="primary", icon=":material/visibility:", key="results_go"):
        done = t("Released to {who}.", who=scopes[scope])
        command(school().regrades.release, name, scope, who(), end_open=end_open, done=done)
        st.rerun()
    results = school().grading.results(name)
    seen = sum(school().regrades.is_released(name, result) for result in results)
    held = [r.person.handle for r in results if r.status == "held"]
    st.metric(t("Students who can see their result"), f"{seen} / {len(results)}")
    if held:
        st.warning(t("Held back: {handles}", handles=", ".join(held)))


def _ending(name: str, scope: str) -> bool:
    """Say until when somebody may still hand in; return whether those attempts are to be ended now."""
    closing = school().assignments.closing
    waiting = closing.still_open(name, school().grading.in_scope(scope))
    if not waiting:
        return False
    until = clock_text(max(waiting.values()))
    st.warning(
        t(
            "Somebody may still hand in with credit until {time} on {n} variants. Results tell the truth: release them "
            "after that, or end the open attempts.",
            time=until,
            n=len(waiting),
        )
    )
    return st.checkbox(t("End the attempts that are still open, for good"), key="end_open")
