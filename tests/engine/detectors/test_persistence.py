"""A detector as bytes."""

from __future__ import annotations

import numpy as np
import pytest

from engine.detectors.base import SensorLimits
from engine.detectors.contract import example_block
from engine.detectors.ewma import Ewma
from engine.detectors.limit import Limit
from engine.detectors.persistence import state_from_bytes, state_to_bytes
from engine.detectors.z_score import ZScore
from engine.errors import FileProblemError


def test_bound_limits_travel_with_the_state():
    """A loaded limit detector must not fall back to learned quantiles."""
    saved, loaded = Limit(), Limit()
    saved.limits = {"sensor_1": SensorLimits((1.0, 2.0), None, 3.0, True, 0.1)}

    state_from_bytes(loaded, state_to_bytes(saved))

    assert saved.limits == loaded.limits
    assert loaded.state is None


def test_a_state_is_refused_by_a_detector_of_another_name():
    """The arrays would fit, the meaning would not."""
    detector = ZScore()
    detector.learn(example_block())

    with pytest.raises(FileProblemError, match="load it into 'z_score'"):
        state_from_bytes(Ewma(), state_to_bytes(detector))


@pytest.mark.parametrize("damaged", [b"", b"not an archive", b"PK\x03\x04 cut short"])
def test_damaged_bytes_are_refused_with_a_cure(damaged):
    """A file from a broken disk or a stranger is a sentence, not a traceback."""
    with pytest.raises(FileProblemError, match="write it with state_to_bytes"):
        state_from_bytes(ZScore(), damaged)


def test_objects_are_refused_instead_of_pickled():
    """Pickle would run code when it is loaded."""
    detector = ZScore()
    detector.state = {"model": object(), "array": np.zeros(2)}

    with pytest.raises(ValueError, match="must be an array"):
        state_to_bytes(detector)


def test_arrays_of_objects_are_refused():
    """They would need pickle too."""
    detector = ZScore()
    detector.state = {"array": np.array([object()], dtype=object)}

    with pytest.raises(ValueError, match="must be an array"):
        state_to_bytes(detector)
