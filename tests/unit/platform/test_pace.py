"""Batches keep a pace while it is busy; whoever is alone, or behind, waits for nobody."""

from dataclasses import dataclass

import pytest

from onsale.platform.pace import Pace

COUNT_MAX = 500
SECONDS = 0.02


@dataclass
class Clock:
    """Stands still until it is set."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pace(clock: Clock) -> Pace:
    return Pace(COUNT_MAX, seconds=SECONDS, clock=clock)


def test_the_first_batch_does_not_wait(pace: Pace) -> None:
    assert pace.seconds_to_wait() == 0


@pytest.mark.parametrize("count", [1, COUNT_MAX - 1])
def test_a_batch_waits_for_the_rest_of_the_pace(pace: Pace, clock: Clock, count: int) -> None:
    pace.begin(count)
    clock.now += SECONDS / 4
    assert pace.seconds_to_wait() == pytest.approx(SECONDS * 3 / 4)


def test_a_batch_that_comes_later_than_the_pace_waits_for_nobody(pace: Pace, clock: Clock) -> None:
    pace.begin(1)
    clock.now += SECONDS
    assert pace.seconds_to_wait() == 0


def test_whoever_comes_after_a_look_that_found_nothing_waits_for_nobody(pace: Pace) -> None:
    pace.begin(0)
    assert pace.seconds_to_wait() == 0


def test_a_look_that_found_nothing_ends_no_wait(pace: Pace) -> None:
    pace.begin(1)
    pace.begin(0)
    assert pace.seconds_to_wait() == pytest.approx(SECONDS)


def test_a_backlog_is_not_made_to_wait(pace: Pace) -> None:
    pace.begin(1)
    pace.begin(COUNT_MAX)
    assert pace.seconds_to_wait() == 0


def test_one_by_one_never_waits(clock: Clock) -> None:
    pace = Pace(1, seconds=SECONDS, clock=clock)
    pace.begin(1)
    assert pace.seconds_to_wait() == 0
