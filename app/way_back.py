"""The way back after signing in: which page was meant, as a short address that leads nowhere else."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlencode

import streamlit as st

from app.keys_of_session import PAGE_KEY

FIELD = "back"
LONGEST = 300
# One page of this lab and plain parameters: no slash, no scheme, no dot, so it cannot name another place.
PAGE = re.compile(r"[a-z_]{0,40}")


def to_sign_in() -> str:
    """Return the link of the sign-in page that leads back to the page and the parameters that are shown now."""
    page = str(st.session_state.get(PAGE_KEY, ""))
    asked = [(key, value) for key in st.query_params for value in st.query_params.get_all(key)]
    return login_address(page + (f"?{urlencode(asked)}" if asked else ""))


def login_address(back: str, **more: str) -> str:
    """Return the relative address of the sign-in page with the way back, when there is one that leads into the lab."""
    kept = {**more, **({FIELD: checked(back)} if checked(back) else {})}
    return f"login?{urlencode(kept)}" if kept else "login"


def checked(back: str) -> str:
    """Return a way back as it may be followed: a page of the lab with parameters; "" for anything else."""
    page, _, query = back.partition("?")
    if len(back) > LONGEST or PAGE.fullmatch(page) is None or page in ("login", "logout"):
        return ""
    asked = urlencode(parse_qsl(query, keep_blank_values=True))
    return page + (f"?{asked}" if asked else "")
