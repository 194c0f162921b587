"""Whether points measure skill on an assignment: simulated people on its variants, and how they are simulated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.instructor_desk import long_work, school, table
from app.i18n import t
from engine.classroom.fairness import MOST_ADDED, MOST_RANGE, MOST_SD
from engine.classroom.labelers import LABELERS

if TYPE_CHECKING:
    from engine.classroom.fairness import Fairness, Skill


def fairness_part(name: str) -> None:
    """Draw the button that measures luck against skill, and what it found."""
    key = f"fairness_of/{name}"
    outcome = long_work(
        f"fairness/{name}",
        t("Measure luck against skill"),
        lambda progress, cancelled: school().fairness(name),
        icon=":material/balance:",
    )
    if outcome is not None:
        st.session_state[key] = outcome
        st.rerun()
    found: Fairness | None = st.session_state.get(key)
    if found is not None:
        _found(found)
    _model()


def _found(found: Fairness) -> None:
    scale, careful = found.out_of / 90.0, found.careful
    if found.fair:
        st.success(t("The same skill earns the same points on all of these variants, and the truth earns all of them."))
    else:
        st.warning(t("Not fair yet: at least one number below is beyond its limit."))
    with st.container(horizontal=True):
        st.metric(t("Range (at most {most})", most=f"{MOST_RANGE * scale:g}"), f"{careful.range:.1f}")
        st.metric(t("SD of plants (at most {most})", most=f"{MOST_SD * scale:g}"), f"{careful.plants_sd:.1f}")
        added = t("Wrong orders added (at most {most} %)", most=f"{100 * MOST_ADDED:g}")
        st.metric(added, f"{100 * found.added_luck:.1f} %")
        st.metric(t("The exact truth earns"), f"{100 * found.truth:.0f} %")
    table([_row(one) for one in found.skills])
    st.caption(
        t(
            "A careful person earns less than an average one in {own} % of pairs on plants of their own, in {shared} % "
            "on the same plant: the rest is the luck of the day, which more faults make smaller.",
            own=f"{100 * found.behind_own:.1f}",
            shared=f"{100 * found.behind_shared:.1f}",
        )
    )


def _row(one: Skill) -> dict[str, object]:
    return {
        t("Person"): person_word(one.name),
        t("Expected points"): round(one.mean, 1),
        t("Lowest"): round(one.low, 1),
        t("Highest"): round(one.high, 1),
        t("SD of plants"): round(one.plants_sd, 1),
        t("SD of the day"): round(one.day_sd, 1),
    }


def _model() -> None:
    """Draw the parameters of the simulated people: assumptions of the house, in `engine/classroom/labelers.py`."""
    with st.expander(t("How these people are simulated")):
        table(
            [
                {
                    t("Person"): person_word(one.name),
                    t("Finds half at visibility"): one.half_point,
                    t("Slope"): one.slope,
                    t("Edges, minutes"): one.edge_minutes,
                    t("False a day"): one.false_a_day,
                    t("Right fault"): one.naming,
                }
                for one in LABELERS.values()
            ]
        )
        st.caption(
            t(
                "Visibility is the difference that a fault makes in its best half hour on its clearest sensor, in "
                "ordinary wobbles (SD) of that sensor; a fault below 0.3 is never asked for. The numbers are "
                "assumptions; a real class tells better ones."
            )
        )


def person_word(name: str) -> str:
    """Return the name of a simulated person in the reader's language."""
    words = {"careful": t("careful"), "average": t("average"), "beginner": t("beginner")}
    return words.get(name, name)
