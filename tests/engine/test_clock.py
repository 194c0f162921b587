"""Plant time is a function of wall time; tests own the wall."""

import pytest

from engine.clock import Clock
from engine.errors import ParameterError
from engine.records import DAY_US, SECOND_US


class FakeWall:
    """Wall time that passes when told to."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s

    def sleep(self, seconds: float) -> None:
        """Let wall time pass."""
        self.now_s += seconds


@pytest.fixture
def wall():
    """Return a wall clock that stands still."""
    return FakeWall()


@pytest.mark.parametrize("speed", [0.1, 1.0, 10.0, 10_000.0])
def test_plant_time_is_wall_time_times_speed(wall, speed):
    clock = Clock(wall, speed=speed, start_us=DAY_US)

    wall.sleep(60.0)

    assert DAY_US + round(60 * speed * SECOND_US) == clock.now_us()


def test_asking_often_changes_nothing():
    """Nothing is added up, so nothing drifts."""
    wall = FakeWall()
    clock, asked = Clock(wall, speed=3.7), Clock(wall, speed=3.7)

    for _ in range(10_000):
        wall.sleep(0.001)
        asked.now_us()

    assert clock.now_us() == asked.now_us()


def test_a_change_of_speed_does_not_jump(wall):
    clock = Clock(wall, speed=10.0)
    wall.sleep(5.0)

    clock.set_speed(10_000.0)

    assert clock.now_us() == 50 * SECOND_US
    wall.sleep(1.0)
    assert clock.now_us() == 10_050 * SECOND_US


def test_a_paused_clock_stands_until_it_is_resumed(wall):
    clock = Clock(wall)
    clock.pause()
    wall.sleep(100.0)
    assert clock.now_us() == 0

    clock.resume()
    wall.sleep(2.0)

    assert clock.now_us() == 2 * SECOND_US


def test_a_step_moves_a_paused_clock_by_exactly_that_much(wall):
    clock = Clock(wall, start_us=5, paused=True)

    clock.step(SECOND_US)

    assert clock.now_us() == SECOND_US + 5


def test_seeking_goes_forward_and_back(wall):
    clock = Clock(wall, start_us=DAY_US)

    clock.seek(3 * DAY_US)
    assert clock.now_us() == 3 * DAY_US
    clock.seek(0)
    assert clock.now_us() == 0


def test_a_deadline_is_the_moment_at_which_plant_time_gets_there(wall):
    clock = Clock(wall, speed=4.0)
    due = clock.wall_of(10 * SECOND_US)

    wall.sleep(due - wall())

    assert due == 1002.5
    assert clock.now_us() == 10 * SECOND_US


def test_a_paused_clock_never_gets_there(wall):
    clock = Clock(wall, paused=True)

    assert float("inf") == clock.wall_of(1)
    assert wall() == clock.wall_of(0)


@pytest.mark.parametrize("speed", [0.0, -1.0, 0.09, 10_001, float("nan"), float("inf"), "fast", None])
def test_a_speed_out_of_range_is_refused(wall, speed):
    with pytest.raises(ParameterError, match=r"speed must be from 0.1 to 10,000"):
        Clock(wall).set_speed(speed)


def test_a_step_back_is_refused(wall):
    with pytest.raises(ParameterError, match="span_us must be 0 or more"):
        Clock(wall).step(-1)
