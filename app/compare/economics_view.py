"""The economics page: prices, three strategies, the operator's attention, and the ledger behind the sums."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.charts import OKABE_ITO
from app.compare.choosing import RAW_ONLY, RUNNING, SCENARIO, Data, choose_rule
from app.compare.lanes import for_theme
from app.compare.replay import Moment
from app.compare.working import readings_for, truths_of
from app.i18n import t
from app.settings import settings_form
from engine.comparing.compare import run_contender
from engine.comparing.contenders import CONTEXT, RAW, Contender
from engine.comparing.money import bills, ledger_of
from engine.comparing.prices import load_prices, save_prices
from engine.detectors.scorable import scorable_detectors
from engine.economics import Attention, Prices, attention_curve
from engine.errors import LabError
from engine.home import home
from engine.params import Range, parameters_of
from engine.plant.scenario import load_scenario, scenario_names
from engine.records import DAY_US, HOUR_US, iso_time

if TYPE_CHECKING:
    import plotly.graph_objects as go

    from engine.comparing.compare import Outcome
    from engine.comparing.money import Bill
    from engine.comparing.stretches import Stretch
    from engine.metrics.ledger import Ledger

KEY, STATE = "economics", "economics-kept"
PATTERNS = ("", "/", "\\", "x", "-", ".")


def prices_form(teaches: bool) -> Prices:
    """Draw the prices: to change for instructors, to read for everybody else. Returns those in force."""
    prices = load_prices(home())
    if not teaches:
        return prices
    with st.popover(t("Prices"), icon=":material/sell:", width="stretch"), st.form(f"{KEY}-prices", border=False):
        values: dict[str, Any] = {}
        for left in range(0, 8, 2):
            for column, parameter in zip(st.columns(2), parameters_of(Prices)[left : left + 2], strict=False):
                values[parameter.name] = _price(column, parameter, getattr(prices, parameter.name), prices.currency)
        if st.form_submit_button(t("Store"), type="primary", icon=":material/save:"):
            save_prices(home(), Prices(**values))
            st.toast(t("The prices are stored; they hold for everybody."), icon=":material/check:")
            st.rerun()
    return prices


def _price(column: Any, parameter: Any, value: Any, currency: str) -> Any:
    label = parameter.name.replace("_", " ").capitalize()
    if not isinstance(parameter.rule, Range):
        return column.text_input(label, str(value), key=f"{KEY}-{parameter.name}", max_chars=8) or value
    unit = parameter.unit or currency
    return column.number_input(
        f"{label} ({unit})", parameter.rule.low, parameter.rule.high, float(value), help=parameter.help,
        key=f"{KEY}-{parameter.name}",
    )  # fmt: skip


def choose(teaches: bool) -> tuple[Data, Contender, Prices, Attention, float]:
    """Draw the choice of readings, detector, prices, operator and maintenance interval."""
    words = {SCENARIO: t("A sample"), RUNNING: t("Running plant")} if teaches else {SCENARIO: t("A sample")}
    source_column, what, seed_column, detector_column = st.columns([3, 3, 2, 3], vertical_alignment="bottom")
    with source_column:
        source = st.segmented_control(
            t("Readings"), list(words), default=SCENARIO, format_func=words.__getitem__, key=f"{KEY}-source",
            required=True,
        )  # fmt: skip
    data = _data(str(source), what, seed_column, teaches)
    known = scorable_detectors()
    name = detector_column.selectbox(
        t("Detector"), list(known), list(known).index("ewma"), format_func=lambda one: known[one].title,
        key=f"{KEY}-detector",
    )  # fmt: skip
    interval_column, rule_column, operator_column, price_column = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    interval = interval_column.select_slider(t("A calendar visits every (h)"), (2, 4, 8, 12, 24, 48), 8)
    with rule_column.popover(t("Threshold"), icon=":material/notifications:", width="stretch"):
        rule = choose_rule(KEY)
    with operator_column.popover(t("Operator"), icon=":material/person:", width="stretch"):
        st.caption(t("Each alarm keeps the operator busy; who is busy or mistrusts the alarms overlooks the next."))
        attention = Attention(**settings_form(Attention, f"{KEY}/attention"))
    with price_column:
        prices = prices_form(teaches)
    fed = RAW if known[str(name)].family == "baseline" or name in RAW_ONLY else CONTEXT
    return data, Contender(str(name), fed=fed, **rule), prices, attention, float(interval)


def _data(source: str, what: Any, seed_column: Any, teaches: bool) -> Data:
    if source == RUNNING:
        return Data(RUNNING, hours=float(what.select_slider(t("Last hours"), (4, 8, 12, 24, 48), 24)))
    titles = {name: load_scenario(name).title for name in scenario_names()}
    at = list(titles).index("pump_medium") if "pump_medium" in titles else 0
    name = what.selectbox(t("Sample"), list(titles), at, format_func=titles.__getitem__, key=f"{KEY}-scenario")
    seed = int(seed_column.number_input(t("Seed"), 0, 2**31 - 1, 1, key=f"{KEY}-seed")) if teaches else None
    return Data(SCENARIO, str(name), 72.0, first_seed=seed)


def show_costs(
    data: Data, contender: Contender, prices: Prices, attention: Attention, interval_h: float, teaches: bool
) -> None:
    """Draw the sums of three strategies and the operator's curve; the ledger only for instructors."""
    stretch, truth, outcome = _kept(data, contender)
    if outcome.problem:
        raise LabError(outcome.problem)
    made = bills(contender.title, outcome.alarms, stretch, truth, prices, attention, interval_h)
    _figures(made, outcome, stretch)
    costs, curve = st.columns([3, 2], gap="medium")
    with costs:
        st.markdown(f"##### {t('Where the money goes')}")
        st.plotly_chart(cost_figure(made), width="stretch", key=f"{KEY}-costs")
        st.caption(t("Teaching figures in force: {prices}.", prices=_prices_said(prices)))
    with curve:
        st.markdown(f"##### {t('Will anybody look?')}")
        rate = len(outcome.alarms) / max(stretch.span.length_us / HOUR_US, 1e-9)
        right = made[-1].cost.event_precision
        st.plotly_chart(attention_figure(attention, rate, right), width="stretch", key=f"{KEY}-curve")
        chance = float(attention_curve(attention, [rate], right)[0])
        st.caption(
            t("{rate} alarms per hour: each is looked at with a chance of {chance} %. Busy for {busy} s per alarm.",
              rate=f"{rate:.1f}", chance=f"{100 * chance:.0f}", busy=f"{attention.handling_s:g}")
        )  # fmt: skip
        st.caption(
            t("Chance = (1 − trust + trust · share of right alarms) / (1 + rate · handling time), with trust {trust} "
              "here; the sums above count the rate over the {span} s before each alarm. Sources: Erlang 1917 (a busy "
              "server loses calls), Bliss and others 1995 (trust), EEMUA 191 (the marks).",
              trust=f"{attention.trust:g}", span=f"{attention.span_s:g}")
        )  # fmt: skip
    if teaches:
        _show_ledger(ledger_of(outcome.alarms, stretch, truth), data, contender)
    with st.expander(t("All sums"), icon=":material/table:"):
        st.dataframe([_bill_row(bill) for bill in made], hide_index=True, width="stretch")


def _kept(data: Data, contender: Contender) -> tuple[Stretch, Any, Outcome]:
    """Return readings, truth and outcome; kept on the server while the choice stays."""
    kept: dict[str, Any] = st.session_state.setdefault(STATE, {})
    if kept.get("data") != data:
        with st.spinner(t("Fetching the readings…")):
            stretches, practice = readings_for(data)
            truths = truths_of(data, stretches, practice)
            if truths is None:
                raise LabError(
                    t(
                        "What was wrong in these readings is not known here, so no sum of money can be true. Choose a "
                        "sample, or a plant that is simulated; Compare scores recordings with labels of their own."
                    )
                )
        kept.clear()
        kept.update(data=data, stretch=stretches[0], truth=truths[0], outcomes={})
    if repr(contender) not in kept["outcomes"]:
        with st.spinner(t("{detector} goes through the readings…", detector=contender.title)):
            kept["outcomes"] = {repr(contender): run_contender(contender, kept["stretch"])}
    return kept["stretch"], kept["truth"], kept["outcomes"][repr(contender)]


def _figures(made: tuple[Bill, ...], outcome: Outcome, stretch: Stretch) -> None:
    idle, calendar, ours = (bill.cost for bill in made)
    days = max(stretch.span.length_us / DAY_US, 1e-9)
    first, second, third, fourth = st.columns(4)
    unit = ours.currency
    first.metric(t("Following the alarms"), f"{ours.total / days:,.0f} {unit}/d", border=True, height="stretch")
    for column, words, other in ((second, t("Avoided against run to failure"), idle),
                                 (third, t("Avoided against the calendar"), calendar)):  # fmt: skip
        avoided = (other.total - ours.total) / days
        share = f"{100 * avoided * days / other.total:+.0f} %" if other.total else None
        column.metric(words, f"{avoided:,.0f} {unit}/d", share, border=True)
    recall = "–" if ours.effective_recall is None else f"{100 * ours.effective_recall:.0f} %"
    fourth.metric(
        t("Faults found and looked at"), recall, t("{n} alarms", n=len(outcome.alarms)), delta_color="off",
        delta_arrow="off", border=True,
    )  # fmt: skip


def cost_figure(made: tuple[Bill, ...]) -> go.Figure:
    """Return one stacked bar per strategy; each part has a colour and a pattern of its own."""
    import plotly.graph_objects as go

    figure = go.Figure()
    names = [_strategy(bill.title) for bill in made]
    known = list(dict.fromkeys(part for bill in made for part in bill.cost.parts))
    for place, part in enumerate(known):
        values = [bill.cost.parts.get(part, 0.0) / max(bill.cost.days, 1e-9) for bill in made]
        figure.add_bar(
            y=names, x=values, orientation="h", name=_part(part), hovertemplate="%{x:,.0f}",
            marker={"color": OKABE_ITO[place % len(OKABE_ITO)], "pattern": {"shape": PATTERNS[place % 6], "size": 5}},
        )  # fmt: skip
    for name, bill in zip(names, made, strict=True):
        total = bill.cost.per_day or 0.0
        figure.add_annotation(y=name, x=total, text=f"<b>{total:,.0f}</b>", showarrow=False, xanchor="left", xshift=6)
    figure.update_layout(
        barmode="stack", height=270, margin={"l": 10, "r": 50, "t": 6, "b": 10}, uirevision="costs",
        legend={"orientation": "h", "y": -0.32, "x": 0, "traceorder": "normal"},
    )  # fmt: skip
    figure.update_xaxes(title=t("{currency} per day of plant time", currency=made[0].cost.currency))
    figure.update_yaxes(automargin=True, autorange="reversed")
    return for_theme(figure)


def attention_figure(attention: Attention, rate: float, right: float | None = None) -> go.Figure:
    """Return the chance that an alarm is looked at over the alarm rate, with this detector's place on it."""
    import plotly.graph_objects as go

    top = max(60.0, 1.5 * rate)
    rates = np.linspace(0.0, top, 200)
    figure = go.Figure()
    line = {"color": OKABE_ITO[0], "width": 2}
    figure.add_scatter(x=rates, y=100 * attention_curve(attention, rates, right), mode="lines", line=line,
                       name=t("chance"))  # fmt: skip
    for at, words in ((6.0, t("acceptable")), (30.0, t("over-demanding"))):
        figure.add_vline(at, line={"dash": "dot", "color": "#8a94a0"}, annotation_text=words,
                         annotation_position="top right", annotation_font_size=10)  # fmt: skip
    here = 100 * attention_curve(attention, [rate], right)
    marker = {"symbol": "diamond", "size": 13, "color": OKABE_ITO[1]}
    figure.add_scatter(x=[rate], y=here, mode="markers", marker=marker, name=t("this detector"))
    figure.update_xaxes(title=t("alarms per hour"), range=[0, top])
    figure.update_yaxes(title=t("looked at (%)"), range=[0, 104])
    figure.update_layout(height=270, margin={"l": 50, "r": 10, "t": 6, "b": 10}, showlegend=False, uirevision="curve")
    return for_theme(figure)


def _show_ledger(found: Ledger, data: Data, contender: Contender) -> None:
    st.markdown(f"##### {t('The ledger: every event, every false alarm')}")
    st.caption(t("Each link opens the replay at that instant, with the twin that never had the fault."))
    empty = Moment(0, "", data.source, data.scenario, data.first_seed or 0, contender.detector, contender.fed,
                   contender.confirm)  # fmt: skip
    link = {t("Replay"): st.column_config.LinkColumn(display_text=t("open"), width="small")}
    events, false = st.tabs(
        [t("Events ({n})", n=len(found.events)), t("False alarms ({n})", n=len(found.false_alarms))]
    )
    events.dataframe([_event_row(e, empty) for e in found.events], hide_index=True, width="stretch",
                     column_config=link)  # fmt: skip
    false.dataframe([_false_row(e, empty) for e in found.false_alarms], hide_index=True, width="stretch",
                    column_config=link)  # fmt: skip


def _event_row(entry: Any, empty: Moment) -> dict[str, Any]:
    verdicts = {"found": t("found"), "missed": t("missed"), "not judged": t("not judged")}
    return {
        t("Replay"): replace(empty, at_us=entry.replay_us, machine=entry.machine).link(),
        t("Start"): _clock(entry.start_us),
        t("Machine"): entry.machine,
        t("What"): entry.fault.replace("_", " "),
        t("Verdict"): verdicts[entry.verdict],
        t("Delay (min)"): None if entry.delay_s is None else round(entry.delay_s / 60, 1),
        t("Overlap (tIoU)"): None if entry.tiou is None else round(entry.tiou, 2),
        t("Lasted (h)"): round((entry.end_us - entry.start_us) / HOUR_US, 1),
    }


def _false_row(entry: Any, empty: Moment) -> dict[str, Any]:
    clue = entry.likely
    near = t("nothing within half an hour") if clue is None else f"{clue.kind}: {clue.what}".replace("_", " ")
    return {
        t("Replay"): replace(empty, at_us=entry.replay_us, machine=entry.machine).link(),
        t("Start"): _clock(entry.start_us),
        t("Machine"): entry.machine,
        t("Lasted (min)"): round((entry.end_us - entry.start_us) / 60e6, 1),
        t("Nearest"): near,
    }


def _clock(at_us: int) -> str:
    return iso_time(at_us, seconds_only=True)[:16].replace("T", " ")


def _bill_row(bill: Bill) -> dict[str, Any]:
    sums = {_part(name): round(value) for name, value in bill.cost.parts.items()}
    return {t("Strategy"): _strategy(bill.title), t("Sum"): round(bill.cost.total), **sums}


def _strategy(title: str) -> str:
    known = {"run to failure": t("Run to failure"), "scheduled maintenance": t("Calendar")}
    return known.get(title, title)


def _part(name: str) -> str:
    return {
        "misses": t("damage of missed faults"), "unplanned_downtime": t("unplanned standstill"),
        "planned_downtime": t("planned standstill"), "delay": t("delay"), "inspections": t("visits"),
        "false_alarms": t("false alarms"),
    }[name]  # fmt: skip


def _prices_said(prices: Prices) -> str:
    said = {name: value for name, value in asdict(prices).items() if name != "currency"}
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in said.items()) + f" ({prices.currency})"
