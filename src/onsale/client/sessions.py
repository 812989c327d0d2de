"""Sessions of a client, and lists that come a page at a time."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from onsale.client import answers as a
from onsale.client import booking_calls, event_calls, user_calls, webhook_calls
from onsale.client.call import is_sendable
from onsale.client.core import Core
from onsale.client.errors import BadAnswerError
from onsale.client.webhook_answers import Delivery
from onsale.client.words import BookingStatus, DeliveryStatus, EventOrder, EventStatus

Item = TypeVar("Item")
Item_co = TypeVar("Item_co", covariant=True)

PAGE_LIMIT_MAX = 100
# Cursors are an id, or two values, in base64.
_CURSOR_CHARACTERS_MAX = 1_000


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


def all_events(
    core: Core,
    *,
    status: EventStatus | str | None = None,
    mine: bool = False,
    order: EventOrder | str | None = None,
) -> AsyncGenerator[a.Event, None]:
    """Every event, newest first unless ``order`` says otherwise, a page at a time."""
    return _items(
        lambda cursor: core.ask(
            event_calls.list_events(
                status=status, mine=mine, order=order, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        ),
    )


def all_bookings(
    core: Core, *, status: BookingStatus | str | None = None, event_id: int | None = None
) -> AsyncGenerator[a.Booking, None]:
    """Every booking, newest first, a page at a time."""
    return _items(
        lambda cursor: core.ask(
            booking_calls.list_bookings(
                status=status, event_id=event_id, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        ),
    )


def all_deliveries(
    core: Core, webhook_id: int, *, status: DeliveryStatus | str | None = None
) -> AsyncGenerator[Delivery, None]:
    """Everything that a webhook was told, newest first, a page at a time."""
    return _items(
        lambda cursor: core.ask(
            webhook_calls.list_deliveries(
                webhook_id, status=status, limit=PAGE_LIMIT_MAX, cursor=cursor
            )
        ),
    )


class _Page(Protocol[Item_co]):
    @property
    def items(self) -> Sequence[Item_co]:
        """What stands on it."""

    @property
    def next_cursor(self) -> str | None:
        """Where the next one begins; ``None``: there is none."""


async def _items(
    page_at: Callable[[str | None], Awaitable[_Page[Item]]],
) -> AsyncGenerator[Item, None]:
    """What stands on each page, from the first on.

    Raises:
        BadAnswerError: the pages do not come to an end.
    """
    cursor: str | None = None
    led: set[str] = set()
    while True:
        page = await page_at(cursor)
        for item in page.items:
            yield item
        cursor = page.next_cursor
        if cursor is None:
            return
        # Who goes round in a ring, or on and on through pages of nothing, would never know.
        if cursor in led or not page.items or len(cursor) > _CURSOR_CHARACTERS_MAX:
            raise BadAnswerError("a page that does not lead to another")
        led.add(cursor)
