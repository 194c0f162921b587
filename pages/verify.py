"""Verify: was the truth really fixed before anybody handed in? Anyone can check."""

import streamlit as st

from app.access import viewer
from app.classroom.proofs import check_file, show_commitments, show_proof
from app.classroom.titles import assignment_titles
from app.i18n import t
from app.lab import lab
from engine.errors import LabError

who, school = viewer(), lab().classroom
st.title(t("Verify"))
st.markdown(
    t(
        "At the release of an assignment a SHA-256 of its salted truth is published. When the last deadline is over, "
        "salt and truth are opened here, and anyone can check that they give the same hash."
    )
)

try:
    person = who.classmate
    out = assignment_titles(spec for spec, state in school.assignments.all() if state in ("released", "published"))
    if not out:
        st.info(t("No assignment is released yet."))
    else:
        name = st.selectbox(t("Assignment"), list(out), key="verify", format_func=out.get, bind="query-params")
        variants = school.assignments.variants(name)
        show_commitments(school, name, variants)
        names = [variant.variant for variant in variants]
        own = next((k for k, one in enumerate(variants) if one.person == person), 0)
        at = st.selectbox(t("Variant"), range(len(names)), own, key="verify-variant", format_func=names.__getitem__)
        if at is not None:
            show_proof(school, name, variants[at])
    check_file()
except LabError as problem:
    st.error(str(problem))
