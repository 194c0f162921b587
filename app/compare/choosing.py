"""What a person chooses on the compare page: data, detectors with parameters, threshold, seeds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t
from app.lab import lab
from app.settings import field, settings_form
from app.upload_view import choose_columns, problems_of, show_problems, take_file
from app.watched import choose_plant
from engine.alarming.rules import AlarmRules
from engine.catalog import caption, parts
from engine.comparing.compare import HERE
from engine.comparing.contenders import CONTEXT, RAW, Contender
from engine.detectors.live import ON_RAW
from engine.params import parameters_of
from engine.plant.scenario import load_scenario, scenario_names

if TYPE_CHECKING:
    from engine.reading.choices import Choices
    from engine.reading.profile import Profile

FIRST_DETECTORS = (
    "limit",
    "ewma",
    "cusum",
    "mahalanobis",
    "half_space_trees",
    "pca_spe",
    "z_score",
    "isolation_forest",
)
RAW_ONLY = (*ON_RAW, "conformal_context")  # marks in a sensor's own unit, and a context stage of its own
MOST_DETECTORS, MOST_SEEDS = 12, 8
SCENARIO, RUNNING, FILE = "scenario", "running", "file"


@dataclass(frozen=True)
class Data:
    """Which readings; `first_seed` None = a seed that nobody chooses and nobody learns."""

    source: str
    scenario: str = ""
    hours: float = 24.0
    rate: float = 0.1
    seeds: int = 1
    first_seed: int | None = None
    plant: str = ""  # of the running ones; "" = the lab's own
    profile: Profile | None = None
    choices: Choices | None = None


def choose_data(teaches: bool, key: str = "compare", with_file: bool = True) -> Data | None:
    """Draw the choice of data; returns None while a file is missing."""
    words = {SCENARIO: t("Practice scenario"), RUNNING: t("Running plant"), FILE: t("A CSV file")}
    sources = [SCENARIO, RUNNING, FILE] if with_file else [SCENARIO, RUNNING]
    source = st.segmented_control(
        t("Data"), sources, default=SCENARIO, format_func=words.__getitem__, key=f"{key}-source", required=True
    )
    if source == FILE:
        return choose_file()
    if source == RUNNING:
        shown = choose_plant(f"{key}-plant")
        hours = st.select_slider(t("Last hours"), (1, 2, 4, 6, 12, 24, 48), 24, key=f"{key}-running-hours")
        return Data(RUNNING, hours=float(hours), plant="" if shown.own else shown.name)
    return _scenario(teaches, key)


def _scenario(teaches: bool, key: str) -> Data:
    what, span, times, first = st.columns([3, 3, 2, 2])
    titles = {name: load_scenario(name).title for name in scenario_names()}
    at = list(titles).index("pump_medium") if "pump_medium" in titles else 0
    with what:
        name = st.selectbox(t("Scenario"), list(titles), at, format_func=titles.__getitem__, key=f"{key}-scenario")
    hours = span.select_slider(t("Hours"), (6, 12, 24, 48, 72), 24, key=f"{key}-hours")
    seeds = times.number_input(
        t("Seeds"), 1, MOST_SEEDS, 1, key=f"{key}-seeds",
        help=t("How often the scenario is played, each time with other noise. More seeds tell luck from skill."),
    )  # fmt: skip
    seed = None
    if teaches:
        seed = int(first.number_input(t("First seed"), 0, 2**31 - 1, 1, key=f"{key}-seed"))
    return Data(SCENARIO, str(name), float(hours), seeds=int(seeds), first_seed=seed)


def choose_file() -> Data | None:
    """Let the person drop a file and say what its columns are; returns None while there is none."""
    profile = take_file()
    if profile is None:
        return None
    with st.expander(t("Columns and problems of the file"), icon=":material/table:"):
        choices = choose_columns(profile)
        show_problems(problems_of(profile, choices))
    return Data(FILE, profile=profile, choices=choices)


def choose_contenders(key: str = "compare") -> tuple[tuple[Contender, ...], Any]:
    """Draw the choice of detectors, what they are fed, their parameters and the threshold.

    Returns the contenders and the column that is left for a button in the same row.
    """
    known = {name: cls for name, cls in parts("detector").items() if cls.family != "baseline"}
    names = st.multiselect(
        t("Detectors"), list(known), [name for name in FIRST_DETECTORS if name in known], key=f"{key}-detectors",
        format_func=lambda name: known[name].title, max_selections=MOST_DETECTORS,
    )  # fmt: skip
    fed_column, values_column, rule_column, button_column = st.columns([4, 3, 3, 3], vertical_alignment="bottom")
    words = {CONTEXT: t("Context"), RAW: t("Raw"), "both": t("Both")}
    with fed_column:
        fed = st.segmented_control(
            t("They are fed with"), list(words), default=CONTEXT, format_func=words.__getitem__, key=f"{key}-fed",
            required=True,
            help=t("Context: what is left of each sensor when the other sensors, the hour and a slow baseline are "
                   "taken out. It matters more than which detector you choose. Data-sheet limits always get raw."),
        )  # fmt: skip
    with values_column.popover(t("Parameters"), icon=":material/tune:", width="stretch"):
        values = {name: _values(name, known[name], key) for name in names}
        st.toggle(
            t("Use all processor cores"), key=f"{key}-cores",
            help=t("Processes of their own, or the Dask cluster. Worth it for slow detectors and many seeds."),
        )  # fmt: skip
    with rule_column.popover(t("Threshold"), icon=":material/notifications:", width="stretch"):
        rule = choose_rule(key)
    chosen = tuple(Contender(name, values[name], one, **rule) for name in names for one in fed_of(name, str(fed)))
    return chosen, button_column


def workers_chosen(key: str = "compare") -> int | None:
    """Return `workers` for `compare`: this thread, or a process per core when that was asked for."""
    return None if st.session_state.get(f"{key}-cores") else HERE


def fed_of(name: str, fed: str) -> tuple[str, ...]:
    """Return what a detector is fed: limits of a data sheet mean nothing on residuals."""
    if name in RAW_ONLY:
        return (RAW,)
    return (RAW, CONTEXT) if fed == "both" else (fed,)


def _values(name: str, cls: type, key: str) -> dict[str, Any]:
    with st.expander(cls.title):
        st.caption(caption(cls))
        return settings_form(cls, f"{key}/{name}")


def choose_rule(key: str) -> dict[str, Any]:
    """Draw the threshold rule and the alarm rules; returns fields of a contender."""
    rules = parts("threshold")
    own = ""
    name = st.selectbox(
        t("Rule"), [own, *rules], format_func=lambda one: rules[one].title if one else t("Each detector's own"),
        key=f"{key}-rule",
    )  # fmt: skip
    values: dict[str, Any] = {}
    if name:
        st.caption(caption(rules[name]))
        values = settings_form(rules[name], f"{key}/rule/{name}")
    shown = {parameter.name: parameter for parameter in parameters_of(AlarmRules)}
    confirm = field(shown["confirm"], f"{key}/confirm")
    minutes = st.slider(
        t("Hold-off (min)"), 0, 120, 5, key=f"{key}/hold-off", help=t("What comes back within this time is one alarm.")
    )
    return {"rule": name or None, "rule_values": values, "confirm": int(confirm), "hold_off_s": 60.0 * minutes}


def running_end_us() -> int:
    """Return the plant time that has passed: nothing later may be asked for."""
    return int(lab().runner.snapshot().time_us)
