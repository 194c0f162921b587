"""What streams into the lab, on the live and the health page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t
from app.lab import lab
from engine.records import iso_time


def feed_line() -> None:
    """Draw where the readings come from when they are not simulated here; refreshes itself."""
    if lab().intake.feed is not None:
        st.fragment(run_every=2)(_feed_line)()


def _feed_line() -> None:
    facts = lab().intake.figures()["feed"]
    if facts["problem"]:
        st.warning(facts["problem"], icon=":material/cloud_off:")
    elif facts["newest_us"] is None:
        st.info(t("Connected to Kafka; no reading has come yet."), icon=":material/hourglass_top:")
    else:
        st.caption(
            t(
                "Readings come from Kafka: {n} so far, the newest of {time}.",
                n=f"{facts['received']:,}",
                time=iso_time(facts["newest_us"]),
            )
            + _left_out(facts)
        )


def _left_out(facts: dict[str, Any]) -> str:
    """Return what of the stream is not on the charts, and why; "" when everything is."""
    words = {
        "late": t("stored, but too late to be scored: {n}", n=f"{facts['late']:,}"),
        "unread": t("came faster than they could be taken: {n}", n=f"{facts['unread']:,}"),
        "waiting": t("wait at the broker: {n}", n=f"{facts['waiting']:,}"),
        "refused": t("are no readings of this plant: {n}", n=f"{facts['refused']:,}"),
    }
    told = "; ".join(words[name] for name in words if facts[name])
    reason = facts["last_refusal"].replace("`", "'")  # a stranger's words: shown as they are, never as Markdown
    why = f" (`{reason}`)" if facts["refused"] and reason else ""
    return f" {t('To know:')} {told}{why}." if told else ""


def intake_figures() -> None:
    """Draw figures of windows, and of feed and worker scores where there are any."""
    facts = lab().intake.figures()
    windows = facts["windows"]
    shown = [
        (t("Window statistics"), windows["rows"], t("ticks skipped: {n}", n=f"{windows['ticks_skipped']:,}"), windows)
    ]
    if "feed" in facts:
        feed = facts["feed"]
        shown.append((t("Readings from Kafka"), feed["received"], t("refused: {n}", n=f"{feed['refused']:,}"), feed))
    if "scores" in facts:
        scores = facts["scores"]
        shown.append((t("Scores of workers"), scores["stored"], t("topic: {name}", name=scores["topic"]), scores))
    _row(shown)


def _row(shown: list[tuple[str, int, str, dict[str, Any]]]) -> None:
    for column, (label, number, note, facts) in zip(st.columns(4), shown, strict=False):
        with column.container(border=True):
            st.metric(label, f"{number:,}")
            st.caption(note)
            if facts["problem"]:
                st.caption(f":red[{facts['problem']}]")
