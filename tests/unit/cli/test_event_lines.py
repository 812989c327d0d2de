"""How an event stands, in words."""

from datetime import UTC, datetime, timedelta

import pytest

from onsale.cli.event_lines import state, state_and_next
from onsale.client import EventStatus

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
EVER = datetime(2999, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "on_sale_at", "said"),
    [
        (EventStatus.AVAILABLE, None, "available"),
        (EventStatus.AVAILABLE, NOW, "available"),
        (EventStatus.AVAILABLE, LATER, "on sale from 2030-01-01 01:00 UTC"),
        (EventStatus.DRAFT, LATER, "draft, on sale from 2030-01-01 01:00 UTC"),
        (EventStatus.CANCELLED, LATER, "cancelled"),
    ],
)
def test_what_is_not_open_yet_says_when_it_will_be(
    status: EventStatus, on_sale_at: datetime | None, said: str
) -> None:
    assert state(status, on_sale_at, NOW) == said


def test_a_draft_says_that_it_opens_by_itself() -> None:
    said = state_and_next(EventStatus.DRAFT, None, is_active=True)
    assert said == "draft: its seats are being loaded; it opens by itself"
    assert state_and_next(EventStatus.AVAILABLE, EVER, is_active=True).startswith("on sale from 29")


def test_what_is_hidden_says_how_it_is_shown() -> None:
    hidden = state_and_next(EventStatus.AVAILABLE, None, is_active=False)
    assert hidden == "available, hidden until onsale event publish"
    assert state_and_next(EventStatus.CANCELLED, None, is_active=False) == "cancelled"
