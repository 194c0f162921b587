"""Pages follow the plant on stage: when another one comes, what was drawn or clicked for the old one is dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t
from app.keys_of_session import DONE_KEY, OF_STAGE, STAGE_KEY
from app.lab import lab

if TYPE_CHECKING:
    from collections.abc import Callable


def follow_stage() -> None:
    """Begin anew when the plant has changed since this tab was drawn: a click was meant for the plant it showed."""
    number = lab().stage.number
    before = st.session_state.get(STAGE_KEY, number)
    st.session_state[STAGE_KEY] = number
    if before != number:
        for name in OF_STAGE:
            st.session_state.pop(name, None)
        st.session_state.setdefault(DONE_KEY, t("Another run is on stage: {plant}.", plant=lab().spec.title))
        st.rerun()


def following(every_s: float, draw: Callable[..., Any]) -> Callable[..., Any]:
    """Return a fragment that draws every few seconds; the whole page runs again when the plant has changed."""
    stage = lab().stage

    def drawn(*arguments: Any) -> None:
        if lab().stage is not stage:
            st.rerun()
        draw(*arguments)

    return st.fragment(run_every=every_s)(drawn)
