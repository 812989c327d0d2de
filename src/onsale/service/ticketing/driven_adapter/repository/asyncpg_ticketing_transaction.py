"""One ledger transaction on an asyncpg connection; the statements are in ``unit_of_work.sql``."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from onsale.platform.database.sql_file import load_statements
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import (
    Admission,
    EventTerms,
    MovedTickets,
    TicketClaim,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from onsale.service.ticketing.domain.exceptions import IllegalTransitionError
from onsale.service.ticketing.driven_adapter.repository.asyncpg_payment_transaction import (
    AsyncpgPaymentTransaction,
    row_count,
)
from onsale.service.ticketing.driven_adapter.repository.booking_rows import booking_from_row
from onsale.service.ticketing.driven_adapter.repository.seat_snapshot_reader import read_snapshot
from onsale.service.ticketing.driven_adapter.webhook.webhook_debts import (
    ChangedBooking,
    owe_for_bookings,
)

# Of the holds that ran out, so many are looked at in a row before it goes from event to event.
FIRST_EXPIRED_COUNT_MAX = 1_000

_SQL = load_statements(Path(__file__).parent / "sql" / "unit_of_work.sql")


class AsyncpgTicketingTransaction(AsyncpgPaymentTransaction):
    """See ``ITicketingTransaction``; commit and rollback are the unit of work's."""

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        super().__init__(connection)
        self._now = datetime.fromtimestamp(0, UTC)
        # Status and command number of each locked booking, as they were read under the lock.
        self._read_as: dict[UUID, tuple[str, int]] = {}

    @property
    def now(self) -> datetime:
        """The database's clock at the latest lock (the epoch before the first)."""
        return self._now

    async def share_events(
        self, event_ids: Collection[int], *, skip_owned: bool = False
    ) -> Mapping[int, EventTerms]:
        ids = list(event_ids)
        if skip_owned:
            shared = await self._connection.fetch(_SQL["share_free_event_locks"], ids)
            ids = [row["id"] for row in shared if row["is_shared"]]
        else:
            await self._connection.fetch(_SQL["share_event_locks"], ids)
        return await self._terms(ids)

    async def own_event(self, event_id: int, *, briefly: bool = False) -> EventTerms | None:
        await self._connection.execute(_SQL["own_event_lock"], event_id)
        if not briefly:
            await self._connection.execute(_SQL["expect_long_transaction"])
        return (await self._terms([event_id])).get(event_id)

    async def lock_bookings(self, booking_ids: Collection[UUID]) -> dict[UUID, Booking]:
        rows = await self._connection.fetch(_SQL["lock_bookings"], list(booking_ids))
        return self._locked(rows)

    async def save_bookings(self, bookings: Sequence[Booking]) -> None:
        if not bookings:
            return
        rows = [(b.id, *self._read_as[b.id], *_columns(b)) for b in bookings]
        status = await self._connection.execute(
            _SQL["save_bookings"], *map(list, zip(*rows, strict=True))
        )
        if row_count(status) != len(rows):
            raise IllegalTransitionError("A booking changed under its lock.")
        changed = [ChangedBooking(each, self._read_as[each.id][0]) for each in bookings]
        await owe_for_bookings(self._connection, changed, self._now)
        for booking in bookings:
            self._read_as[booking.id] = (booking.status.value, booking.command_seq)

    async def hold_tickets(self, claims: Sequence[TicketClaim]) -> Mapping[UUID, MovedTickets]:
        rows = []
        for claim in claims:
            booking = claim.booking
            for text in claim.positions:
                seat = SeatPosition.parse(text)
                where = (booking.event_id, booking.section, booking.subsection, seat.row, seat.seat)
                rows.append((*where, booking.id, booking.buyer_id))
        if not rows:
            return {}
        columns = list(map(list, zip(*rows, strict=True)))
        await self._connection.fetch(_SQL["lock_seats"], *columns[:5])
        return _moved(await self._connection.fetch(_SQL["hold_seats"], *columns))

    async def free_tickets(self, booking_ids: Collection[UUID]) -> None:
        ids = list(booking_ids)
        tickets = await self._lock_tickets_of(ids)
        await self._connection.execute(_SQL["free_tickets"], tickets, ids)

    async def sell_tickets(self, booking_ids: Collection[UUID]) -> Mapping[UUID, MovedTickets]:
        ids = list(booking_ids)
        await self._lock_tickets_of(ids)
        return _moved(await self._connection.fetch(_SQL["sell_tickets"], ids))

    async def admit_ticket(self, ticket_id: int, booking_id: UUID) -> Admission | None:
        row = await self._connection.fetchrow(_SQL["admit_ticket"], ticket_id, booking_id)
        if row is not None:
            return _admission(row, is_new=True)
        row = await self._connection.fetchrow(_SQL["admitted_ticket"], ticket_id, booking_id)
        return None if row is None else _admission(row, is_new=False)

    async def forfeit_tickets(self, booking: Booking) -> None:
        rows = await self._connection.fetch(
            _SQL["lock_tickets_to_forfeit"],
            *(booking.id, booking.event_id, booking.section, booking.subsection),
        )
        ids = [row["id"] for row in rows]
        await self._connection.execute(_SQL["forfeit_tickets"], booking.id, ids)

    async def reclaim_tickets(self, booking_ids: Collection[UUID]) -> None:
        ids = list(booking_ids)
        tickets = await self._lock_tickets_of(ids)
        await self._connection.execute(_SQL["reclaim_tickets"], tickets, ids)

    async def restate_seats(
        self,
        event_id: int,
        layout: SubsectionLayout,
        positions: Sequence[SeatPosition],
        *,
        before: TicketStatus,
        after: TicketStatus,
    ) -> Collection[SeatPosition]:
        rows = await self._connection.fetch(
            _SQL["restate_seats"],
            *(event_id, layout.section, layout.subsection),
            [position.row for position in positions],
            [position.seat for position in positions],
            *(before.value, after.value),
        )
        return {SeatPosition(row["row_number"], row["seat_number"]) for row in rows}

    async def claim_live_bookings(
        self, event_id: int, *, after: UUID, limit: int
    ) -> Sequence[Booking]:
        rows = await self._connection.fetch(_SQL["claim_live_bookings"], event_id, after, limit)
        return list(self._locked(rows).values())

    async def has_live_bookings(self, event_id: int) -> bool:
        return bool(await self._connection.fetchval(_SQL["has_live_bookings"], event_id))

    async def finish_cancellation(self, event_id: int) -> None:
        await self._connection.execute(_SQL["finish_cancellation"], event_id)

    async def is_cancelled(self, event_id: int) -> bool:
        return bool(await self._connection.fetchval(_SQL["is_cancelled"], event_id))

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        async with self._connection.transaction():
            yield

    async def events_with_expired_holds(self, limit: int) -> Collection[int]:
        rows = await self._connection.fetch(
            _SQL["events_of_first_expired_holds"], FIRST_EXPIRED_COUNT_MAX
        )
        if sum(row["count"] for row in rows) == FIRST_EXPIRED_COUNT_MAX:
            # A crowd, behind which others may stand that are to have their turn as well.
            rows = await self._connection.fetch(_SQL["events_with_expired_holds"], limit)
        return [row["event_id"] for row in rows[:limit]]

    async def claim_expired_holds(self, event_ids: Collection[int], limit: int) -> list[Booking]:
        if not event_ids:
            return []
        share = max(1, limit // len(event_ids))
        claim = _SQL["claim_expired_holds"]
        rows = await self._connection.fetch(claim, list(event_ids)[:limit], share)
        return list(self._locked(rows).values())

    async def being_paid(self, booking_ids: Collection[UUID]) -> Collection[UUID]:
        rows = await self._connection.fetch(_SQL["being_paid"], list(booking_ids))
        return {row["booking_id"] for row in rows}

    async def due_commands(self, limit: int) -> list[Booking]:
        return list(
            self._locked(await self._connection.fetch(_SQL["due_commands"], limit)).values()
        )

    async def postpone_commands(self, booking_ids: Collection[UUID]) -> None:
        await self._connection.execute(_SQL["postpone_commands"], list(booking_ids))

    async def retract_sendings(self, booking_ids: Collection[UUID]) -> None:
        await self._connection.execute(_SQL["retract_sendings"], list(booking_ids))

    async def hurry_unsent(self, before: datetime, limit: int) -> int:
        return row_count(await self._connection.execute(_SQL["hurry_unsent"], before, limit))

    async def epochs(self, event_ids: Collection[int]) -> Mapping[int, int]:
        rows = await self._connection.fetch(_SQL["epochs"], list(event_ids))
        return {row["id"]: row["epoch"] for row in rows}

    async def request_load(self, event_ids: Collection[int]) -> None:
        await self._connection.execute(_SQL["request_load"], sorted(event_ids))

    async def owes_load(self, event_id: int) -> bool:
        return bool(await self._connection.fetchval(_SQL["owes_load"], event_id))

    async def snapshot_seats(self, event_id: int) -> list[SubsectionSnapshot]:
        return await read_snapshot(self._connection, event_id)

    async def raise_epoch(self, event_id: int) -> int:
        return int(await self._connection.fetchval(_SQL["raise_epoch"], event_id))

    async def finish_load(self, event_id: int) -> None:
        await self._connection.execute(_SQL["finish_load"], event_id)
        await self._connection.execute(_SQL["make_commands_due"], event_id)

    async def hurry_commands(self, event_id: int) -> int:
        return row_count(await self._connection.execute(_SQL["hurry_commands"], event_id))

    async def _lock_tickets_of(self, booking_ids: list[UUID]) -> list[int]:
        # The bookings are locked, so nobody else gives or takes a ticket of theirs meanwhile.
        rows = await self._connection.fetch(_SQL["tickets_of"], booking_ids)
        tickets = [row["ticket_id"] for row in rows]
        await self._connection.fetch(_SQL["lock_tickets"], tickets)
        return tickets

    async def _terms(self, event_ids: list[int]) -> dict[int, EventTerms]:
        rows = await self._connection.fetch(_SQL["event_terms"], event_ids)
        return {
            row["id"]: EventTerms(
                row["id"], row["seller_id"], row["epoch"], row["hold_seconds"], row["is_cancelled"]
            )
            for row in rows
        }

    def _locked(self, rows: Sequence[asyncpg.Record]) -> dict[UUID, Booking]:
        bookings = {row["id"]: booking_from_row(row) for row in rows}
        self._read_as.update((row["id"], (row["status"], row["command_seq"])) for row in rows)
        if rows:
            self._now = max(row["locked_at"] for row in rows)
        return bookings


def _columns(booking: Booking) -> tuple[object, ...]:
    return (
        booking.status.value,
        ",".join(booking.seat_positions),
        booking.total_price,
        booking.failure_reason,
        None if booking.cancel_reason is None else booking.cancel_reason.value,
        booking.expires_at,
        booking.paid_at,
        booking.payment_id,
        None if booking.command is None else booking.command.value,
        booking.command_seq,
        booking.next_send_at,
    )


def _admission(row: asyncpg.Record, *, is_new: bool) -> Admission:
    return Admission(
        row["id"],
        row["section"],
        row["subsection"],
        row["row_number"],
        row["seat_number"],
        row["admitted_at"],
        is_new,
    )


def _moved(rows: Sequence[asyncpg.Record]) -> dict[UUID, MovedTickets]:
    return {row["booking_id"]: MovedTickets(row["count"], row["total_price"]) for row in rows}
