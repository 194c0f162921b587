"""Labelling: mark what is wrong, from when to when, on a week of readings that stays smooth."""

import streamlit as st

from app.classroom.labelling import labelling
from app.classroom.student_brief import begun, show_path
from app.classroom.student_frame import PARAMETER, choose_card, desk_or_stop, problem_said, with_data
from app.classroom.watching import watching
from app.i18n import t
from engine.errors import LabError

desk = desk_or_stop()
title, choice = st.columns([3, 2], vertical_alignment="bottom")
title.title(t("Label"))

try:
    with choice:
        card = choose_card(desk, lambda one: one.spec.submit in ("labels", "alarms") and one.phase != "before")
    if card is None and PARAMETER in st.query_params:
        st.info(t("This assignment has nothing to label now; choose another one, or look under My assignments."))
    elif card is None:
        st.info(t("No assignment to label is open. Your assignments are listed under My assignments."))
    elif with_data(desk, card.spec.id) and begun(desk, card):
        show_path(desk, card)
        (watching if card.spec.future_hidden else labelling)(desk, card)
except LabError as problem:
    problem_said(problem)
