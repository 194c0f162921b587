"""Checking that nothing was changed after the release: commitments, and the sealed truth after all deadlines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.i18n import t
from app.snippets import show_in_python
from engine.classroom.assignments import verify_proof
from engine.classroom.seeds import class_commitment
from engine.errors import AccessError, LabError

if TYPE_CHECKING:
    from engine.classroom.assignment_files import Variant

BY_HAND = """
import hashlib, json

proof = json.load(open("proof.json"))
seen = hashlib.sha256(f"{proof['salt']}\\n{proof['key']}".encode()).hexdigest()
print(seen == proof["commitment"])      # needs nothing of this program
"""


def show_commitments(school: Any, assignment: str, variants: list[Variant]) -> None:
    """Draw the hash of the release, and whether the variants' hashes give it."""
    published = school.assignments.commitment(assignment)
    st.markdown(f"##### {t('Published at the release')}")
    st.code(published, language=None)
    seen = class_commitment([variant.commitment for variant in variants])
    if seen == published:
        st.success(t("The {n} sealed variants give exactly this hash.", n=len(variants)), icon=":material/verified:")
    else:
        st.info(
            t("People joined after the release; their variants have commitments of their own, made when they came.")
        )


def show_proof(school: Any, assignment: str, variant: Variant) -> None:
    """Draw the proof of one variant, or when it opens."""
    st.markdown(f"##### {t('Variant {name}', name=variant.variant)}")
    st.code(variant.commitment, language=None)
    try:
        proof = school.assignments.proof(assignment, variant.variant)
    except AccessError as problem:
        st.info(str(problem), icon=":material/lock_clock:")
        return
    judge(proof)
    st.download_button(
        t("The proof as a file"), json.dumps(proof, indent=1), f"{assignment}-{variant.variant}-proof.json",
        "application/json", icon=":material/download:", on_click="ignore", key="proof-file",
    )  # fmt: skip
    with st.expander(t("What was sealed")):
        st.json(json.loads(proof["key"]))


def check_file() -> None:
    """Let anybody check a proof file; nothing but the file is needed."""
    dropped = st.file_uploader(t("Check a proof file"), type=["json"], max_upload_size=4, key="proof-check")
    if dropped is not None:
        try:
            judge({str(k): str(v) for k, v in json.loads(dropped.getvalue()).items()})
        except (ValueError, KeyError, TypeError, AttributeError, LabError):
            st.error(t("This is no proof file; take the one that this page offers."))
    show_in_python(BY_HAND)


def judge(proof: dict[str, str]) -> None:
    """Say whether salt and truth give the commitment."""
    if verify_proof(proof):
        st.success(
            t("Salt and sealed truth give the published commitment: nothing was changed."), icon=":material/verified:"
        )
    else:
        st.error(t("They do not fit: the truth is not the one that was sealed."), icon=":material/gpp_bad:")
