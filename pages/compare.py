"""Compare: several detectors on the same readings, side by side, with metrics and costs."""

import streamlit as st

from app.access import viewer
from app.compare.choosing import FILE, choose_contenders, choose_data, workers_chosen
from app.compare.code import comparison_code
from app.compare.live import show_live
from app.compare.results import show_result
from app.compare.working import work_of
from app.i18n import t
from app.jobs import Job, show_progress
from app.snippets import show_in_python
from engine.errors import LabError

JOB, BATCH, LIVE = "compare-job", "batch", "live"
teaches = viewer().teaches

title, mode_column = st.columns([3, 2], vertical_alignment="bottom")
title.title(t("Compare detectors"))
words = {BATCH: t("On a stretch"), LIVE: t("Live")}
with mode_column:
    mode = st.segmented_control(
        t("Mode"), list(words), default=BATCH, format_func=words.__getitem__, key="compare-mode", required=True,
        label_visibility="collapsed",
    )  # fmt: skip

try:
    data = None if mode == LIVE else choose_data(teaches)
    contenders, button = choose_contenders()
    if mode == LIVE:
        show_live(contenders, teaches)
        st.stop()
    if button.button(
        t("Score {n} detectors", n=len(contenders)), type="primary", icon=":material/play_arrow:", key="compare-go",
        disabled=data is None or not contenders, width="stretch",
    ):  # fmt: skip
        work = work_of(data, contenders, teaches, workers_chosen())
        st.session_state[JOB] = Job(work).start()
    job = st.session_state.get(JOB)
    if job is None:
        st.info(t("Choose data and detectors, then press Score. Eight detectors on a day of data take some seconds."))
    elif job.running:
        show_progress(job, "compare")
    elif job.problem is not None:
        st.error(str(job.problem))
    elif job.outcome is not None and not (job.outcome.data.source == FILE and data is None):
        show_result(job.outcome)
    if data is not None and contenders:
        show_in_python(comparison_code(data, contenders, teaches))
except LabError as problem:
    st.error(str(problem))
