"""Pitfall theatre: how metrics can be made to flatter, on the same predictions."""

import streamlit as st

from app.access import viewer
from app.i18n import t
from app.snippets import show_in_python
from app.theatre import choose_stage, show_theatre
from engine.errors import LabError

SNIPPET = """
from engine.metrics.pitfalls import stage, theatre

for act in theatre(stage(truth, alarms, scores, readings)):      # your own arrays, one row per reading
    print(act.title, act.honest, "->", act.inflated, act.rows)
"""

st.title(t("Pitfall theatre"))
st.caption(t("The same predictions, scored honestly and with a trick. Which number would you put into a paper?"))
try:
    data, contender, factor = choose_stage(viewer().teaches)
    if data is None:
        st.info(t("Drop a CSV with a label column, or choose a sample."))
    else:
        show_theatre(data, contender, factor)
        show_in_python(SNIPPET)
except LabError as problem:
    st.error(str(problem))
