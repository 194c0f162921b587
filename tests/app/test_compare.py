"""Compare, X-ray, theatre and economics: they run for every role, and truth stays where it belongs."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.compare.choosing import Data, fed_of
from app.compare.code import comparison_code
from app.compare.lanes import Lane, lanes_figure
from app.compare.replay import Moment, asked_moment
from app.compare.xray_figures import blame_figure, inside_figure, score_figure
from engine.catalog import parts
from engine.comparing.compare import run_contender
from engine.comparing.contenders import CONTEXT, Contender
from engine.comparing.practice import Practice
from engine.comparing.xray import look
from engine.errors import LabError, UnknownNameError
from lessons import reader as lessons

assert lessons.__file__  # imported here: a page test puts app/ first on the path, where another `lessons` lies
ROOT = Path(__file__).resolve().parents[2]
PAGES = ("compare", "xray", "theatre", "economics")
FAST = ["ewma", "limit"]
# Training them takes longer than a test may; their inside views are those of the others.
SLOW = ("knn_cad", "autoencoder", "cblof", "hbos", "robust_random_cut_forest", "spectral_residual", "kmeans_ad")
SHOWN = sorted(name for name, cls in parts("detector").items() if cls.family != "baseline" and name not in SLOW)


def opened_page(name, role="student"):
    test = AppTest.from_file(str(ROOT / "app" / "shell.py"), default_timeout=60)
    test.user = {"role": role}
    test.run()
    return test.switch_page(str(ROOT / "pages" / f"{name}.py")).run()


def scored(role, source="scenario", hours=6):
    """The compare page after Score with two fast detectors."""
    test = opened_page("compare", role)
    test.multiselect(key="compare-detectors").set_value(FAST)
    if source == "scenario":
        test.select_slider(key="compare-hours").set_value(hours)
    else:
        test.button_group(key="compare-source").set_value(source)
    test.run()
    test.button(key="compare-go").click().run()
    test.session_state["compare-job"].wait(60)
    return test.run()


def words_of(test):
    """All that is sent to the browser, figures and tables included."""
    return " ".join(_sent(test.main)).lower()


def _sent(node):
    for child in node.children.values():
        yield f"{getattr(child, 'proto', '')} {_table(child)}"
        yield from _sent(child) if hasattr(child, "children") else ()


def _table(element):
    return element.value.to_string() if element.type == "arrow_data_frame" else ""


@pytest.fixture(scope="module")
def stretch():
    return Practice("pump_medium", first_seed=5, hours=6.0, rate=1 / 30).stretches[0]


@pytest.mark.parametrize("role", ["student", "instructor"])
@pytest.mark.parametrize("name", PAGES)
def test_every_page_runs_for_every_role(running, name, role):
    test = opened_page(name, role)

    assert not test.exception
    assert not test.error
    assert test.title


def test_a_student_sees_no_truth_before_the_reveal_and_the_panel_after(running):
    test = scored("student")
    result = test.session_state["compare-job"].outcome

    assert not test.exception
    assert result.truths is None
    assert result.rows is None
    assert result.data.first_seed is None
    assert "oracle" not in words_of(test)

    test.button(key="compare-reveal").click().run()

    assert not test.exception
    assert [row.contender.detector for row in result.rows][-1] == "oracle"
    assert [button for button in test.button if button.key == "compare-reveal"] == []


def test_the_running_plant_reveals_nothing_to_a_student(running):
    running.runner.inject(fault="bearing_failure", machine="MACHINE_001", severity=1.0, ramp_s=1.0)
    test = scored("student", "running")
    result = test.session_state["compare-job"].outcome

    assert not test.exception
    assert result.truths is result.rows is None
    assert [button for button in test.button if button.key == "compare-reveal"] == []
    assert "bearing_failure" not in words_of(test)


def test_an_instructor_gets_the_panel_with_all_baselines(running):
    result = scored("instructor").session_state["compare-job"].outcome

    names = [row.contender.detector for row in result.rows]
    assert names == [*FAST, "never", "always", "at_random", "range_rule", "oracle"]


def test_nothing_after_now_is_looked_at(running):
    result = scored("instructor", "running").session_state["compare-job"].outcome

    assert result.stretches[0].span.end_us <= running.runner.clock.now_us() + result.stretches[0].step_us


def test_live_mode_draws_the_running_plant(running):
    test = opened_page("compare")
    test.multiselect(key="compare-detectors").set_value(FAST)
    test.button_group(key="compare-mode").set_value("live")
    test.run()

    assert not test.exception
    assert "ewma (context): 0" in words_of(test)


def test_economics_show_a_student_sums_but_no_ledger(running):
    student, instructor = opened_page("economics"), opened_page("economics", "instructor")

    assert student.metric[0].value.endswith("EUR/d")
    assert "ledger" not in words_of(student)
    assert "ledger" in words_of(instructor)


def test_a_replay_is_refused_to_a_student(running):
    test = AppTest.from_file(str(ROOT / "pages" / "economics.py"), default_timeout=60)
    test.user = {"role": "student"}
    moment = Moment(1767628800000000, "MACHINE_002", "scenario", "pump_medium", 1)
    for pair in moment.link().split("?")[1].split("&"):
        name, value = pair.split("=")
        test.query_params[name] = value
    test.run()

    assert not test.exception
    assert "for instructors" in test.warning[0].value
    assert "overheating" not in words_of(test)


def test_a_replay_link_says_all_that_the_replay_needs():
    moment = Moment(12, "MACHINE_002", "scenario", "pump_medium", 3, "cusum", "raw", 5)
    asked = dict(pair.split("=") for pair in moment.link().split("?")[1].split("&"))

    assert asked_moment(asked) == moment
    assert asked_moment({}) is None


def test_a_damaged_replay_link_is_a_sentence():
    with pytest.raises(LabError, match="damaged"):
        asked_moment({"at": "soon"})
    with pytest.raises(UnknownNameError):
        asked_moment({"at": "1", "detector": "os"})


def test_the_comparison_in_python_runs_and_says_the_same(stretch):
    contenders = (Contender("ewma", {"warm_up": 200}, CONTEXT, rule="fixed", rule_values={"level": 9.0}),)
    data = Data("scenario", "pump_medium", 1.0, first_seed=5)
    code = comparison_code(data, contenders, teaches=True)

    said = io.StringIO()
    with redirect_stdout(said):
        exec(compile(code, "snippet", "exec"), {})

    assert "EWMA (context)" in said.getvalue()
    assert "range(5, 6)" in code
    assert "range(1, 2)" in comparison_code(data, contenders, teaches=False)


@pytest.mark.parametrize("name", SHOWN)
def test_every_detector_has_an_inside_picture(name, stretch):
    contender = Contender(name, fed=fed_of(name, CONTEXT)[0])
    detector = stretch.prepared(contender.make())
    window = stretch.judged.ticks(0, 60)
    seen = look(detector, window, "MACHINE_002")

    figure, said = inside_figure(seen, detector.default_threshold)

    assert figure.data
    assert said
    assert len(blame_figure(seen).data[0].x) == window.n_sensors
    assert score_figure(seen, window.times_us, np.inf).data


def test_lanes_stand_under_each_other_with_one_time_axis(stretch):
    outcome = run_contender(Contender("ewma"), stretch)
    lane = Lane("EWMA", outcome.scores[:, 0], outcome.levels[:, 0], ())
    block = stretch.judged

    figure = lanes_figure(block, "MACHINE_001", block.sensors[:2], [lane, lane], "r", truth=[])

    axes = [name for name in figure.layout if name.startswith("xaxis")]
    assert len(axes) == 5
    assert {figure.layout[name].matches for name in axes} <= {"x5", None}


def test_limits_of_the_data_sheet_are_never_fed_with_residuals():
    assert fed_of("limit", CONTEXT) == ("raw",)
    assert fed_of("cusum", "both") == ("raw", CONTEXT)
