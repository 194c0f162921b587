"""One stretch of a variant drawn for a grader: readings, truth, what the class marked, one student, detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.acting import STAFF, acting
from app.charts import OKABE_ITO, moments
from app.classroom.instructor_desk import school, who
from app.i18n import t
from engine.classroom.lanes import detector_marks, lane_names
from engine.records import HOUR_US, Label

if TYPE_CHECKING:
    from engine.classroom.review import Item
    from engine.records import Block

MARGIN_US = 3 * HOUR_US
KEPT = 6


def item_lanes(name: str, item: Item) -> None:
    """Draw the stretch around an item with its lanes; the look at the truth is in the audit log."""
    block, key = _block(name, item.variant), _truth(name, item.variant)
    machine = item.machine or _busiest(name, item, block.machines)
    start, end = (item.start_us, item.end_us) if item.end_us else (int(block.times_us[0]), int(block.times_us[-1]))
    left, right = st.columns(2)
    machine = left.selectbox(
        t("Machine"), block.machines, block.machines.index(machine), key=f"lane_machine/{item.item}"
    )
    sensor = right.selectbox(t("Sensor"), block.sensors, key="lane_sensor")
    span = (max(int(block.times_us[0]), start - MARGIN_US), min(int(block.times_us[-1]), end + MARGIN_US))
    lanes = {t("truth"): [(e.onset_us, e.end_us, e.fault) for e in key.events if e.machine == machine and not e.benign]}
    if item.submission:
        lanes[item.handle] = _spans(school().submissions.marks(name, item.submission), machine)
    for detector in lane_names()[:4]:
        lanes[detector] = _spans(detector_lane(name, item.variant, detector), machine)
    figure = _figure(block, machine, sensor, span, lanes, school().review.consensus(name, item.variant, machine))
    if item.end_us:
        figure.add_vrect(item.start_us / 1000, item.end_us / 1000, fillcolor=OKABE_ITO[4], opacity=0.18, line_width=1)
    st.plotly_chart(figure, key=f"lanes/{item.item}/{machine}/{sensor}", config={"displayModeBar": False})
    st.caption(_summary(item, machine, lanes))


def detector_lane(name: str, variant: str, detector: str) -> tuple[Label, ...]:
    """Return a detector's alarms on a variant; computed once for each tab."""
    known: dict[Any, tuple[Label, ...]] = st.session_state.setdefault("detector_lanes", {})
    place = (name, variant, detector)
    if place not in known:
        known[place] = detector_marks(school(), name, variant, detector)
    return known[place]


def _block(name: str, variant: str) -> Block:
    """Return the data of a variant, the last few kept for this tab."""
    known: dict[Any, Block] = st.session_state.setdefault("grading_blocks", {})
    if (name, variant) not in known:
        person = next(v.person for v in school().assignments.variants(name) if v.variant == variant)
        known[name, variant] = school().plants.block(name, person, 60.0)
        while len(known) > KEPT:
            known.pop(next(iter(known)))
    return known[name, variant]


@acting(STAFF)
def _truth(name: str, variant: str) -> Any:
    """Return the truth; the first look of this tab at each variant is noted in the audit log."""
    looked: set[Any] = st.session_state.setdefault("looked_at", set())
    if (name, variant) in looked:
        return school().assignments.keys(name)[variant]
    looked.add((name, variant))
    return school().assignments.look(name, variant, who())


def _busiest(name: str, item: Item, machines: tuple[str, ...]) -> str:
    marks = [mark.machine for mark in school().submissions.marks(name, item.submission)]
    return max(machines, key=marks.count)


def _spans(marks: tuple[Label, ...], machine: str) -> list[tuple[int, int, str]]:
    return [(m.start_us, m.end_us, m.note or m.fault) for m in marks if m.machine == machine]


def _figure(block: Block, machine: str, sensor: str, span: tuple[int, int], lanes: Any, consensus: Any) -> Any:
    from plotly.subplots import make_subplots

    figure = make_subplots(3, 1, shared_xaxes=True, row_heights=[0.5, 0.14, 0.36], vertical_spacing=0.03)
    inside = (block.times_us >= span[0]) & (block.times_us <= span[1])
    values = block.values[inside, block.machines.index(machine), block.sensors.index(sensor)]
    line = {"color": OKABE_ITO[0], "width": 1.8}
    figure.add_scatter(x=moments(block.times_us[inside]), y=values, name=sensor, line=line, row=1, col=1)
    times, share = consensus
    near = (times >= span[0]) & (times <= span[1])
    figure.add_scatter(
        x=moments(times[near]),
        y=np.round(100 * share[near], 1),
        name=t("class"),
        line_shape="hv",
        fill="tozeroy",
        line={"color": OKABE_ITO[2], "width": 1.4},
        row=2,
        col=1,
    )
    for at, (title, spans) in enumerate(lanes.items()):
        _lane(figure, title, spans, span, at)
    figure.update_layout(height=430, margin={"l": 60, "r": 12, "t": 8, "b": 30}, showlegend=False, barmode="overlay")
    figure.update_xaxes(type="date", range=[span[0] / 1000, span[1] / 1000])
    figure.update_yaxes(title=t("class %"), range=[0, 100], row=2, col=1)
    figure.update_yaxes(title=sensor, row=1, col=1)
    figure.update_yaxes(
        autorange="reversed", type="category", categoryarray=list(lanes), range=[-0.6, len(lanes) - 0.4], row=3, col=1
    )
    return figure


def _lane(figure: Any, title: str, spans: list[tuple[int, int, str]], view: tuple[int, int], at: int) -> None:
    """Draw one lane of bars; truth is hatched, all others are plain."""
    kept = [(max(a, view[0]), min(b, view[1]), word) for a, b, word in spans if b > view[0] and a < view[1]]
    pattern = {"pattern_shape": "/" if at == 0 else "", "color": OKABE_ITO[(1 if at == 0 else at + 2) % len(OKABE_ITO)]}
    figure.add_bar(
        base=[a / 1000 for a, _, _ in kept] or [view[0] / 1000],
        x=[(b - a) / 1000 for a, b, _ in kept] or [0],
        y=[title] * max(1, len(kept)),
        orientation="h",
        width=0.62,
        marker=pattern,
        customdata=[word for _, _, word in kept] or [""],
        hovertemplate="%{y}: %{customdata}<extra></extra>",
        row=3,
        col=1,
    )


def _summary(item: Item, machine: str, lanes: dict[str, list[tuple[int, int, str]]]) -> str:
    """Return the chart in one sentence."""
    meets = {name: any(a < item.end_us and item.start_us < b for a, b, _ in spans) for name, spans in lanes.items()}
    if not item.end_us:
        counts = ", ".join(f"{name}: {len(spans)}" for name, spans in lanes.items())
        return t("{machine}, marks in all: {counts}.", machine=machine, counts=counts)
    yes = ", ".join(name for name, met in meets.items() if met) or t("none")
    return t(
        "{machine}: of these lanes, the following mark the stretch in question: {lanes}.", machine=machine, lanes=yes
    )
