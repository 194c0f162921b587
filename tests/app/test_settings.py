"""Forms from parameters, snippets and still charts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from app.charts import lines, sensor_chart
from app.settings import log_steps, nice_step
from app.snippets import call, plant_code
from engine import catalog
from engine.params import Choice, Range
from engine.records import block_of


@dataclass
class Sample:
    """A part with every kind of parameter.

    Parameters
    ----------
    share
        Part of the whole.
    """

    name: ClassVar[str] = "sample"
    share: Annotated[float, Range(0.0, 1.0, unit="%")] = 0.25
    count: Annotated[int, Range(1, 10_000, log=True)] = 256
    kind: Annotated[str, Choice(("a", "b"))] = "b"
    quick: bool = True


def form():
    import streamlit as st

    from app.settings import settings_form
    from tests.app.test_settings import Sample

    st.session_state["values"] = settings_form(Sample, "k")


def test_a_form_starts_with_the_defaults_of_the_part():
    test = AppTest.from_function(form).run()

    assert not test.exception
    assert test.session_state["values"] == {"share": 0.25, "count": 256, "kind": "b", "quick": True}


@pytest.mark.parametrize("name", list(catalog.parts("detector")))
def test_every_detector_has_a_form_whose_values_it_takes(name):
    def script(name):
        import streamlit as st

        from app.settings import settings_form
        from engine import catalog

        st.session_state["values"] = settings_form(catalog.part("detector", name), "k")

    test = AppTest.from_function(script, args=(name,)).run()

    assert not test.exception
    catalog.make("detector", name, test.session_state["values"])


def test_logarithmic_steps_hold_ends_and_default_and_whole_numbers():
    steps = log_steps(1, 10_000, 256, whole=True)

    assert (steps[0], steps[-1]) == (1, 10_000)
    assert 256 in steps
    assert all(isinstance(step, int) for step in steps)


def test_a_step_divides_the_range_finely():
    assert nice_step(0.0, 1.0) == 0.01
    assert nice_step(0.0, 5000.0) == 100.0


def test_a_snippet_is_python():
    compile(
        call("runner.inject", machine="MACHINE_001", severity=0.5, ramp_s=1.0, delay_s=0.0, nothing=None), "s", "exec"
    )
    compile(plant_code("pump_station", 7), "s", "exec")


def test_the_seed_stays_out_of_a_students_snippet():
    assert "seed=seed" in plant_code("pump_station", None)


def test_lines_differ_in_colour_and_dash_and_keep_the_zoom():
    figure = lines(np.arange(3) * 1_000_000, {"a": [1, 2, 3], "b": [3, 2, 1]}, revision="r", threshold=2.0)

    assert len({trace.line.color for trace in figure.data}) == 2
    assert len({trace.line.dash for trace in figure.data}) == 2
    assert figure.layout.uirevision == "r"


def test_a_sensor_chart_draws_that_sensor():
    block = block_of(np.arange(4) * 1_000_000, np.arange(8.0).reshape(4, 2))

    figure = sensor_chart(block, "machine_1", "sensor_2")

    assert list(figure.data[0].y) == [1.0, 3.0, 5.0, 7.0]
