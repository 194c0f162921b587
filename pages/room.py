"""The room for everybody: raise the alarm in a round, vote on a question."""

import streamlit as st

from app.classroom.room_form import room_now
from app.i18n import t

st.title(t("Room"))
room_now()
