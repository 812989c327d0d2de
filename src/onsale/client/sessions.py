"""Sessions of a client, and lists that come a page at a time."""

from collections.abc import AsyncGenerator

from onsale.client import answers as a
from onsale.client import booking_calls, event_calls, user_calls, webhook_calls
from onsale.client.call import is_sendable
from onsale.client.core import Core
from onsale.client.errors import BadAnswerError
from onsale.client.webhook_answers import Delivery
from onsale.client.words import BookingStatus, DeliveryStatus, EventOrder, EventStatus

PAGE_LIMIT_MAX = 100


async def log_in(core: Core, email: str, password: str) -> a.Session:
    """Begin a session; the client's next calls belong to it."""
    session = await core.ask(user_calls.log_in(email, password))
    if not is_sendable(session.access_token):
        raise BadAnswerError("a session whose token no header can hold")
    core.token = session.access_token
    return session


async def log_out(core: Core) -> None:
    """End the session; the client's next calls are nobody's."""
    await core.ask(user_calls.log_out())
    core.token = None


async def all_events(
    core: Core,
    *,
    status: EventStatus | str | None = None,
    mine: bool = False,
    order: EventOrder | str | None = None,
) -> AsyncGenerator[a.Event, None]:
    """Every event, newest first unless ``order`` says otherwise, a page at a time."""
    cursor, is_last = None, False
    while not is_last:
        page = await core.ask(
            event_calls.list_events(
                status=status, mine=mine, order=order, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        )
        for event in page.items:
            yield event
        cursor, is_last = _next(page.next_cursor, cursor)


async def all_bookings(
    core: Core, *, status: BookingStatus | str | None = None, event_id: int | None = None
) -> AsyncGenerator[a.Booking, None]:
    """Every booking, newest first, a page at a time."""
    cursor, is_last = None, False
    while not is_last:
        page = await core.ask(
            booking_calls.list_bookings(
                status=status, event_id=event_id, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        )
        for booking in page.items:
            yield booking
        cursor, is_last = _next(page.next_cursor, cursor)


async def all_deliveries(
    core: Core, webhook_id: int, *, status: DeliveryStatus | str | None = None
) -> AsyncGenerator[Delivery, None]:
    """Everything that a webhook was told, newest first, a page at a time."""
    cursor, is_last = None, False
    while not is_last:
        page = await core.ask(
            webhook_calls.list_deliveries(
                webhook_id, status=status, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        )
        for delivery in page.items:
            yield delivery
        cursor, is_last = _next(page.next_cursor, cursor)


def _next(cursor: str | None, before: str | None) -> tuple[str | None, bool]:
    """Where the next page begins, and whether there is none."""
    if cursor is not None and cursor == before:
        raise BadAnswerError("a page leads to itself")
    return cursor, cursor is None
