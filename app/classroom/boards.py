"""A board for the room: handles and baselines, what the Ladder shows, and how much it gives away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t
from engine.classroom.fairness import SAYS_LITTLE, SAYS_NOTHING

if TYPE_CHECKING:
    from engine.classroom.boards import BoardLine, Leak
    from engine.classroom.spec import Board


def show_board(lines: list[BoardLine], rule: Board, *, split: bool) -> None:
    """Draw the lines, best first; baselines have another shape and their own word."""
    best = max((line.shown for line in lines if not line.baseline), default=None)
    if best is None:
        st.info(t("Nobody is on this board yet; the baselines are what to beat."))
    st.dataframe(
        [_row(line) for line in lines], hide_index=True, width="stretch",
        column_config={t("Shown"): st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)},
    )  # fmt: skip
    st.caption(
        t(
            "Ladder rule: a score is shown when it beats the last one by a whole step of {step} %, rounded to it.",
            step=f"{100 * rule.step:g}",
        )
        + " "
        + what_counts(split)
    )


def what_counts(split: bool) -> str:
    """Return what board and mark have to do with each other in this assignment."""
    if split:
        return t("The mark comes from data that no board has seen.")
    return t("Board and mark come from the same data: this assignment has no `split`, so the board tells of the mark.")


def _row(line: BoardLine) -> dict[str, Any]:
    known = {
        "random": t("chance"),
        "label_all": t("label everything"),
        "reference": t("best one-line rule"),
        "shewhart_3s": t("three-sigma rule"),
    }
    name = line.handle if not line.baseline else t("baseline: {name}", name=known.get(line.handle, line.handle))
    shape = "◆" if line.baseline else ("▶" if line.own else "●")
    mine = f" ({t('you')})" if line.own else ""
    return {"": shape, t("Who"): f"{name}{mine}", t("Shown"): line.shown, t("Attempts"): str(line.attempts or "")}


def show_what_it_says(says: float | None) -> None:
    """Say what the public part tells about the private one that is graded; nothing where no split is known."""
    if says is None or says >= SAYS_LITTLE:
        return
    number = f"{says:.2f}"
    if says < SAYS_NOTHING:
        st.warning(
            t("This board says nothing about the grade (rank correlation {number}): do not tune to it.", number=number)
        )
    else:
        st.caption(
            t("This board says little about the grade: rank correlation {number} in a simulated class.", number=number)
        )


def show_leak(leak: Leak) -> None:
    """Draw the leak meter."""
    st.markdown(f"##### {t('Leak meter')}")
    one, room, truth = st.columns(3)
    one.metric(t("One student can read off"), t("{n} bits", n=f"{leak.student_bits:.0f}"), border=True)
    room.metric(t("The class together"), t("{n} bits", n=f"{leak.class_bits:.0f}"), border=True)
    truth.metric(t("The events hold"), t("{n} bits", n=f"{leak.truth_bits:.0f}"), border=True)
    words = t(
        "{n} % of what the events hold can leak through board and feedback while work is taken.",
        n=f"{100 * leak.share:.0f}",
    )
    st.progress(min(1.0, leak.share), text=words)
    if not leak.green:
        st.warning(t("More than half could leak: the board says much about the public part, nothing about the mark."))
