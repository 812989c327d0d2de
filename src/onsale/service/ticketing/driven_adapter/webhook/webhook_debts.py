"""Owes webhooks what they are to be told, in the transaction in which it becomes true."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import asyncpg

from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.webhook_entity import WebhookEvent
from onsale.service.ticketing.driven_adapter.webhook.webhook_bodies import (
    booking_body,
    sold_out_body,
)

EVENT_OF_STATUS: Mapping[BookingStatus, WebhookEvent] = {
    BookingStatus.COMPLETED: WebhookEvent.BOOKING_COMPLETED,
    BookingStatus.CANCELLED: WebhookEvent.BOOKING_CANCELLED,
}

_SQL = load_statements(Path(__file__).parent / "sql" / "webhook_debts.sql")


class ChangedBooking(NamedTuple):
    """A booking that this transaction has written, and the status that it had before."""

    booking: Booking
    previous_status: str

    @property
    def event(self) -> WebhookEvent | None:
        """What there is to tell of it."""
        status = self.booking.status
        return None if status.value == self.previous_status else EVENT_OF_STATUS.get(status)


async def owe_for_bookings(
    connection: asyncpg.pool.PoolConnectionProxy, changed: Sequence[ChangedBooking], at: datetime
) -> None:
    """Owe what these bookings have become to the webhooks of their sellers."""
    told = [each for each in changed if each.event is not None]
    if not told:
        return
    webhooks = await _listening(connection, {each.booking.event_id for each in told})
    rows = [
        (webhook_id, each.event, each.booking.id, each.booking.event_id, _body(each, at))
        for each in told
        for webhook_id in webhooks.get((each.booking.event_id, each.event), ())
    ]
    if rows:
        await connection.execute(_SQL["owe"], *map(list, zip(*rows, strict=True)))


async def owe_for_sold_out(
    connection: asyncpg.pool.PoolConnectionProxy, event_ids: Collection[int], at: datetime
) -> None:
    """Owe to the webhooks of their sellers that these events have just been sold out."""
    kind = WebhookEvent.EVENT_SOLD_OUT
    webhooks = await _listening(connection, event_ids)
    rows = [
        (webhook_id, kind, event_id, sold_out_body(event_id, at))
        for event_id in event_ids
        for webhook_id in webhooks.get((event_id, kind), ())
    ]
    if rows:
        await connection.execute(_SQL["owe_sold_out"], *map(list, zip(*rows, strict=True)))


async def _listening(
    connection: asyncpg.pool.PoolConnectionProxy, event_ids: Collection[int]
) -> dict[tuple[int, str | None], list[int]]:
    """Webhooks by event and what they are told of."""
    webhooks: dict[tuple[int, str | None], list[int]] = {}
    for row in await connection.fetch(_SQL["listening"], list(event_ids)):
        for kind in row["event_types"]:
            webhooks.setdefault((row["event_id"], kind), []).append(row["webhook_id"])
    return webhooks


def _body(changed: ChangedBooking, at: datetime) -> str:
    assert changed.event is not None
    return booking_body(changed.event, changed.booking, changed.previous_status, at)
