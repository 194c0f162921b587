"""The audit log on screen: the chain's proof, filters, the entries, and a file to take away."""

from __future__ import annotations

import streamlit as st

from app.classroom.instructor_desk import clock_text, school, table
from app.i18n import t
from engine.classroom.csv_text import csv_rows

MOST = 500


def chain() -> None:
    """Draw whether the chain holds, and its head to write down elsewhere."""
    broken = school().audit.broken_at()
    calls = school().calls.broken_at()
    number, head = school().audit.head()
    cut = school().audit.cut_off()
    if cut is not None:
        st.error(t("The end of the log is gone: the vault knows of entry {n}.", n=cut), icon=":material/gpp_bad:")
    elif broken is None and calls is None:
        st.success(
            t("The chain holds: {n} entries, none changed, and its end is the one that the vault knows.", n=number),
            icon=":material/verified:",
        )
    else:
        where = t("entry {n} of the log", n=broken) if broken is not None else t("call {n} of a student", n=calls)
        st.error(
            t("The chain is broken at {where}: something was changed after it was written.", where=where),
            icon=":material/gpp_bad:",
        )
    st.caption(
        t(
            "Head of the chain. Who can write both files of this lab could write both anew; write the head down "
            "elsewhere, and it proves that nobody did:"
        )
    )
    st.code(f"{number}  {head}", language=None, wrap_lines=True)


def entries() -> None:
    """Draw the newest entries that fit the filters."""
    everything = school().audit.entries()
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    actor = left.selectbox(
        t("Who"), [None, *sorted({e.actor for e in everything})], format_func=lambda one: one or t("everybody")
    )
    kinds = {
        "all": t("everything"),
        "truth": t("looks at truth and changes of it"),
        "export": t("exports"),
        "marks": t("marks"),
    }
    kind = middle.selectbox(t("What"), list(kinds), format_func=kinds.get, key="audit_kind")
    text = right.text_input(t("Find"), placeholder=t("handle, assignment, receipt…"), key="audit_text").strip().lower()
    words = {"all": "", "truth": "truth", "export": "export", "marks": "mark"}
    shown = [
        e
        for e in reversed(everything)
        if (actor is None or e.actor == actor)
        and words[kind] in e.action
        and text in f"{e.object} {e.before} {e.after}".lower()
    ]
    st.caption(t("{n} of {of} entries, the newest first", n=len(shown), of=len(everything)))
    table(
        [
            {
                t("No."): e.seq,
                t("When"): clock_text(e.at_us),
                t("Who"): e.actor,
                t("Did"): e.action,
                t("With what"): e.object,
                t("Before"): e.before,
                t("After"): e.after,
                t("Hash"): e.hash[:12],
            }
            for e in shown[:MOST]
        ],
        height=460,
    )

    def file() -> str:
        rows = [["seq", "at", "actor", "action", "object", "before", "after", "hash"]]
        rows += [
            [str(e.seq), clock_text(e.at_us), e.actor, e.action, e.object, e.before, e.after, e.hash]
            for e in everything
        ]
        return csv_rows(rows)

    st.download_button(t("The whole log as CSV"), file, "audit.csv", "text/csv", icon=":material/download:")
