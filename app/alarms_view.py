"""Alarms as they stand, by machine, and what staff do about them."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.access import viewer
from app.acting import STAFF
from app.alarm_sound import alarm_sound
from app.alarms_load import PLANT_KEY
from app.board import SHAPES, board, clock, lasting, moment, pill, table, word_of
from app.controls import command, problem_box
from app.i18n import t
from app.watched import plant_chosen
from engine.alarming.records import PRIORITIES
from engine.records import SECOND_US

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.access import Viewer
    from engine.alarming.records import Alarm

QUIET = ("shelved", "suppressed")


def standing_view() -> None:
    """Draw figures, the alarms of each machine, and the desk for staff."""
    shot, who = plant_chosen(PLANT_KEY).runner.snapshot(), viewer()
    problem_box()
    loud = [alarm for alarm in shot.alarms if alarm.state not in QUIET]
    _figures(shot.alarms)
    alarm_sound(shot.alarms)
    groups = by_machine(shot.alarms)
    if not groups:
        calm = t("All is quiet: no alarm stands.")
        board(f'<div class="calm">● {escape(calm)}<small>{escape(_plant_time(shot.time_us))}</small></div>', "standing")
    else:
        cards = [_card(machine, alarms, shot.time_us, who) for machine, alarms in groups]
        told = t("Alarms standing: {n}. Machines: {m}.", n=len(shot.alarms), m=len(groups))
        shown = f'<p class="soft" role="status">{escape(told)} {escape(_plant_time(shot.time_us))}</p>'
        board(f'{shown}<div class="cards one">{"".join(cards)}</div>', "standing")
    _shelves(shot.time_us)
    if who.role in ("ta", "instructor"):
        _desk(loud, shot.alarms, who)


def by_machine(alarms: Sequence[Alarm]) -> list[tuple[str, list[Alarm]]]:
    """Return the alarms grouped by machine: the machine with the highest priority first, in it the highest first."""
    groups: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        groups.setdefault(alarm.machine, []).append(alarm)
    ordered = [(name, sorted(group, key=_weight)) for name, group in groups.items()]
    return sorted(ordered, key=lambda pair: (_weight(pair[1][0]), pair[0]))


def _weight(alarm: Alarm) -> tuple[bool, int, bool, int]:
    quiet = alarm.state in QUIET
    return quiet, -PRIORITIES.index(alarm.priority), alarm.state != "raised", alarm.number


def _figures(alarms: Sequence[Alarm]) -> None:
    columns = st.columns(5)
    counts = [sum(a.priority == p and a.state not in QUIET for a in alarms) for p in reversed(PRIORITIES)]
    for column, kind, count in zip(columns, reversed(PRIORITIES), counts, strict=False):
        column.metric(f"{pill_shape(kind)} {word_of(kind)}", count, border=True)
    columns[3].metric(t("Not acknowledged"), sum(a.state == "raised" for a in alarms), border=True)
    columns[4].metric(t("Shelved or suppressed"), sum(a.state in QUIET for a in alarms), border=True)


def pill_shape(kind: str) -> str:
    """Return the shape that stands for a priority or state."""
    return SHAPES[kind]


def _card(machine: str, alarms: list[Alarm], now: int, who: Viewer) -> str:
    worst = alarms[0]
    kind = "suppressed" if worst.state in QUIET else worst.priority
    titles = {sensor.name: sensor.title for sensor in plant_chosen(PLANT_KEY).sensors}
    head = f"<header><h3>{escape(machine)}</h3>{pill(worst.priority, word_of(worst.priority))}"
    since = min(alarm.onset_us for alarm in alarms)
    told = t("detectors: {n} · since {time}", n=len(alarms), time=clock(since, now))
    head += f'<span class="soft right">{escape(told)}</span></header>'
    names = (t("Alarm"), t("Priority"), t("State"), t("Detector"), t("Sensors"), t("Raised"), t("Stands"), t("Peak"))
    rows = [_row(alarm, now, titles) for alarm in alarms]
    body = table(names, rows, numbers=(0, 6, 7))
    return f'<section class="card {kind}">{head}{body}{_comments(alarms, who)}</section>'


def _row(alarm: Alarm, now: int, titles: dict[str, str]) -> list[str]:
    peak = alarm.peak_score / alarm.threshold if alarm.threshold else alarm.peak_score
    state = pill(alarm.state, word_of(alarm.state))
    if alarm.shelved_until_us is not None:
        state += f' <span class="soft">{escape(t("until {time}", time=clock(alarm.shelved_until_us, now)))}</span>'
    if alarm.silent_since_us is not None:
        since = clock(alarm.silent_since_us, now)
        state += (
            f' {pill("no data", word_of("no data"))} <span class="soft">{escape(t("since {time}", time=since))}</span>'
        )
    if alarm.reopened:
        state += f' <span class="soft">{escape(t("came back {n} times", n=alarm.reopened))}</span>'
    sensors = ", ".join(titles.get(name, name) for name in alarm.sensors) or "–"
    return [
        str(alarm.number),
        pill(alarm.priority, word_of(alarm.priority)),
        state,
        escape(alarm.detector),
        escape(sensors),
        clock(alarm.start_us, now),
        lasting((now - alarm.onset_us) / SECOND_US),
        f"{peak:.1f} ×",
    ]


def _comments(alarms: list[Alarm], who: Viewer) -> str:
    """Return what staff wrote; it is for staff, for it may tell what a student is to find out."""
    if who.role == "student":
        return ""
    said = [(one.at_us, alarm.number, one) for alarm in alarms for one in alarm.comments]
    lines = (
        f"{number} · {one.author or t('staff')}: {one.text}" for _, number, one in sorted(said, key=lambda s: s[0])
    )
    return "".join(f'<p class="quote">{escape(line)}</p>' for line in lines)


def _plant_time(at_us: int) -> str:
    return t("Plant time {time}.", time=moment(at_us))


def _shelves(now: int) -> None:
    shelves = plant_chosen(PLANT_KEY).runner.desk.shelves
    for (machine, detector), until in shelves.items():
        what = " · ".join((machine or t("all machines"), detector or t("all detectors")))
        st.caption(f"◔ {t('Shelved: {what}, until {time} of plant time', what=what, time=clock(until, now))}")


def _desk(loud: list[Alarm], alarms: Sequence[Alarm], who: Viewer) -> None:
    """Draw what staff can do; it acts for everybody."""
    author = who.handle or who.role
    with st.container(border=True):
        st.markdown(f"##### {t('Alarm desk')}")
        left, middle, right = st.columns(3, gap="large")
        with left:
            _acknowledge(loud, author)
        with middle:
            _comment(alarms, author)
        with right:
            _shelve()


def _named(alarms: Sequence[Alarm]) -> Callable[[int], str]:
    told = {alarm.number: f"{alarm.number} · {alarm.machine} · {alarm.detector}" for alarm in alarms}
    return lambda number: told.get(number, str(number))


def _acknowledge(loud: list[Alarm], author: str) -> None:
    open_ones = [alarm for alarm in loud if alarm.state == "raised"]
    machines = list(dict.fromkeys(alarm.machine for alarm in open_ones))
    names: dict[Any, str] = {
        "": t("all that stand"),
        **{name: t("all of {machine}", machine=name) for name in machines},
    }
    named = _named(open_ones)
    chosen = st.selectbox(
        t("Acknowledge"),
        [*names, *(alarm.number for alarm in open_ones)],
        format_func=lambda one: names.get(one) or named(one),
        key="alarm_acknowledge",
    )
    hit = [alarm.number for alarm in open_ones if chosen in ("", alarm.machine, alarm.number)]

    def act() -> None:
        for number in hit:
            runner = plant_chosen(PLANT_KEY).runner
            command(runner.acknowledge, number, author, by=STAFF, done=t("Acknowledged: {n}.", n=len(hit)))

    st.button(t("Acknowledge"), icon=":material/check:", disabled=not hit, key="alarm_acknowledge_go", on_click=act)


def _comment(alarms: Sequence[Alarm], author: str) -> None:
    def act() -> None:
        number, text = st.session_state["comment_alarm"], st.session_state["comment_text"]
        command(plant_chosen(PLANT_KEY).runner.comment, number, author, text, by=STAFF, done=t("The comment is kept."))

    with st.form("alarm_comment", border=False, clear_on_submit=True):
        numbers = [alarm.number for alarm in alarms]
        st.selectbox(t("Alarm to comment"), numbers, format_func=_named(alarms), key="comment_alarm")
        st.text_input(t("Comment"), max_chars=500, key="comment_text")
        st.form_submit_button(t("Comment"), icon=":material/comment:", disabled=not alarms, on_click=act)


def _shelve() -> None:
    shown = plant_chosen(PLANT_KEY)
    runner, machines = shown.runner, shown.machines
    where, what = t("all machines"), t("all detectors")
    machine = st.selectbox(t("Shelve"), ["", *machines], key="shelve_machine", format_func=lambda one: one or where)
    detector = st.selectbox(
        t("Detector"), ["", *runner.detectors], key="shelve_detector", format_func=lambda one: one or what
    )
    minutes = st.number_input(t("Minutes of plant time"), 1.0, 1440.0, 30.0, 5.0, "%g", key="shelve_minutes")
    meant = machine or None, detector or None

    def shelve() -> None:
        command(runner.shelve, minutes, *meant, by=STAFF, done=t("Shelved; it comes back by itself."))

    def take_back() -> None:
        command(runner.unshelve, *meant, by=STAFF, done=t("The shelf is empty again."))

    with st.container(horizontal=True):
        st.button(t("Shelve"), icon=":material/notifications_paused:", key="shelve_go", on_click=shelve)
        st.button(t("Take back"), icon=":material/undo:", key="unshelve_go", on_click=take_back)
