"""The label column of a stranger's file: kept out of the detectors, read only for an instructor's metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError

if TYPE_CHECKING:
    from engine.records import BoolArray
    from engine.scoring.profile import Profile

NORMAL_WORDS = ("", "0", "0.0", "false", "no", "normal", "none", "nan", "benign", "ok", "-")


def labels_of(profile: Profile, column_name: str | None = None) -> BoolArray:
    """Return which rows the file itself calls anomalous, bool (n_rows,), from its first or the named label column.

    Raises
    ------
    FileProblemError
        When the file has no such label column.
    """
    found = [c for c in profile.of_role("label") if column_name is None or c.name == column_name]
    if not found:
        raise FileProblemError(profile.file, "columns", "no column is a label", "choose the label column first")
    texts = profile.staging.texts(found[0].at)
    return np.array([text.lower() not in NORMAL_WORDS for text in texts], dtype=bool)
