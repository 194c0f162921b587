"""The first page: what this is, the plant alive, and where to go."""

import streamlit as st

from app.access import Viewer, viewer
from app.classroom.student_home import yours
from app.controls import problem_box
from app.i18n import t
from app.keys_of_session import MENU_KEY
from app.lab import lab
from app.live_chart import live_chart
from app.plant_choice import plant_choice

who, spec = viewer(), lab().spec
KEY = "home-live"

st.title(t("FaultLab: a plant that breaks, and detectors that should notice"))
st.markdown(
    t(
        "A simulated plant runs here, all the time. Machines wear, loads change, sensors drift, and now and then "
        "something breaks. Detectors watch the readings and raise alarms: some in time, some late, some for nothing. "
        "You learn to tell which is which."
    )
)

problem_box()
yours()
STUDENT_STEPS = (
    (
        "live",
        t("Watch the plant"),
        t("Every machine, all its sensors, and what the detectors say, ten times a second."),
    ),
    ("lessons", t("Take a lesson"), t("Predict, try, name it: short lessons on this very plant.")),
    ("upload", t("Score your own data"), t("Drop a CSV of sensor readings and let the detectors look at it.")),
    ("health", t("Look inside"), t("Rates, queues and the store: what a streaming system is made of.")),
)
INSTRUCTOR_STEPS = (
    ("live", t("Show the plant"), t("Put the live page on the projector; projector mode is above each page.")),
    ("inject", t("Break a machine"), t("Choose a machine and a fault; the class sees only what the sensors show.")),
    ("health", t("Check the lab"), t("Rates, queues and the store, before the class comes in.")),
)
there = {page.url_path or "home": page for pages in st.session_state[MENU_KEY].values() for page in pages}
steps = [step for step in (INSTRUCTOR_STEPS if who.teaches else STUDENT_STEPS) if step[0] in there][:3]
for number, (column, (name, title, text)) in enumerate(zip(st.columns(3), steps, strict=False), 1):
    with column.container(border=True, height="stretch", gap="small"):
        look = {"type": "primary" if number == 1 else "secondary", "width": "stretch", "icon": there[name].icon}
        if st.button(f"{number} · {title}", key=f"step-{name}", **look):
            st.switch_page(there[name])
        st.caption(text)

counts = t("{m} machines with {s} sensors each", m=len(spec.machines), s=len(spec.sensors))
st.markdown(f"##### {t('Now')}: {spec.title} · {counts}")
chosen = st.session_state.get(KEY) or {}
live_chart(key=KEY, machine=chosen.get("machine") or "", stage=lab().stage.number, brief=True)
if who.teaches:
    plant_choice()

if who == Viewer():
    st.caption(t("Instructors sign in with the pass phrase that the terminal showed at the first start."))
