"""Due times are multiplied, never summed, and coincide where they should."""

import math

import pytest

from kinetic.errors import InputError
from kinetic.schedule import Schedule, check_interval, next_target


@pytest.mark.parametrize("interval", [0.1, 0.3, 1 / 3, 0.7, 1e-3])
@pytest.mark.parametrize("start", [0.0, -1.7, 12.1])
def test_due_times_are_products(start, interval):
    schedule, time = Schedule(start, interval), start
    schedule.serve(start)
    for index in range(1, 2000):
        time = schedule.next_due(time)
        assert time == start + index * interval
        assert schedule.reached(time)
        assert not schedule.reached(time - 0.01 * interval)
        schedule.serve(time)
        assert schedule.count == index + 1


@pytest.mark.parametrize("stop", [0.3, 0.9, 1.2, 0.7])
def test_due_time_that_differs_from_stop_in_the_last_bit_is_the_stop(stop):
    """0.1·3 > 0.3: without care the run would end with a step of 5e-17 or two records."""
    schedule, time, times = Schedule(0.0, 0.1), 0.0, []
    while time < stop:
        time = next_target([schedule], time, stop)
        times.append(time)
    assert len(times) == round(stop / 0.1)
    assert times[-1] == stop


def test_stop_that_is_no_due_time_comes_last():
    schedule, time, times = Schedule(0.0, 0.4), 0.0, []
    while time < 1.0:
        time = next_target([schedule], time, 1.0)
        times.append(time)
    assert times == [0.4, 0.8, 1.0]


def test_two_schedules_meet_in_one_instant():
    fine, coarse = Schedule(0.0, 0.1), Schedule(0.0, 0.3)
    time, times = 0.0, []
    while time < 3.0:
        time = next_target([fine, coarse], time, 3.0)
        times.append(time)
        for schedule in (fine, coarse):
            if schedule.reached(time):
                schedule.serve(time)
    assert len(times) == 30
    assert (fine.count, coarse.count) == (31, 11)


def test_state_goes_round_and_a_changed_interval_counts_again():
    schedule = Schedule(0.0, 0.25)
    schedule.serve(1.0)
    same, other = Schedule(0.0, 0.25), Schedule(0.0, 0.1)
    same.restore(schedule.state(), 1.0)
    other.restore(schedule.state(), 1.0)
    assert same == schedule
    assert other.count == 11
    assert other.next_due(1.0) == 11 * 0.1


def test_impossible_intervals_are_refused():
    for interval in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(InputError, match="above 0"):
            Schedule(0.0, interval)
    with pytest.raises(InputError, match="longer"):
        check_interval(1e-9, 1.0, "[output] every")
