"""A detector of one's own, checked in a process with a budget."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.bring_your_own import check_file, detectors_in
from engine.detectors.estimator import wrapped
from engine.errors import FileProblemError, LabError

HONEST = '''
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from engine.detectors.base import Detector

@dataclass
class Largest(Detector):
    """How far the largest reading is above the largest so far."""

    name: ClassVar[str] = "largest"
    title: ClassVar[str] = "Largest so far"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "records"
    bad_at: ClassVar[str] = "everything else"

    def start(self, n_machines, n_sensors):
        return {"largest": np.full(n_machines, np.nan)}

    def advance(self, block):
        out = np.zeros((len(block), block.n_machines))
        for i, values in enumerate(block.values):
            top = np.where(np.isfinite(values), values, -1e9).max(axis=1)
            out[i] = np.nan_to_num(np.maximum(top - self.state["largest"], 0.0))
            self.state["largest"] = np.fmax(self.state["largest"], top)
        return out
'''
CHEAT = HONEST.replace("out[i] = np", "out[i] = len(block) + np")
ESTIMATOR = '''
from sklearn.ensemble import IsolationForest

class FewTrees(IsolationForest):
    """An isolation forest of ten trees."""

    def __init__(self):
        super().__init__(n_estimators=10, random_state=1)
'''


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(text, encoding="utf-8")
    return path


def test_an_honest_detector_passes_and_its_cost_is_told(tmp_path):
    (report,) = check_file(_file(tmp_path, HONEST))

    assert [v.problem for v in report.verdicts if v.problem] == []
    assert report.passed
    assert report.detector == "largest"
    assert report.us_per_reading > 0


def test_a_detector_that_looks_at_the_whole_block_fails(tmp_path):
    (report,) = check_file(_file(tmp_path, CHEAT))

    failed = {verdict.check for verdict in report.verdicts if verdict.problem}
    assert "block_size_does_not_matter" in failed
    assert not report.passed


@pytest.mark.slow
def test_an_estimator_is_wrapped_and_passes(tmp_path):
    (report,) = check_file(_file(tmp_path, ESTIMATOR))

    assert report.detector == "few_trees"
    assert report.passed, [v.problem for v in report.verdicts if v.problem]


@pytest.mark.slow
def test_time_runs_out(tmp_path):
    slow = HONEST.replace("        out = np", "        while True: pass\n        out = np")

    (report,) = check_file(_file(tmp_path, slow), seconds=6.0)

    assert report.stopped == "stopped after 6 s: the time budget ran out"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit on memory is Linux's")
def test_memory_runs_out(tmp_path):
    greedy = HONEST.replace("        out = np", "        hoard = np.ones(400_000_000)\n        out = np")

    (report,) = check_file(_file(tmp_path, greedy), memory_mb=200)

    assert not report.passed
    words = report.stopped or " ".join(v.problem for v in report.verdicts if v.problem)
    assert "Memory" in words or "memory" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = 1", "there is no detector in it"),
        ("def broken(:", "line 1: it does not run"),
        ("import nothing_of_that_name", "line 1: it does not run"),
    ],
)
def test_a_file_without_a_detector_says_so(tmp_path, text, words):
    with pytest.raises(LabError, match=words):
        check_file(_file(tmp_path, text))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileProblemError, match="there is no such file"):
        detectors_in(tmp_path / "none.py")


def test_decisions_of_scikit_learn_are_turned_so_that_higher_is_stranger():
    import numpy as np
    from sklearn.ensemble import IsolationForest

    detector = wrapped(IsolationForest)()
    rows = np.random.default_rng(0).normal(size=(200, 3))
    model, _ = detector.fitted(rows)

    near, far = detector.raw_scores(model, np.array([[0.0, 0.0, 0.0], [9.0, 9.0, 9.0]]))

    assert far > near


@pytest.mark.slow
def test_the_command_line_prints_a_report_and_ends_with_1_for_a_cheat(tmp_path):
    command = [sys.executable, "-m", "engine", "check-detector", str(_file(tmp_path, CHEAT))]

    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False)

    assert done.returncode == 1, done.stderr
    assert "FAILED  block_size_does_not_matter" in done.stdout
    assert "It does not keep the contract." in done.stdout
    assert "Traceback" not in done.stderr
