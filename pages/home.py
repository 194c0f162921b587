"""The first page: what this is and where to go."""

import streamlit as st

from app.access import viewer
from app.controls import problem_box
from app.i18n import t
from app.keys_of_session import MENU_KEY
from app.lab import lab
from app.plant_choice import plant_choice

who = viewer()
spec = lab().spec

st.title("FaultLab")
st.markdown(
    t(
        "A simulated plant runs here, all the time. Machines wear, loads change, sensors drift, and now and then "
        "something breaks. Detectors watch the readings and raise alarms: some in time, some late, some for nothing. "
        "You learn to tell which is which."
    )
)

plant, machines, sensors, detectors = st.columns([2, 1, 1, 1])
plant.metric(t("Plant"), spec.title, border=True)
machines.metric(t("Machines"), len(spec.machines), border=True)
sensors.metric(t("Sensors each"), len(spec.sensors), border=True)
detectors.metric(t("Detectors watching"), len(lab().runner.detectors), border=True)

if who.teaches:
    plant_choice()
problem_box()

st.subheader(t("Three next steps"))
STUDENT_STEPS = (
    ("live", t("Watch the plant"), t("See every machine, its sensors and what the detectors say, ten times a second.")),
    ("lessons", t("Take a lesson"), t("Predict, try, name it: short lessons on this very plant.")),
    ("upload", t("Score your own data"), t("Drop a CSV of sensor readings and let the detectors look at it.")),
    ("health", t("Look inside"), t("Rates, queues and the store: what a streaming system is made of.")),
)
INSTRUCTOR_STEPS = (
    ("live", t("Show the plant"), t("Put the live page on the projector; projector mode is in the side bar.")),
    ("inject", t("Break a machine"), t("Choose a machine and a fault; the class sees only what the sensors show.")),
    ("health", t("Check the lab"), t("Rates, queues and the store, before the class comes in.")),
)
there = {page.url_path or "home": page for pages in st.session_state[MENU_KEY].values() for page in pages}
steps = [step for step in (INSTRUCTOR_STEPS if who.teaches else STUDENT_STEPS) if step[0] in there][:3]
for number, (column, (name, title, text)) in enumerate(zip(st.columns(3), steps, strict=False), 1):
    with column.container(border=True, height="stretch"):
        st.markdown(f"##### {number} · {title}")
        st.markdown(text)
        st.page_link(there[name], label=t("Open"), icon=":material/arrow_forward:")

if not who.teaches:
    st.caption(t("Instructors sign in with the pass phrase that the terminal showed at the first start."))
