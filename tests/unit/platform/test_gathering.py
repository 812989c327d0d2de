"""Messages gather while it is busy; whoever is alone, or behind, waits for nobody."""

import pytest

from onsale.platform.message_queue.gathering import (
    BUSY_COUNT,
    GATHER_SECONDS,
    gather_seconds,
)

COUNT_MAX = 500


@pytest.mark.parametrize("last_count", [0, 1, BUSY_COUNT - 1])
def test_a_few_messages_do_not_wait_for_more(last_count: int) -> None:
    assert gather_seconds(last_count, COUNT_MAX) == 0


@pytest.mark.parametrize("last_count", [BUSY_COUNT, COUNT_MAX - 1])
def test_where_many_came_more_are_waited_for(last_count: int) -> None:
    assert gather_seconds(last_count, COUNT_MAX) == GATHER_SECONDS


def test_a_backlog_is_not_made_to_wait() -> None:
    assert gather_seconds(COUNT_MAX, COUNT_MAX) == 0


@pytest.mark.parametrize("count_max", [1, BUSY_COUNT])
def test_one_by_one_never_waits(count_max: int) -> None:
    assert gather_seconds(count_max, count_max) == 0
