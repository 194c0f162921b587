"""The audit log of the class: who did what and when, and the proof that no entry was changed."""

import streamlit as st

from app.access import require_instructor
from app.classroom.instructor_audit import chain, entries
from app.controls import problem_box
from app.i18n import t

require_instructor()

st.title(t("Audit"))
st.caption(
    t("Every entry holds the hash of the one before it. Seeds, pass phrases and answers are never written here.")
)
problem_box()
chain()
entries()
