"""Upload: drop any table of readings, see what was understood, correct it, score it."""

import streamlit as st

from app.i18n import t
from app.upload_results import score_with_progress, show_results
from app.upload_view import choose_columns, problems_of, show_problems, take_file
from engine.errors import LabError

st.title(t("Upload"))
st.caption(t("Drop any table of sensor readings: it is recognised, its problems are listed, and detectors score it."))

profile = take_file()
if profile is None:
    st.stop()
try:
    choices = choose_columns(profile)
    show_problems(problems_of(profile, choices))
    outcome = score_with_progress(profile, choices)
    if outcome is not None:
        show_results(profile, choices, *outcome)
except LabError as problem:
    st.error(str(problem))
