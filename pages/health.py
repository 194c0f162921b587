"""Whether the lab keeps up: rates, lag, queues, drops, memory and the store."""

import streamlit as st

from app.figures import compacting, health_figures
from app.i18n import t

st.title(t("Health"))
st.caption(t("A streaming system tells how it is. These figures refresh every two seconds."))
st.fragment(run_every=2)(health_figures)()
compacting()
