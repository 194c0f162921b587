"""What an assignment asks, how often and in what time, how it is graded, and how far one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.rubric_words import gates_of, line_words
from app.classroom.student_frame import own, time_left
from app.classroom.titles import plain
from app.i18n import t

if TYPE_CHECKING:
    from app.classroom.student import Card, StudentDesk

BEGIN_KEY = "begin-assignment"


def brief(desk: StudentDesk, card: Card) -> None:
    """Draw what is to be done, and how it is graded."""
    what, how = st.columns([3, 2], gap="large")
    with what:
        st.markdown(f"##### {t('What to do')}")
        for sentence in todo(card):
            st.markdown(f"- {sentence}")
    with how:
        rubric = desk.rubric(card.spec.id)
        st.markdown(f"##### {t('How it is graded')}")
        for line in rubric.lines:
            words = line_words(line, card.spec.submit)
            st.markdown(
                "- " + t("**{line}**, {n} points: {words}", line=plain(line.title), n=f"{line.points:g}", words=words)
            )
        for sentence in gates_of(rubric):
            st.caption(sentence)


def todo(card: Card) -> list[str]:
    """Return the task in sentences: what, how much data, how often, in what time."""
    return [_what(card), *_how_much(card), _how_often(card), *_how_long(card)]


def _what(card: Card) -> str:
    if card.spec.future_hidden:
        return t(
            "Watch the data come in and raise an alarm as soon as a machine fails; each alarm counts at its moment."
        )
    words = {
        "labels": t(
            "Mark each fault from its beginning to its end, say which fault it is, and note in a few words why."
        ),
        "alarms": t("Hand in the alarms of a detector: machine, start and end of each."),
        "params": t("Choose a detector and its settings; the lab runs it on your data and grades its alarms."),
        "answers": t("Answer the questions."),
        "text": t("Write a report; a person reads it."),
    }
    return words[card.spec.submit]


def _how_much(card: Card) -> list[str]:
    plant = card.spec.plant
    if card.spec.submit in ("answers", "text"):
        return []
    data = t(
        "Your data: {machines}, {days}, one reading each {every}.",
        machines=counted_machines(len(plant.machines)),
        days=counted_days(plant.days),
        every=every_words(1 / plant.rate_hz),
    )
    return [data, t("Some faults are slow, some short; what looks odd for a moment is often none.")]


def _how_often(card: Card) -> str:
    total, day = card.plan.attempts_total, card.plan.attempts_per_day
    which = {
        "last": t("the last one counts"),
        "best_public": t("the best on the public part counts"),
        "best_private": t("the best one counts"),
    }[card.spec.keep]
    if total is None and day is None:
        return t("You may hand in as often as you like; {which}.", which=which)
    if total is None:
        return t("You may hand in {day} times a day; {which}.", day=day, which=which)
    if day is None or day >= total:
        return t("You may hand in {total} times in all; {which}.", total=total, which=which)
    return t("You may hand in {total} times in all, {day} a day; {which}.", total=total, day=day, which=which)


def _how_long(card: Card) -> list[str]:
    limit = card.plan.time_limit_minutes
    return [] if limit is None else [t("You have {n} minutes from the moment you begin.", n=f"{limit:g}")]


def counted_machines(count: int) -> str:
    """Return "1 machine" or "3 machines"."""
    return t("1 machine") if count == 1 else t("{n} machines", n=count)


def counted_days(days: float) -> str:
    """Return "1 day" or "3 days"."""
    return t("1 day") if days == 1 else t("{n} days", n=f"{days:g}")


def every_words(seconds: float) -> str:
    """Return how often a reading comes, rounded as people say it."""
    if seconds < 59.5:
        return f"{seconds:.3g} s"
    return f"{seconds / 60:.2g} min"


# the path
def steps_of(card: Card, labels: int, released: bool) -> list[tuple[str, str]]:
    """Return the path as (words, state): done, now or later."""
    work = {
        "labels": t("Label"), "alarms": t("Watch") if card.spec.future_hidden else t("Find alarms"),
        "params": t("Choose a setting"), "answers": t("Answer"), "text": t("Write"),
    }[card.spec.submit]  # fmt: skip
    handed = bool(card.receipts)
    done = [labels > 0 or handed, handed, released]
    at = next((place for place, one in enumerate(done) if not one), len(done))
    names = (work, t("Hand in"), t("Result"))
    return [(name, "done" if one else ("now" if place == at else "later"))
            for place, (name, one) in enumerate(zip(names, done, strict=True))]  # fmt: skip


def show_path(desk: StudentDesk, card: Card) -> None:
    """Draw the path as one line: what is done, where one is, what comes."""
    name = card.spec.id
    labels = 0
    if card.spec.submit in ("labels", "alarms") and not card.must_begin:
        labels = len(desk.called(name) if card.spec.future_hidden else desk.book(name)[0].labels)
    icons = {"done": ":material/check_circle:", "now": ":material/radio_button_checked:", "later": ":material/circle:"}
    steps = steps_of(card, labels, bool(desk.results(name)) if not card.must_begin else False)
    words = [f"{icons[state]} **{text}**" if state == "now" else f"{icons[state]} {text}" for text, state in steps]
    st.markdown(" → ".join(words))


# the time limit
def begun(desk: StudentDesk, card: Card) -> bool:
    """Return whether the work may be shown; where a time limit waits, draw the button that lets it run."""
    if not card.must_begin:
        countdown(card)
        return True
    limit = f"{card.plan.time_limit_minutes:g}"
    st.info(t("Once you begin you have {n} minutes; the clock of the server runs on whatever you close.", n=limit))
    st.button(t("Begin now: {n} minutes", n=limit), key=BEGIN_KEY, type="primary", icon=":material/timer:",
              on_click=own, args=(desk, desk.begin, card.spec.id))  # fmt: skip
    return False


def countdown(card: Card) -> None:
    """Draw what is left of one's own time; it counts on by itself and shows the page anew when it is up."""
    if card.plan.time_is_up_us is not None and card.phase in ("open", "late"):
        _count(card)


@st.fragment(run_every=5.0)
def _count(card: Card) -> None:
    from app.lab import lab

    now_us, up_us = lab().classroom.now_us(), card.plan.time_is_up_us
    if card.plan.state(now_us) not in ("open", "late"):
        st.rerun()
    left_us = max(0, up_us - now_us)
    left = t("{n} s", n=left_us // 1_000_000) if left_us < 60_000_000 else time_left(up_us, now_us)
    (st.warning if left_us < 120_000_000 else st.info)(t("Time left: {left}", left=left), icon=":material/timer:")
