"""The pitfall theatre: the same predictions scored honestly and with a trick, as meters that move.

Numbers of tricks leave this module, never the truth they were made from.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.charts import OKABE_ITO
from app.compare.choosing import FILE, RUNNING, SCENARIO, Data, choose_file, fed_of
from app.compare.working import readings_for, truths_of
from app.i18n import t
from engine.comparing.compare import run_contender
from engine.comparing.contenders import CONTEXT, Contender
from engine.comparing.staging import busiest_machine, staged
from engine.detectors.scorable import scorable_detectors
from engine.errors import LabError
from engine.metrics.pitfalls import OTHERS, theatre
from engine.plant.scenario import load_scenario, scenario_names

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.metrics.pitfalls import Pitfall

KEY, STATE = "theatre", "theatre-kept"
HONEST, INFLATED, STILL = OKABE_ITO[2], OKABE_ITO[1], "#8a94a0"
LIVE_S = 15.0


def choose_stage(teaches: bool) -> tuple[Data | None, Contender, float]:
    """Draw the choice of data, detector and threshold; returns them."""
    words = {SCENARIO: t("A sample"), FILE: t("A CSV with labels")}
    if teaches:
        words[RUNNING] = t("Running plant")
    source_column, what = st.columns([2, 3], vertical_alignment="bottom")
    with source_column:
        source = st.segmented_control(
            t("Stage"), list(words), default=SCENARIO, format_func=words.__getitem__, key=f"{KEY}-source",
            required=True,
        )  # fmt: skip
    data = _data(str(source), what)
    detector_column, factor_column = st.columns([2, 3], vertical_alignment="bottom")
    known = scorable_detectors()
    name = detector_column.selectbox(
        t("Detector"), list(known), list(known).index("ewma"), format_func=lambda one: known[one].title,
        key=f"{KEY}-detector",
    )  # fmt: skip
    steps = [round(0.1 * k, 1) for k in range(2, 31)]
    factor = factor_column.select_slider(
        t("Threshold, times its own"), steps, 1.0, key=f"{KEY}-factor",
        help=t("Move it and watch which meters follow the detector and which only follow the trick."),
    )  # fmt: skip
    fed = CONTEXT if known[name].family != "baseline" and source != FILE else "raw"
    return data, Contender(name, fed=fed_of(name, fed)[0], confirm=1), float(factor)


def _data(source: str, what: Any) -> Data | None:
    if source == FILE:
        return choose_file()
    if source == RUNNING:
        hours = what.select_slider(t("Last hours"), (2, 4, 6, 12, 24), 6, key=f"{KEY}-running-hours")
        return Data(RUNNING, hours=float(hours))
    titles = {name: load_scenario(name).title for name in scenario_names()}
    at = list(titles).index("pump_medium") if "pump_medium" in titles else 0
    name = what.selectbox(t("Sample"), list(titles), at, format_func=titles.__getitem__, key=f"{KEY}-scenario")
    return Data(SCENARIO, str(name), 24.0)


def show_theatre(data: Data, contender: Contender, factor: float) -> None:
    """Draw all meters; on the running plant they go on by themselves."""
    if data.source == RUNNING:
        st.fragment(run_every=LIVE_S)(_play)(data, contender, factor)
    else:
        _play(data, contender, factor)


def _play(data: Data, contender: Contender, factor: float) -> None:
    try:
        played, machine = _stage(data, contender, factor)
    except LabError as problem:
        st.warning(str(problem))
        return
    acts = theatre(played)
    share = 100 * float(played.alarms.mean())
    st.caption(
        t("{machine}: {n} rows, {alarms} % of them alarmed. Green circle = honest, orange diamond = with the trick. "
          "Random, always and oracle stand still: whatever lifts them is not skill.",
          machine=machine, n=f"{len(played.alarms):,}", alarms=f"{share:.1f}")
    )  # fmt: skip
    for left in range(0, len(acts), 2):
        for column, act in zip(st.columns(2), acts[left : left + 2], strict=False):
            with column.container(border=True, height="stretch"):
                _card(act)
    with st.expander(t("All numbers"), icon=":material/table:"):
        st.dataframe([_row(act) for act in acts], hide_index=True, width="stretch")


def _stage(data: Data, contender: Contender, factor: float) -> tuple[Any, str]:
    """Return the stage; readings and truth stay while the choice stays, scores while the detector stays."""
    kept: dict[str, Any] = st.session_state.setdefault(STATE, {})
    if kept.get("data") != data or data.source == RUNNING:
        with st.spinner(t("The stage is set…")):
            stretches, practice = readings_for(data)
            truths = truths_of(data, stretches, practice)
        if truths is None:
            raise LabError(t("The file has no label column; say in the table which column is the label."))
        kept.clear()
        kept.update(data=data, stretch=stretches[0], truth=truths[0], scored={})
    if repr(contender) not in kept["scored"]:
        kept["scored"] = {repr(contender): run_contender(contender, kept["stretch"])}
    outcome = kept["scored"][repr(contender)]
    machine = busiest_machine(kept["stretch"], kept["truth"])
    return staged(replace(outcome, levels=outcome.levels * factor), kept["stretch"], kept["truth"], machine), machine


def _card(act: Pitfall) -> None:
    head, gain = st.columns([3, 1], vertical_alignment="center")
    head.markdown(f"**{_title(act)}**")
    if act.inflation is not None:
        word = f"{act.inflation:+.2f}" if act.best == 1.0 else f"{act.inflation:+.0f}"
        gain.badge(word, color="orange" if act.inflation > 0.05 * act.best else "gray")
    if act.reason:
        st.caption(t("Not defined here: {why}.", why=act.reason))
        return
    st.plotly_chart(meter(act), width="stretch", key=f"{KEY}-{act.name}", config={"displayModeBar": False})
    st.caption(_explanation(act.name))


def meter(act: Pitfall) -> go.Figure:
    """Return one meter: yours on top, then random, always and oracle; a line leads from honest to inflated."""
    import plotly.graph_objects as go

    low = 0.0 if act.best == 1.0 else -act.best
    rows = [(t("yours"), (act.honest, act.inflated)), *((_who(who), act.rows[who]) for who in OTHERS)]
    figure = go.Figure()
    for name, (honest, inflated) in rows:
        if honest is None or inflated is None:
            continue
        own = name == rows[0][0]
        ends = [max(low, float(honest)), max(low, float(inflated))]
        line = {"color": INFLATED if own else STILL, "width": 5 if own else 2}
        figure.add_scatter(x=ends, y=[name, name], mode="lines", line=line, opacity=0.55, hoverinfo="skip")
        colors = [HONEST, INFLATED] if own else [STILL, STILL]
        marker = {"color": colors, "symbol": ["circle", "diamond"], "size": 14 if own else 8}
        figure.add_scatter(
            x=ends, y=[name, name], mode="markers", marker=marker, customdata=[honest, inflated],
            hovertemplate="%{customdata:.3g}<extra>" + name + "</extra>",
        )  # fmt: skip
        words = f"{_short(honest)} → {_short(inflated)}"
        figure.add_annotation(x=1.0, xref="paper", y=name, text=words, showarrow=False, xanchor="left", xshift=8,
                              font={"size": 11})  # fmt: skip
    figure.update_xaxes(range=[low - 0.03 * act.best, act.best * 1.04], fixedrange=True, nticks=5, zeroline=False)
    order = [name for name, _ in reversed(rows)]
    figure.update_yaxes(categoryorder="array", categoryarray=order, fixedrange=True, automargin=True)
    figure.update_layout(height=150, margin={"l": 10, "r": 96, "t": 4, "b": 24}, showlegend=False, uirevision=act.name)
    return figure


def _short(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if abs(value) < 10 else f"{value:,.0f}"


def _who(who: str) -> str:
    return {"random": t("random"), "always": t("always"), "oracle": t("oracle")}[who]


def _title(act: Pitfall) -> str:
    return {
        "point_adjust": t("Point-adjust"),
        "best_threshold": t("Best threshold on the test set"),
        "contamination_is_truth": t("Contamination = truth"),
        "in_sample_fit": t("Fitted on the test rows"),
        "one_alarm_per_event": t("One alarm per event"),
        "constant_score": t("Constant score"),
        "window_afterwards": t("Window chosen afterwards"),
        "early_windows": t("NAB's early windows"),
    }.get(act.name, act.title)


def _explanation(name: str) -> str:
    return {
        "point_adjust": t("One alarmed row makes its whole event count as found. Long events make random dice shine."),
        "best_threshold": t("Honest: the threshold comes from the first half. Trick: the best one for the second half, "
                            "which nobody has on the day."),
        "contamination_is_truth": t("Trick: exactly as many rows alarm as are faulty. Who knows that number knows "
                                    "half of the answer."),
        "in_sample_fit": t("A memory of labelled rows, judged on rows it never saw, then on those it learnt."),
        "one_alarm_per_event": t("Only the alarm nearest to each event is kept. Row F1 falls to nothing, affiliation "
                                 "F1 hardly notices."),
        "constant_score": t("PATE's curve starts at precision 1, so a constant score earns about one half."),
        "window_afterwards": t("Honest: the VUS window is fixed before. Trick: the most flattering of seven."),
        "early_windows": t("NAB spreads windows of 10 % of the series around the events: alarms before the fault earn "
                           "points. Below −100 the meter ends; the numbers stand beside it."),
    }.get(name, "")  # fmt: skip


def _row(act: Pitfall) -> dict[str, Any]:
    out: dict[str, Any] = {t("Trick"): _title(act), t("Honest is"): act.honest_is, t("Inflated is"): act.inflated_is}
    out |= {t("Honest"): _short(act.honest), t("Inflated"): _short(act.inflated)}
    return out | {_who(who): " → ".join(_short(value) for value in act.rows[who]) for who in OTHERS}
