"""X-ray: the inside of one detector at one moment."""

import streamlit as st

from app.compare.choosing import SCENARIO
from app.compare.xray_view import choose, show_running, show_scenario
from app.i18n import t
from engine.errors import LabError

st.title(t("X-ray"))
try:
    contender, source = choose()
    if source == SCENARIO:
        show_scenario(contender)
    else:
        show_running(contender)
except LabError as problem:
    st.error(str(problem))
