"""In front of the room: a round with a sealed fault, or a question with vote, talk and second vote."""

import streamlit as st

from app.access import require_instructor
from app.classroom.instructor_desk import choose_part
from app.classroom.instructor_question import question_part
from app.classroom.instructor_round import round_part
from app.controls import problem_box
from app.i18n import t
from engine.errors import LabError

require_instructor()

st.title(t("Conductor"))
st.caption(t("Nothing on this page tells the fault, the answer or a name before you reveal it: it may be projected."))
problem_box()
try:
    choose_part({"round": (t("Find the fault"), round_part), "question": (t("Question"), question_part)})()
except LabError as problem:
    st.error(str(problem))
