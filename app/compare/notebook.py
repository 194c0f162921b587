"""The lab notebook of a comparison, where its seeds were chosen: a drawn seed is thrown away and cannot be named."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import streamlit as st

from app.i18n import t
from lessons.notebook import CompareWork, ContenderPart, notebook_text
from lessons.regrade import compare_score

if TYPE_CHECKING:
    from app.compare.working import Result


def offer_comparison(result: Result) -> None:
    """Offer the download for a scenario that was played with chosen seeds."""
    seeds = chosen_seeds(result)
    if not seeds:
        return
    st.download_button(
        t("Lab notebook (JSON)"), lambda: comparison_notebook(result, seeds), "comparison-notebook.json",
        "application/json", icon=":material/menu_book:", key="compare-notebook",
        help=t("Every try with its seed: python -m engine regrade-notebook FILE gives the same score elsewhere."),
    )  # fmt: skip


def chosen_seeds(result: Result) -> tuple[int, ...]:
    """Return the seeds of the stretches; () when nobody chose them, or there was no scenario."""
    first = result.data.first_seed
    return () if first is None or result.practice is None else tuple(range(first, first + result.data.seeds))


def comparison_notebook(result: Result, seeds: tuple[int, ...]) -> str:
    """Return the comparison as a notebook, with the score that grading it again gives."""
    parts = tuple(ContenderPart.model_validate(asdict(one)) for one in result.contenders)
    data = result.data
    work = CompareWork(scenario=data.scenario, hours=data.hours, rate=data.rate, seeds=seeds, contenders=parts)
    return notebook_text(work, compare_score(work))
