"""The film of the pipeline lab as a component: lanes with counters that move, can be paused and stepped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t

if TYPE_CHECKING:
    from engine.streams.lab_film import Film, Still

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "faultlab_pipeline",
    html='<div id="pipeline"></div>',
    js=(FOLDER / "picture.js").read_text(encoding="utf-8"),
    css=(FOLDER / "picture.css").read_text(encoding="utf-8"),
)


def pipeline_picture(film: Film, reel: str) -> None:
    """Draw the film; another `reel` plays from the beginning, the same one stays at its second."""
    _component(key="pipeline-picture", data=film_data(film, reel), default={})


def film_data(film: Film, reel: str) -> dict[str, Any]:
    """Return what the component draws; all words in the reader's language."""
    s = film.settings
    return {
        "reel": reel,
        "lanes": _lanes(film),
        "stills": [_still(one) for one in film.stills],
        "outage": [s.outage_at_s, s.outage_at_s + s.outage_s] if s.outage_at_s else None,
        "crash": [s.crash_at_s, s.crash_at_s + s.restart_s] if s.crash_at_s else None,
        "seconds": s.seconds,
        "room": s.queue_rows,
        "words": _words(),
    }


def _lanes(film: Film) -> list[dict[str, str]]:
    titles = {
        "source": (t("Source"), t("kept back")),
        "network": (t("Network"), t("under way")),
        "queue": (t("Queue"), t("waiting")),
        "windows": (t("Windows"), t("open")),
        "detector": (t("Detector"), t("alarms")),
        "store": (t("Store"), t("rows")),
    }
    return [{"id": s.name, "title": titles[s.name][0], "unit": titles[s.name][1]} for s in film.stills[0].stages]


def _still(still: Still) -> dict[str, Any]:
    books = still.books
    lanes = [[one.came, one.went, _big(one), one.given_up] for one in still.stages]
    return {
        "s": still.second,
        "lanes": lanes,
        "notes": _notes(still),
        "away": still.away,
        "watermark": still.watermark,
        "books": [books.produced, books.stored, books.under_way, books.lost],
        "faults": [
            books.late,
            books.doubled,
            books.wrong_windows,
            books.finished_windows,
            books.missed,
            books.alarms,
            books.planted,
            books.false_repeats,
        ],
        "balanced": books.balanced,
    }


def _big(stage: Any) -> int:
    """Return the figure that stands large in the lane: what is inside, or what has come of it."""
    return stage.went if stage.name in ("detector", "store") else stage.inside


def _notes(still: Still) -> list[str]:
    books = still.books
    return [
        t("the sender keeps them") if still.kept else "",
        t("{n} copies", n=still.copies) if still.copies else "",
        t("{n} wait before it", n=still.held) if still.held else "",
        t("{n} corrections", n=still.corrections) if still.corrections else "",
        t("{n} repeated", n=books.false_repeats) if books.false_repeats else "",
        t("{n} doubled", n=books.doubled) if books.doubled else "",
    ]


def _words() -> dict[str, str]:
    return {
        "play": t("Play"),
        "pause": t("Pause"),
        "again": t("From the start"),
        "back": t("One second back"),
        "forth": t("One second on"),
        "end": t("To the end"),
        "speed": t("Seconds of the run in one second"),
        "second": t("Second"),
        "of": t("of"),
        "watermark": t("Watermark"),
        "in": t("in"),
        "out": t("out"),
        "lost_here": t("given up"),
        "late_here": t("late"),
        "outage": t("no network"),
        "away": t("consumer down"),
        "truth": t("Against the truth"),
        "made": t("made by the source"),
        "stored": t("stored"),
        "under_way": t("under way"),
        "lost": t("lost"),
        "late": t("late: in no window"),
        "doubled": t("doubled in the store"),
        "wrong": t("windows with a wrong count"),
        "missed": t("planted faults missed"),
        "repeats": t("alarms raised again"),
        "balanced": t("Every row and every copy is accounted for."),
        "unbalanced": t("The books are not even."),
        "keys": t(
            "The slider takes arrow keys: one second each; Page Up and Page Down: ten. Space on Play starts and stops."
        ),
    }
