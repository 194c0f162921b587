"""The stored values of the reference implementations come out, to the digit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests import golden

PROJECT = Path(__file__).resolve().parents[3]
FROZEN = PROJECT / "tests" / "data" / "golden_frozen.jsonl"
PUBLIC = PROJECT.parent / "shared" / "golden" / "metrics_public.jsonl"


def _golden(*files: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.golden", *files], cwd=PROJECT, capture_output=True, text=True, check=False
    )


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
    for line in FROZEN.read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        assert not {"file", "files", "detector"} & set(case)
        assert "real" not in case.get("tags", [])


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
    done = _golden(str(FROZEN))

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


def test_any_threshold_that_attains_the_stored_value_is_accepted():
    """Alarming row 0 alone, or rows 0 to 3, gives F1 2/3: a reference may have kept either."""
    case = golden.Case({"n": 8, "truth": [[0, 0], [3, 3]], "score": [0.9, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.1]})
    high = {"f1": 2 / 3, "threshold": 0.9, "precision": 1.0, "recall": 0.5}
    low = {"f1": 2 / 3, "threshold": 0.5, "precision": 0.5, "recall": 1.0}

    assert golden.problems(case, {"m": "best_f1", "v": high}) == []
    assert golden.problems(case, {"m": "best_f1", "v": low}) == []
    assert golden.problems(case, {"m": "best_f1", "v": {**low, "recall": 0.5}}) != []
    assert golden.problems(case, {"m": "best_f1", "v": {**low, "threshold": 0.1}}) != []


def test_what_cannot_be_judged_counts_as_failed_with_a_line_and_never_a_traceback(tmp_path):
    row = {"id": "a", "kind": "comet", "n": 3, "truth": [[1, 1]], "pred": [[1, 1]], "score": [0, 1, 0]}
    checks = [
        {"id": "a/1", "m": "halo", "p": {}, "v": {"f1": 1.0}},
        {"id": "a/2", "m": "vus", "p": {"colour": 3}, "v": {"vus_pr": 1.0}},
        {"id": "a/3", "m": "nab_at", "p": {"threshold": 1}, "v": {"score": 1.0}},
        {"id": "a/4", "m": "point", "p": {}, "v": {"tp": "one"}},
        {"id": "a/5", "m": "point", "p": {}},
        {"id": "a/6", "m": "point", "p": {}, "v": {"tp": 1, "f1": 1.0}},
        {"id": "a/7", "m": "halo", "p": {}, "v": {"f1": 1.0}, "info": True},
    ]
    skab = {"kind": "skab_corpus", "files": [{"file": "none/9.csv", "skip_rows": 400, "pred": []}]}
    file = tmp_path / "odd.jsonl"
    lines = [json.dumps({**row, "checks": checks}), "{not json", json.dumps([1]), json.dumps(row), ""]
    lines.append(json.dumps({**skab, "checks": [{"id": "s/1", "m": "skab_binary", "v": None}]}))
    file.write_text("\n".join(lines), encoding="utf-8")

    done = _golden(str(file), str(tmp_path / "absent.jsonl"))

    told = done.stdout.strip().splitlines()
    assert (done.returncode, done.stderr) == (1, "")
    assert told[-1] == "1 passed, 10 failed"
    assert len(told) == 11
    assert "No metric is called 'halo'" in told[0]
    assert "kind 'comet'" in told[2]
    assert "line 2" in told[5]
    assert "none/9.csv" in told[8]
    assert "absent.jsonl" in told[9]


def test_the_runner_needs_only_what_the_app_needs():
    """A held-out file is run where the development packages are not installed."""
    seen = "import sys, tests.golden; print({name.partition('.')[0] for name in sys.modules})"

    done = subprocess.run([sys.executable, "-c", seen], cwd=PROJECT, capture_output=True, text=True, check=True)

    assert not {"pytest", "_pytest", "hypothesis", "playwright", "httpx", "river"} & set(
        done.stdout.replace("'", " ").split()
    )
