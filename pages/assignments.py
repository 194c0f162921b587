"""One's own assignments: the list, or one of them from data to result; and what the class knows of oneself."""

import streamlit as st

from app.classroom.student_assignment import show_assignment, show_list
from app.classroom.student_frame import PARAMETER, desk_or_stop, problem_said
from app.classroom.student_own import own_data
from app.i18n import t
from engine.errors import LabError

desk = desk_or_stop()
wanted = st.query_params.get(PARAMETER)

try:
    if wanted:
        show_assignment(desk, desk.card(wanted))
    else:
        st.title(t("My assignments"))
        cards = desk.cards()
        if not cards:
            st.info(t("Nothing is released yet. Lessons and the live plant are open at any time."))
        show_list(cards)
        own_data(desk)
except LabError as problem:
    problem_said(problem)
