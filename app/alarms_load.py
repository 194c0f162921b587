"""How heavy the alarms weigh, against the limits of the standard; and the alarms that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.access import viewer
from app.board import SHAPES, board, lasting, pill, table, word_of
from app.charts import OKABE_ITO, moments
from app.i18n import t
from app.lab import lab
from app.watched import plant_chosen, watched
from engine.alarming import load as limits
from engine.alarming.load import alarm_load
from engine.alarming.records import PRIORITIES, STATES
from engine.records import HOUR_US, SECOND_US, iso_time

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.watched import Watched
    from engine.alarming.load import AlarmLoad
    from engine.alarming.records import Alarm

PLANT_KEY = "alarms_plant"
SPANS_H = (1, 8, 24, 168)
MOST_SHOWN = 2000


def run_alarms(shown: Watched | None = None) -> tuple[Alarm, ...]:
    """Return the alarms of a plant's run (None = the lab's own), the newest first; older ones from the store."""
    shown = shown or watched(lab().spec.name)
    recent = shown.runner.desk.recent
    known = {alarm.number for alarm in recent}
    stored = [a for a in lab().store.alarms(run=shown.run, limit=MOST_SHOWN) if a.number not in known]
    return (*recent, *stored)


def load_view() -> None:
    """Draw the load figures of a span of plant time."""
    runner = lab().runner
    names = (
        {hours: t("last {n} h", n=hours) for hours in SPANS_H[:-1]}
        | {SPANS_H[-1]: t("last 7 days")}
        | {0: t("whole run")}
    )
    hours = st.segmented_control(
        t("Span of plant time"), [*SPANS_H, 0], default=24, format_func=names.get, key="load_span", required=True
    )
    now = max(runner.snapshot().time_us, runner.run.start_us + SECOND_US)
    start = max(runner.run.start_us, now - (hours or 10**6) * HOUR_US)
    load = alarm_load(run_alarms(), start, now, runner.desk.suppressed)
    _verdict(load)
    board(_figures(load), "load")
    st.caption(_source())
    _chart(load)
    left, right = st.columns(2, gap="large")
    with left:
        _offenders(load)
    with right:
        _chattering(load)


def _verdict(load: AlarmLoad) -> None:
    beyond = sum(not good for good in load.verdicts().values())
    span = lasting((load.end_us - load.start_us) / SECOND_US)
    if beyond:
        st.warning(
            t("{n} of {m} figures are beyond the standard's limit, over {span}.", n=beyond, m=6, span=span),
            icon=":material/warning:",
        )
    else:
        st.success(t("Every figure is within the standard's limit, over {span}.", span=span), icon=":material/check:")


def _figures(load: AlarmLoad) -> str:
    verdicts = load.verdicts()
    rows = [
        ("per_day", t("Alarms a day"), f"{load.per_day:.0f}", f"≤ {limits.MOST_A_DAY:.0f}"),
        ("worst_ten_minutes", t("Worst ten minutes"), f"{load.worst_ten_minutes}", f"≤ {limits.FLOOD}"),
        ("flooded", t("Time in a flood"), f"{load.flooded:.1%}", f"≤ {limits.MOST_FLOODED:.0%}"),
        (
            "top_ten_share",
            t("Share of the ten most frequent"),
            f"{load.top_ten_share:.0%}",
            f"≤ {limits.MOST_TOP_TEN:.0%}",
        ),
        ("chattering", t("Chattering alarms"), f"{len(load.chattering)}", "0"),
        ("stale", t("Standing for more than a day"), f"{load.stale}", f"< {limits.MOST_STALE}"),
    ]
    shown = [[name, value, limit, _word(verdicts[key])] for key, name, value, limit in rows]
    alarms = t("{n} alarms were raised, {m} silenced by maintenance or rules.", n=load.alarms, m=load.suppressed)
    head = (t("Figure"), t("Here"), t("Limit"), t("Verdict"))
    kind = "normal" if all(verdicts.values()) else "critical"
    return f'<div class="card {kind}">{table(head, shown, alarms, numbers=(1, 2))}</div>'


def _word(good: bool) -> str:
    return pill("normal", t("within")) if good else pill("critical", t("beyond"))


def _source() -> str:
    return t(
        "Limits: ANSI/ISA-18.2-2016, clause 16 (the same figures stand in IEC 62682): about 150 alarms a day for one "
        "person, ten in ten minutes begin a flood, three within a minute chatter. One person watches this plant; "
        "days and minutes are of plant time. With at most ten alarms in all, their share is not judged. "
        "Less than a day is projected to a day."
    )


def _chart(load: AlarmLoad) -> None:
    import plotly.graph_objects as go

    st.markdown(f"##### {t('Alarms in each ten minutes')}")
    first = load.start_us // limits.SPAN_US * limits.SPAN_US
    starts = [first + k * limits.SPAN_US for k in range(len(load.per_ten_minutes))]
    figure = go.Figure()
    colours = [OKABE_ITO[1] if count > limits.FLOOD else OKABE_ITO[0] for count in load.per_ten_minutes]
    figure.add_bar(x=moments(starts), y=list(load.per_ten_minutes), marker_color=colours, name=t("alarms"))
    figure.add_hline(limits.FLOOD, line={"dash": "dash", "color": OKABE_ITO[1]}, annotation_text=t("flood"))
    figure.update_layout(margin={"l": 40, "r": 12, "t": 12, "b": 30}, height=230, showlegend=False, bargap=0.15)
    figure.update_yaxes(rangemode="tozero", range=[0, max(12, load.worst_ten_minutes + 1)])
    st.plotly_chart(figure, key="load_chart", config={"displayModeBar": False})
    flooded = sum(count > limits.FLOOD for count in load.per_ten_minutes)
    st.caption(t("{n} spans of ten minutes; {m} of them are a flood.", n=len(starts), m=flooded))


def _offenders(load: AlarmLoad) -> None:
    st.markdown(f"##### {t('Top offenders')}")
    rows = [
        {t("Machine"): one.machine, t("Detector"): one.detector, t("Alarms"): one.alarms, t("Share"): one.share}
        for one in load.top
    ]
    if not rows:
        st.caption(t("None so far."))
        return
    share = st.column_config.ProgressColumn(t("Share"), min_value=0.0, max_value=1.0, format="percent")
    st.dataframe(rows, hide_index=True, width="stretch", column_config={t("Share"): share})


def _chattering(load: AlarmLoad) -> None:
    st.markdown(f"##### {t('Chattering')}")
    if not load.chattering:
        st.caption(t("No alarm came three times within a minute."))
        return
    st.dataframe([{t("Machine"): m, t("Detector"): d} for m, d in load.chattering], hide_index=True, width="stretch")
    st.caption(t("A longer on-delay, a wider dead band or more confirmations calm them: see Rules."))


def history_view() -> None:
    """Draw the alarms of this run, filtered."""
    shown = plant_chosen(PLANT_KEY)
    alarms = run_alarms(shown)
    machine, priority, state = st.columns(3)
    machines = machine.multiselect(t("Machine"), shown.machines, key="history_machine", placeholder=t("all"))
    wanted = priority.multiselect(
        t("Priority"), PRIORITIES, key="history_priority", format_func=_marked, placeholder=t("all")
    )
    states = state.multiselect(t("State"), STATES, key="history_state", format_func=_marked, placeholder=t("all"))
    found = [
        alarm
        for alarm in alarms
        if (not machines or alarm.machine in machines)
        and (not wanted or alarm.priority in wanted)
        and (not states or alarm.state in states)
    ]
    st.caption(t("{n} of {m} alarms of this run, the newest first.", n=len(found), m=len(alarms)))
    if found:
        st.dataframe(_rows(found[:MOST_SHOWN]), hide_index=True, width="stretch", height=520)
    else:
        st.info(t("No alarm is like that. Alarms come when a detector's score stays at its threshold."))


def _marked(kind: str) -> str:
    return f"{SHAPES[kind]} {word_of(kind)}"


def _rows(alarms: Sequence[Alarm]) -> list[dict[str, Any]]:
    staff = viewer().role in ("ta", "instructor")
    return [_history_row(alarm, staff) for alarm in alarms]


def _history_row(alarm: Alarm, staff: bool) -> dict[str, Any]:
    row = {
        t("Alarm"): alarm.number,
        t("Group"): alarm.group,
        t("Priority"): _marked(alarm.priority),
        t("State"): _marked(alarm.state),
        t("Machine"): alarm.machine,
        t("Detector"): alarm.detector,
        t("Sensors"): ", ".join(alarm.sensors),
        t("Raised"): iso_time(alarm.start_us, seconds_only=True)[:19].replace("T", " "),
        t("Cleared"): "" if alarm.end_us is None else iso_time(alarm.end_us, seconds_only=True)[:19].replace("T", " "),
        t("Peak"): round(alarm.peak_score, 2),
        t("Came back"): alarm.reopened,
        t("ISA-18.2 state"): alarm.isa_state,
    }
    if staff:
        row[t("Acknowledged by")] = alarm.acknowledged_by
        row[t("Comments")] = " · ".join(f"{one.author}: {one.text}" for one in alarm.comments)
    return row
