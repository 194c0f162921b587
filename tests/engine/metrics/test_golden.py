"""The stored values of the reference implementations come out, to the digit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden

PROJECT = Path(__file__).resolve().parents[3]
FROZEN = PROJECT / "tests" / "data" / "golden_frozen.jsonl"
PUBLIC = PROJECT.parent / "shared" / "golden" / "metrics_public.jsonl"


def test_every_frozen_check_passes():
    wrong: list[str] = []

    passed, failed = golden.run(FROZEN, wrong.append)

    assert (failed, wrong) == (0, [])
    assert passed > 2500


@pytest.mark.skipif(not PUBLIC.exists(), reason="the shared golden vectors are not beside the project")
def test_every_public_check_passes():
    wrong: list[str] = []

    passed, failed = golden.run(PUBLIC, wrong.append)

    assert (failed, wrong) == (0, [])
    assert passed == 3005


def test_the_frozen_copy_holds_no_case_made_from_nab_or_skab_files():
    for case in golden.cases(FROZEN):
        assert not {"file", "files", "detector"} & set(case.data)
        assert "real" not in case.data.get("tags", [])


def test_a_wrong_value_is_reported_and_counted(tmp_path):
    """A runner that cannot fail proves nothing."""
    text = FROZEN.read_text(encoding="utf-8").splitlines()[0].replace('"roc_auc":0.715', '"roc_auc":0.716', 1)
    file = tmp_path / "wrong.jsonl"
    file.write_text(text + "\n", encoding="utf-8")
    wrong: list[str] = []

    _, failed = golden.run(file, wrong.append)

    assert failed == 1
    assert "roc_auc" in wrong[0]


def test_the_runner_ends_with_the_counts():
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden", str(FROZEN)], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0
    assert done.stdout.strip().splitlines()[-1].endswith(" passed, 0 failed")


def test_a_degenerate_number_may_be_matched_or_undefined_but_a_null_must_be_undefined():
    assert golden.same(None, 0.0, 1e-9, lax=True)
    assert not golden.same(None, 0.0, 1e-9)
    assert not golden.same(0.0, None, 1e-9, lax=True)


def test_scores_that_are_refused_count_as_undefined_with_the_refusal_as_reason():
    """A file may hold NaN scores; the grader must neither stop nor invent a number."""
    data = {"n": 3, "truth": [[1, 1]], "pred": [], "score": [0.1, float("nan"), 0.2]}
    check = {"m": "ranking", "p": {}, "v": None, "deg": True}

    assert golden.problems(golden.Case(data), check) == []
    assert golden.problems(golden.Case(data), {**check, "v": {"roc_auc": 0.5}, "deg": False}) != []
