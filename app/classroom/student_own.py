"""What belongs to the person: the token for the API, everything that is kept about it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.student_frame import own
from app.i18n import t

if TYPE_CHECKING:
    from app.classroom.student import StudentDesk

TOKEN_KEY = "fresh_token"


def own_data(desk: StudentDesk) -> None:
    """Draw token and export."""
    with st.expander(t("Your token and your data"), icon=":material/key:"):
        st.markdown(t("You are **{handle}**; that is the only name that others see.", handle=desk.person.handle))
        token, data = st.columns(2)
        with token:
            st.caption(
                t("A token lets a notebook work for you. A new one ends the old one; shown once, good for 30 days.")
            )
            st.button(
                t("Sign out everywhere"), icon=":material/logout:", on_click=own, args=(desk, desk.sign_out),
                key="sign-out-everywhere", help=t("Ends all your sign-ins, open tabs and tokens, this one too."),
            )  # fmt: skip
            st.button(t("New token"), icon=":material/vpn_key:", on_click=_token, args=(desk,), key="new-token")
            fresh = st.session_state.pop(TOKEN_KEY, None)
            if fresh:
                st.code(fresh, language=None)
        with data:
            st.caption(t("Everything that this class keeps about you, as one file. To be erased, ask your instructor."))
            st.download_button(
                t("My data"), lambda: json.dumps(desk.export(), indent=1, default=str, ensure_ascii=False),
                "my-class-data.json", "application/json", icon=":material/download:", on_click="ignore", key="my-data",
            )  # fmt: skip


def _token(desk: StudentDesk) -> None:
    st.session_state[TOKEN_KEY] = own(desk, desk.token)
