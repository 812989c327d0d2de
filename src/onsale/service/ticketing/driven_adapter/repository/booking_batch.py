"""A batch of new bookings, stored with statements that all of them share."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import asyncpg
import msgspec

from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_booking_repository import IdempotencyKey, Intake
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.exceptions import (
    EventNotOnSaleError,
    IdempotencyKeyReusedError,
)
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row

_SQL = load_statements(Path(__file__).parent / "sql" / "booking_intake.sql")


@dataclass(slots=True, eq=False)
class WaitingBooking:
    """A booking whose request waits for its answer; ``is_sent`` once it may have been stored."""

    booking: Booking
    key: IdempotencyKey | None
    since: float
    done: asyncio.Future[Intake]
    is_sent: bool = False

    @property
    def named(self) -> tuple[int, str] | None:
        """The buyer's name for the request."""
        return None if self.key is None else (self.booking.buyer_id, self.key.key)

    def succeed(self, intake: Intake) -> None:
        """Answer, unless somebody has given up waiting."""
        if not self.done.done():
            self.done.set_result(intake)

    def fail(self, error: Exception) -> None:
        """Refuse, unless somebody has given up waiting."""
        if not self.done.done():
            self.done.set_exception(error)


class BookingBatch:
    """What became of each is known once its statements have run: stored, or found under its key."""

    def __init__(
        self,
        connection: asyncpg.pool.PoolConnectionProxy,
        waiting: Sequence[WaitingBooking],
    ) -> None:
        self._connection = connection
        self.waiting = waiting
        keyed = [each.named for each in waiting if each.named is not None]
        self._names = [list(column) for column in zip(*keyed, strict=True)]
        # By the booking, not by its id: ids of the two libraries are slow to compare.
        self._stored: dict[WaitingBooking, datetime] = {}
        self._earlier: dict[tuple[int, str], asyncpg.Record] = {}

    async def clear_expired_keys(self) -> None:
        """A key is good for a day; after that its buyer may use it for something else."""
        if self._names:
            await self._connection.execute(_SQL["clear_expired_keys"], *self._names)

    def leave_out_who_gave_up(self) -> None:
        """They were told that nothing is stored, and nothing shall be."""
        self.waiting = [each for each in self.waiting if not each.done.done()]

    async def insert(self, chosen: Sequence[WaitingBooking], *, are_counted: bool) -> None:
        """Store these, where nothing forbids it. An event that limits its buyers takes none unless
        ``are_counted``.
        """
        for each in chosen:
            each.is_sent = True
        columns = map(list, zip(*(_columns(each) for each in chosen), strict=True))
        rows = await self._connection.fetch(_SQL["insert"], *columns, are_counted)
        self._note(rows, chosen)

    async def find(self) -> None:
        """Look for those that are not known to be stored: they may have been, before a connection
        was lost at its commit, or under an idempotency key.
        """
        missing = [each for each in self.waiting if each not in self._stored]
        if not missing:
            return
        ids = [each.booking.id for each in missing]
        self._note(await self._connection.fetch(_SQL["stored_ids"], ids), missing)
        if self._names:
            found = await self._connection.fetch(_SQL["by_keys"], *self._names)
            self._earlier = {(row["buyer_id"], row["idempotency_key"]): row for row in found}

    def _note(self, rows: Sequence[asyncpg.Record], asked: Sequence[WaitingBooking]) -> None:
        stored = {row["id"]: row["created_at"] for row in rows}
        for each in asked:
            stored_at = stored.get(each.booking.id)
            if stored_at is not None:
                self._stored[each] = stored_at

    def unknown(self) -> list[WaitingBooking]:
        """Those that are neither stored nor found."""
        return [
            each
            for each in self.waiting
            if each not in self._stored and each.named not in self._earlier
        ]

    async def refused_for_a_limit(self) -> frozenset[WaitingBooking]:
        """Those that are unknown because their event limits its buyers and nobody has counted."""
        unknown = self.unknown()
        if not unknown:
            return frozenset()
        events = list({each.booking.event_id for each in unknown})
        rows = await self._connection.fetch(_SQL["limiting_events"], events)
        limiting = {row["id"] for row in rows}
        return frozenset(each for each in unknown if each.booking.event_id in limiting)

    def answer(self, waiting: WaitingBooking) -> None:
        """Tell what became of it."""
        booking, key = waiting.booking, waiting.key
        stored_at = self._stored.get(waiting)
        if stored_at is not None:
            booking.created_at = stored_at
            waiting.succeed(Intake(booking, is_new=True))
            return
        row = self._earlier.get(waiting.named) if waiting.named else None
        if row is None or key is None:
            waiting.fail(EventNotOnSaleError())
            return
        try:
            waiting.succeed(Intake(same_request(row, key), is_new=False))
        except IdempotencyKeyReusedError as error:
            waiting.fail(error)


def same_request(row: asyncpg.Record, key: IdempotencyKey) -> Booking:
    """The booking that stands under the key.

    Raises:
        IdempotencyKeyReusedError: it was asked for with another request.
    """
    if row["request_digest"] != key.request_digest:
        raise IdempotencyKeyReusedError
    return booking_from_row(row)


def _columns(waiting: WaitingBooking) -> tuple[object, ...]:
    booking, key = waiting.booking, waiting.key
    rules = booking.seat_rules
    return (
        booking.id,
        booking.buyer_id,
        booking.event_id,
        booking.section,
        booking.subsection,
        booking.seat_selection_mode.value,
        booking.quantity,
        ",".join(booking.seat_positions),
        booking.total_price,
        booking.currency,
        None if key is None else key.key,
        None if key is None else key.request_digest,
        None if rules is None else msgspec.json.encode(rules).decode(),
    )
