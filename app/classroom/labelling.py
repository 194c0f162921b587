"""The labelling page: chart, form and table of one's labels; every change is saved before the next one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.classroom.label_chart import label_chart
from app.classroom.labelling_form import edit_form, new_form, table
from app.classroom.student_frame import own
from app.classroom.student_handing import keep, show_receipt
from app.classroom.titles import fault_titles
from app.i18n import t
from engine.errors import LabError
from engine.plant.spec import load_plant
from engine.records import Label

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.classroom.student import Card, StudentDesk
    from engine.classroom.label_book import LabelBook

BOOK_KEY, PICKED_KEY, SAID_KEY = "label_book", "label_picked", "label_said"
CHART_KEY = "label_chart"
MOST_SEEN = 200  # spans in one message of the chart
LATEST_US = 4_102_444_800_000_000  # the year 2100


class Bench:
    """The labels of one assignment as this tab works on them.

    Parameters
    ----------
    desk, card
        Whose labels, for what.
    """

    def __init__(self, desk: StudentDesk, card: Card) -> None:
        self.desk, self.card, self.name = desk, card, card.spec.id
        self.variant = desk.variant(self.name)
        kept = st.session_state.get(BOOK_KEY)
        if kept is None or kept[0] != (self.name, desk.person.person):
            self.reload()

    @property
    def book(self) -> LabelBook:
        """The labels now."""
        return st.session_state[BOOK_KEY][1]

    @property
    def picked(self) -> int | None:
        """Position of the label that is being edited."""
        at = st.session_state.get(PICKED_KEY)
        return at if at is not None and 0 <= at < len(self.book.labels) else None

    @property
    def step_us(self) -> int:
        """Time between two readings."""
        return round(1e6 / self.card.spec.plant.rate_hz)

    def pick(self, at: int | None) -> None:
        """Choose a label to edit."""
        st.session_state[PICKED_KEY] = at

    def reload(self) -> None:
        """Take what is saved on the server."""
        book, revision = self.desk.book(self.name)
        st.session_state[BOOK_KEY] = ((self.name, self.desk.person.person), book, revision)
        self.pick(None)

    def change(self, make: Callable[[LabelBook], LabelBook], pick: Label | None = None) -> None:
        """Change the labels and save them; a refusal is said once and changes nothing."""
        who, book, revision = st.session_state[BOOK_KEY]
        try:
            made = make(book)
            revision = own(self.desk, self.desk.save, self.name, made, revision)
        except LabError as problem:
            st.session_state[SAID_KEY] = str(problem)
            return
        st.session_state[BOOK_KEY] = (who, made, revision)
        if pick is not None:
            self.pick(next((at for at, label in enumerate(made.labels) if label == pick), None))

    def remove(self, at: int) -> None:
        """Take a label out; undo brings it back."""
        self.change(lambda book: book.remove(at))
        self.pick(None)

    def snapped(self, machine: str, start_us: int, end_us: int) -> Label:
        """Return a label whose edges lie on readings and inside the data."""
        first, last, step = self.variant.start_us, self.variant.end_us, self.step_us
        start = first + round((max(first, start_us) - first) / step) * step
        end = first + round((min(last, end_us) - first) / step) * step
        return Label(machine, min(start, last - step), max(min(end, last), min(start, last - step) + step))


@st.fragment
def labelling(desk: StudentDesk, card: Card) -> None:
    """Draw the labelling page of an assignment whose data lies open."""
    bench = Bench(desk, card)
    said = st.session_state.pop(SAID_KEY, None)
    if said:
        st.error(said)
        st.button(t("Take what the other tab saved"), on_click=bench.reload, key="label-reload")
    chart, side = st.columns([7, 3], gap="medium")
    with chart:
        _chart(bench)
    with side:
        _history(bench)
        if bench.picked is None:
            new_form(bench)
        else:
            edit_form(bench)
    table(bench)
    _finish(bench)


def _chart(bench: Bench) -> None:
    spec, variant = bench.card.spec, bench.variant
    label_chart(
        key=CHART_KEY,
        assignment=spec.id,
        span_us=(variant.start_us, variant.end_us),
        machines=variant.machines,
        sensors=load_plant(spec.plant.name).sensors,
        labels=bench.book.labels,
        titles=fault_titles(),
        seen=bench.book.seen,
        selected=bench.picked,
        on_act=lambda: act(bench, (st.session_state.get(CHART_KEY) or {}).get("act")),
    )


@dataclass(frozen=True)
class Act:
    """What was done on the chart, checked: `kind` is mark, pick, remove, undo, redo or "" for nothing."""

    kind: str = ""
    machine: str = ""
    span_us: tuple[int, int] = (0, 0)
    index: int = -1
    seen: tuple[tuple[str, int, int], ...] = ()


def acted(what: Any, machines: tuple[str, ...], labels: int) -> Act:
    """Return a message of the chart as an act; it comes from a browser, so nothing in it is believed unchecked."""
    if not isinstance(what, dict):
        return Act()
    spans = what.get("seen") if isinstance(what.get("seen"), list) else []
    seen = tuple(span for span in map(_seen, spans[:MOST_SEEN]) if span is not None and span[0] in machines)
    kind, machine, at = what.get("act"), what.get("machine"), what.get("index")
    start, end = _moment(what.get("start_us")), _moment(what.get("end_us"))
    if kind == "mark" and isinstance(machine, str) and machine in machines and start is not None and end is not None:
        return Act("mark", machine, (start, end), seen=seen)
    if kind in ("pick", "remove"):
        there = type(at) is int and 0 <= at < labels
        return Act(kind, index=at, seen=seen) if there else Act("pick" if kind == "pick" else "", seen=seen)
    return Act(kind if kind in ("undo", "redo") else "", seen=seen)


def _moment(value: Any) -> int | None:
    whole = isinstance(value, int | float) and 0 <= value < LATEST_US  # which neither nan nor inf is
    return int(value) if whole else None


def _seen(span: Any) -> tuple[str, int, int] | None:
    if not isinstance(span, list) or len(span) != 3 or not isinstance(span[0], str):
        return None
    start, end = _moment(span[1]), _moment(span[2])
    return None if start is None or end is None else (span[0], start, end)


def act(bench: Bench, what: Any) -> None:
    """Do what was done on the chart."""
    done = acted(what, bench.variant.machines, len(bench.book.labels))
    _saw(bench, done.seen)
    if done.kind == "mark":
        label = bench.snapped(done.machine, *done.span_us)
        bench.change(lambda book: book.add(label), pick=label)
    elif done.kind == "pick":
        bench.pick(done.index)
    elif done.kind == "remove":
        bench.remove(done.index)
    elif done.kind:
        bench.change(lambda book: book.undo() if done.kind == "undo" else book.redo())


def _saw(bench: Bench, spans: tuple[tuple[str, int, int], ...]) -> None:
    """Keep what was on screen, for the coverage bar."""
    who, book, revision = st.session_state[BOOK_KEY]
    for machine, start_us, end_us in spans:
        book = book.saw(machine, start_us, end_us)
    st.session_state[BOOK_KEY] = (who, book, revision)


def _history(bench: Bench) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Undo"), icon=":material/undo:", key="label-undo", disabled=not bench.book.past,
            on_click=lambda: bench.change(lambda book: book.undo()),
        )  # fmt: skip
        st.button(
            t("Redo"), icon=":material/redo:", key="label-redo", disabled=not bench.book.future,
            on_click=lambda: bench.change(lambda book: book.redo()),
        )  # fmt: skip
        st.caption(t("saved") + " :material/check:")


def _finish(bench: Bench) -> None:
    """Draw the way to hand in, with the receipt."""
    card, count = bench.card, len(bench.book.labels)
    show_receipt(bench.desk.card(card.spec.id))
    if not card.takes:
        st.info(t("Nothing is taken now; you can go on labelling for yourself."))
        return
    agreed = card.spec.mode == "practice" or st.checkbox(
        t("This is my own work; I used what my course allows."), key=f"honour-{card.spec.id}"
    )
    st.button(
        t("Hand in these {n}", n=count), key="hand-in-labels", type="primary", icon=":material/send:",
        disabled=not agreed or not count, on_click=keep, args=(bench.desk, bench.desk.hand_in_labels, card.spec.id),
    )  # fmt: skip
