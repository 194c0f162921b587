"""Instructors break machines here, repair them, and jump to the moment when a fault can be seen."""

import streamlit as st

from app.access import require_instructor
from app.controls import plant_controls, problem_box
from app.i18n import t
from app.injecting import active_faults, automatic_form, injection_form, repair_form

require_instructor()

title, controls = st.columns([2, 1], vertical_alignment="bottom")
title.title(t("Inject"))
with controls:
    plant_controls()
st.caption(t("Only instructors see this page. Students see the sensors and the alarms, never what you did."))
problem_box()

make, mend = st.columns([3, 2], gap="large")
with make:
    injection_form()
with mend:
    repair_form()
    automatic_form()

active_faults()
