"""Cards and small tables in the theme's colours, drawn from HTML that our own views make out of escaped text."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from app.i18n import t
from engine.records import DAY_US, iso_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# Word and shape beside the colour: nobody needs to see colours to read a priority or a status.
SHAPES = {
    "critical": "▲", "warning": "◆", "notice": "●", "normal": "●", "maintenance": "■", "no data": "○",
    "raised": "◉", "acknowledged": "✓", "shelved": "◔", "suppressed": "■", "cleared": "○",
}  # fmt: skip
FILL = """
export default function (component) {
  const place = component.parentElement.querySelector(".board")
  if (place.shown !== component.data.html) place.innerHTML = place.shown = component.data.html
}
"""
_component = st.components.v2.component(
    "faultlab_board",
    html='<div class="board"></div>',
    js=FILL,
    css=Path(__file__).with_name("board.css").read_text(encoding="utf-8"),
)


def board(html: str, key: str) -> None:
    """Draw HTML in which every text has been escaped."""
    _component(key=key, data={"html": html})


def pill(kind: str, word: str) -> str:
    """Return a mark of that kind (a key of SHAPES) with shape and word."""
    return f'<span class="pill {escape(kind.replace(" ", "-"))}">{SHAPES.get(kind, "●")} {escape(word)}</span>'


def word_of(kind: str) -> str:
    """Return a priority, state or status in the reader's language."""
    words = {
        "critical": t("critical"),
        "warning": t("warning"),
        "notice": t("notice"),
        "normal": t("normal"),
        "maintenance": t("maintenance"),
        "no data": t("no data"),
        "raised": t("raised"),
        "acknowledged": t("acknowledged"),
        "shelved": t("shelved"),
        "suppressed": t("suppressed"),
        "cleared": t("cleared"),
    }
    return words.get(kind, kind)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "", numbers: Sequence[int] = ()) -> str:
    """Return a table; cells are HTML already, `numbers` are the columns to be set right."""
    side = dict.fromkeys(numbers, ' class="number"')
    top = "".join(f'<th scope="col"{side.get(at, "")}>{escape(name)}</th>' for at, name in enumerate(head))
    body = "".join(
        "<tr>" + "".join(f"<td{side.get(at, '')}>{cell}</td>" for at, cell in enumerate(row)) + "</tr>" for row in rows
    )
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{told}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def clock(at_us: int, now_us: int) -> str:
    """Return the time of day, with the date when it is another day's."""
    text = iso_time(at_us - at_us % 1_000_000, seconds_only=True)
    return text[11:19] if at_us // DAY_US == now_us // DAY_US else f"{text[5:10]} {text[11:19]}"


def moment(at_us: int) -> str:
    """Return a moment of plant time as 2026-01-05 08:16:16 UTC."""
    return iso_time(at_us, seconds_only=True)[:19].replace("T", " ") + " UTC"


def lasting(seconds: float) -> str:
    """Return a duration as 45 s, 12 min, 3 h 05 min or 2 d 4 h."""
    whole = max(0, round(seconds))
    if whole < 90:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3600} h"
