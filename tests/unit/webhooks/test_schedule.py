"""When a delivery that failed is tried again."""

from hypothesis import given
from hypothesis import strategies as st

from onsale.service.ticketing.domain.webhook_schedule import (
    DELAY_SECONDS_MAX,
    GIVE_UP_SECONDS,
    JITTER_SHARE,
    retry_delay_seconds,
)

DAY_SECONDS = 86_400
MIDDLE = 0.5


def test_it_is_tried_soon_then_ever_more_rarely_then_every_three_hours() -> None:
    delays = [retry_delay_seconds(count, MIDDLE) for count in range(1, 15)]

    assert delays[:6] == [5, 10, 20, 40, 80, 160]
    assert delays[-2:] == [DELAY_SECONDS_MAX] * 2 == [10_800] * 2
    assert delays == sorted(delays)


def test_three_days_are_some_three_dozen_attempts() -> None:
    waited, count = 0.0, 1
    while waited < GIVE_UP_SECONDS:
        waited += retry_delay_seconds(count, MIDDLE)
        count += 1

    assert GIVE_UP_SECONDS == 3 * DAY_SECONDS
    assert count == 36


@given(count=st.integers(1, 10_000), fraction=st.floats(0, 1))
def test_chance_moves_it_by_a_quarter_at_most(count: int, fraction: float) -> None:
    middle = retry_delay_seconds(count, MIDDLE)

    assert abs(retry_delay_seconds(count, fraction) - middle) <= middle * JITTER_SHARE * 1.000_001


def test_two_that_failed_together_do_not_come_back_together() -> None:
    assert retry_delay_seconds(3, 0.0) < retry_delay_seconds(3, 0.4) < retry_delay_seconds(3, 1.0)
