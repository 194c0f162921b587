"""The proof of a draft: every answer on fresh seeds, with progress, and the table of who passed where."""

from __future__ import annotations

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.i18n import t
from app.jobs import Job, show_progress
from lessons.proofs import SeedRow, fingerprint, is_proven, keep_table, seed_table
from lessons.reader import Lesson
from lessons.verdict import DECOY_SHARE, PROOF_SEEDS, SOLUTION_SHARE

YES, NO = "●", "○"


def show_proof(lesson: Lesson | None) -> None:
    """Offer the proof and show its table."""
    if lesson is None:
        st.info(t("A lesson with mistakes cannot be proven."))
        return
    key = f"author-proof-{lesson.folder.name}"
    if is_proven(lesson):
        st.success(t("Proven: it may be used for a grade."), icon=":material/verified:")
    else:
        st.warning(t("Not proven as it stands: it cannot be used for a grade."), icon=":material/warning:")
    st.caption(
        t("Over {n} fresh seeds the solution must pass on 95 % or more, each decoy on 5 % or less.", n=PROOF_SEEDS)
    )
    if st.button(t("Prove"), type="primary", icon=":material/play_arrow:", key="author-prove"):
        acting_as(INSTRUCTOR)
        st.session_state[key] = Job(lambda progress, cancelled: _table(lesson, progress, cancelled)).start()
    job: Job | None = st.session_state.get(key)
    if job is None:
        return
    if job.running:
        show_progress(job, key)
    elif job.problem is not None:
        st.error(str(job.problem))
    elif job.outcome and job.outcome[0] == fingerprint(lesson):
        _show(job.outcome[1])


def _table(lesson: Lesson, progress: object, cancelled: object) -> tuple[str, list[SeedRow]]:
    rows = seed_table(lesson, PROOF_SEEDS, progress, cancelled)  # type: ignore[arg-type]
    if rows:
        keep_table(lesson, rows)
    return fingerprint(lesson), rows


def _show(rows: list[SeedRow]) -> None:
    if not rows:
        st.info(t("Cancelled; nothing was kept."))
        return
    shown = []
    for row in rows:
        holds = row.share >= SOLUTION_SHARE if row.should_pass else row.share <= DECOY_SHARE
        line = {
            t("exercise"): row.exercise, t("answer"): row.answer,
            t("must"): t("pass") if row.should_pass else t("fail"), t("passed"): f"{row.share:.0%}",
            t("holds"): t("yes") if holds else t("no"),
        }  # fmt: skip
        shown.append(line | {str(at): YES if passed else NO for at, passed in enumerate(row.passed, start=1)})
    st.dataframe(shown, hide_index=True, width="stretch")
    st.caption(t("One column per seed: {yes} passed, {no} did not.", yes=YES, no=NO))
