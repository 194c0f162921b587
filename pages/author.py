"""Author: instructors write, check, preview and prove lessons of their own."""

import streamlit as st

from app.access import require_instructor
from app.i18n import t
from app.lessons.author import choose_draft, edit, tools
from app.lessons.author_preview import show_preview
from app.lessons.author_proof import show_proof
from engine.errors import LabError

require_instructor()
st.title(t("Author"))
try:
    folder = choose_draft()
    if folder is None:
        st.info(
            t("Begin with the template, a copy of a lesson, or a zip. A lesson is three text files; nothing is run.")
        )
    else:
        tools(folder)
        writing, preview, proof = st.tabs([t("Write"), t("Preview"), t("Prove")])
        with writing:
            lesson = edit(folder)
        with preview:
            show_preview(lesson)
        with proof:
            show_proof(lesson)
except LabError as problem:
    st.error(str(problem))
