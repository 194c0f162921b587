"""The instructor's choice of the plant: shipped ones, YAML files of the home, imported data; with seed and speed."""

from __future__ import annotations

import os

import streamlit as st

from app.controls import SPEEDS, command
from app.i18n import t
from app.lab import lab
from app.opening import DEFAULT_SPEED
from engine.plant.spec import OWN_FOLDER
from engine.running.choice import Choice, Offer, offers
from engine.seeds import chosen_seed

VARIABLES = ("FAULTLAB_PLANT", "FAULTLAB_SEED", "FAULTLAB_SPEED")


def plant_choice() -> None:
    """Draw the form that puts another plant, or this one anew, on stage."""
    opened = lab()
    found = offers(opened.folder)
    good = {offer.name: offer for offer in found if not offer.problem}
    with st.expander(t("Choose the plant"), icon=":material/swap_horiz:"):
        _environment_note()
        with st.form("plant_choice", border=False):
            what, number, pace, go = st.columns([4, 3, 2, 3], vertical_alignment="bottom")
            now = list(good).index(opened.spec.name) if opened.spec.name in good else 0
            plant = what.selectbox(t("Plant"), list(good), now, lambda name: _words(good[name]), key="choice_plant")
            seed = number.text_input(
                t("Seed"), placeholder=t("by chance"), key="choice_seed",  # a browser's numbers end at 2**53
                help=t("The same seed makes the same readings again."),
            )  # fmt: skip
            speed = pace.selectbox(
                t("Speed"), SPEEDS, SPEEDS.index(DEFAULT_SPEED), lambda one: f"×{one:g}", key="choice_speed"
            )
            wanted = go.form_submit_button(
                t("Start a new run"), type="primary", icon=":material/play_arrow:", width="stretch"
            )
        st.caption(
            t(
                "Everybody who watches sees it at once. The run on stage ends: its alarms end, its readings stay in "
                "the store. The next start of the lab shows this plant too."
            )
        )
        _own_files([offer for offer in found if offer.problem])
    if wanted and plant:
        with st.spinner(t("The plant is put on stage…")):
            command(lambda: opened.change_plant(Choice(plant, chosen_seed(seed), float(speed))))
        st.rerun()


def _words(offer: Offer) -> str:
    sources = {"shipped": t("shipped"), "own": t("your file"), "imported": t("imported data")}
    return f"{offer.title} ({offer.name}, {sources[offer.source]})"


def _environment_note() -> None:
    """Say that a variable of the server goes before what is chosen here, when it is set."""
    named = {name: os.environ[name] for name in VARIABLES if os.environ.get(name, "").strip()}
    if named:
        told = ", ".join(f"`{name}={value}`" for name, value in named.items())
        st.info(t("The server was started with {variables}: that holds again at its next start.", variables=told))


def _own_files(broken: list[Offer]) -> None:
    folder = lab().folder / OWN_FOLDER
    st.caption(
        t(
            "A plant of your own is a YAML file in `{folder}`; copy one from `data/plants`, name file and plant alike.",
            folder=folder,
        )
    )
    for offer in broken:
        st.warning(offer.problem)
