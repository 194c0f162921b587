"""Plants that others feed through the API: live, scored by the detectors that were chosen for them."""

from urllib.parse import quote

import streamlit as st

from app.i18n import t
from app.lab import lab
from app.live_chart import live_chart
from app.snippets import show_in_python

st.title(t("Other plants"))
st.markdown(
    t(
        "A program can send readings of any machine here, over the network: a rig on your bench, a simulator of your "
        "own, a recording. They are scored as they come, stored, and drawn below."
    )
)
plants = lab().desks.externals.plants
if not plants:
    st.info(t("Nobody feeds a plant yet. The few lines of Python below do it."), icon=":material/sensors:")
else:
    name = st.selectbox(
        t("Plant"),
        sorted(plants),
        format_func=lambda one: plants[one].spec.title,
        key="other_plant",
        bind="query-params",
    )
    plant = plants[name]
    figures = st.columns(5)
    figures[0].metric(t("Machines"), len(plant.spec.machines))
    figures[1].metric(t("Readings taken"), f"{plant.accepted:,}")
    figures[2].metric(t("Too late to be scored"), f"{plant.late:,}")
    figures[3].metric(
        t("Ahead of the clock"), f"{plant.ahead:,}", help=t("Not stored: more than a minute in the future.")
    )
    figures[4].metric(t("Standing alarms"), len(plant.desk.standing))
    st.caption(t("Detectors: {names}", names=", ".join(plant.detectors)))
    live_chart(key=f"live_{name}", machine=plant.spec.machines[0], url=f"api/live?plant={quote(name)}")

show_in_python(
    """
import random, time
from datetime import datetime, timezone
from engine.client import LabClient

lab = LabClient("http://localhost:8501")
lab.make_plant("my_rig", ["press"], [{"name": "current", "unit": "A"}, {"name": "pressure", "unit": "bar"}])
for _ in range(600):
    now = datetime.now(timezone.utc).isoformat()
    values = {"current": random.gauss(5, 0.1), "pressure": random.gauss(6, 0.05)}
    print(lab.send("my_rig", [{"machine": "press", "time": now, "values": values}]).scores)
    time.sleep(0.5)
""",
    expanded=not plants,
)
