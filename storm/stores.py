"""Reads the stores of the system under the storm; changes nothing."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from storm.final_state import (
    SEAT_STATES,
    BookingRow,
    Charge,
    FinalState,
    Place,
    StoredPlace,
    TicketRow,
)

REST_SECONDS_MAX = 150.0
REST_POLL_SECONDS = 0.5
_BITS_PER_SEAT = 2
_SEATS_PER_BYTE = 4
_HOLDING = frozenset({"held", "sold"})

_UNFINISHED = """
SELECT 'booking ' || id || ' is ' || status
FROM booking
WHERE event_id = ANY($1) AND status IN ('processing', 'paid')
UNION ALL
SELECT 'booking ' || id || ' owes a ' || command
FROM booking
WHERE event_id = ANY($1) AND command IS NOT NULL
UNION ALL
SELECT 'booking ' || booking.id || ' is held and its time runs out'
FROM booking JOIN event ON event.id = booking.event_id
WHERE booking.event_id = ANY($1) AND booking.status = 'pending_payment'
    AND (event.hold_seconds < $2 OR booking.expires_at < now() - interval '2 seconds')
UNION ALL
SELECT 'a payment of booking ' || booking_id || ' is open'
FROM payment_attempt JOIN booking ON booking.id = booking_id
WHERE event_id = ANY($1) AND payment_attempt.status IN ('open', 'authorized')
UNION ALL
SELECT 'a refund of booking ' || booking_id || ' is owed'
FROM payment_refund JOIN booking ON booking.id = booking_id
WHERE event_id = ANY($1) AND payment_refund.status = 'owed'
UNION ALL
SELECT 'event ' || id || ' owes a load' FROM event WHERE id = ANY($1) AND load_owed
"""
# Holds shorter than this are waited for: they run out by themselves.
_SHORT_HOLD_SECONDS = 60

_BOOKINGS = """
SELECT id::text, buyer_id, event_id, section, subsection, seat_selection_mode AS mode, quantity,
    seat_positions, total_price, status, cancel_reason, expires_at, payment_id, command,
    idempotency_key AS key
FROM booking WHERE event_id = ANY($1)
"""
_TICKETS = """
SELECT ticket.id, event_id, section, subsection, row_number || '-' || seat_number AS seat, price,
    status, ticket.booking_id::text, booking_ticket.booking_id::text AS joined_to
FROM ticket LEFT JOIN booking_ticket ON booking_ticket.ticket_id = ticket.id
WHERE event_id = ANY($1)
ORDER BY event_id, section, subsection, row_number, seat_number
"""
_CHARGES = """
SELECT payment_attempt.booking_id::text, payment.payment_id, payment.amount AS taken,
    coalesce(refund.amount, 0) AS returned
FROM mock_gateway_payment AS payment
JOIN payment_attempt ON payment_attempt.id = payment.key
JOIN booking ON booking.id = payment_attempt.booking_id
LEFT JOIN mock_gateway_refund AS refund ON refund.payment_id = payment.payment_id
WHERE booking.event_id = ANY($1)
"""
_OPEN_ATTEMPTS = """
SELECT booking_id::text
FROM payment_attempt JOIN booking ON booking.id = booking_id
WHERE event_id = ANY($1) AND payment_attempt.status IN ('open', 'authorized')
"""


@dataclass(frozen=True, slots=True)
class Stores:
    """The addresses of PostgreSQL and of the seat store."""

    database_url: str
    seat_store_url: str

    async def rest(
        self, event_ids: Sequence[int], *, seconds_max: float = REST_SECONDS_MAX
    ) -> tuple[float, list[str]]:
        """Wait until nothing of these events is under way.

        Returns how many seconds that took, and what is unfinished if it took too long.
        """
        began = time.monotonic()
        unfinished = ["nothing could be read"]
        while unfinished and time.monotonic() - began < seconds_max:
            try:
                unfinished = await self._unfinished(event_ids)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                unfinished = [f"the database cannot be read: {error}"]
            if unfinished:
                await asyncio.sleep(REST_POLL_SECONDS)
        return time.monotonic() - began, unfinished

    async def _unfinished(self, event_ids: Sequence[int]) -> list[str]:
        connection = await asyncpg.connect(self.database_url, timeout=5)
        try:
            rows = await connection.fetch(_UNFINISHED, event_ids, _SHORT_HOLD_SECONDS)
        finally:
            await connection.close()
        return [str(row[0]) for row in rows]

    async def read(
        self, event_ids: Sequence[int], unfinished: Sequence[str], verified: tuple[bool, str]
    ) -> FinalState:
        """The final state of these events. The tables are read at one instant."""
        connection = await asyncpg.connect(self.database_url)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                bookings = await connection.fetch(_BOOKINGS, event_ids)
                tickets = await connection.fetch(_TICKETS, event_ids)
                charges = await connection.fetch(_CHARGES, event_ids)
                attempts = await connection.fetch(_OPEN_ATTEMPTS, event_ids)
        finally:
            await connection.close()
        ticket_rows = [TicketRow(**dict(row)) for row in tickets]
        return FinalState(
            bookings=[_booking(row) for row in bookings],
            tickets=ticket_rows,
            charges=[Charge(**dict(row)) for row in charges],
            places=await self._places(ticket_rows),
            open_attempts=[str(row[0]) for row in attempts],
            unfinished=unfinished,
            verify_is_clean=verified[0],
            verify_output=verified[1],
        )

    async def _places(self, tickets: Iterable[TicketRow]) -> Mapping[Place, StoredPlace]:
        seats: dict[Place, list[str]] = defaultdict(list)
        for ticket in tickets:
            seats[ticket.place].append(ticket.seat)
        redis = Redis.from_url(self.seat_store_url)
        try:
            return {place: await _place(redis, place, names) for place, names in seats.items()}
        finally:
            await redis.aclose()


async def _place(redis: Redis, place: Place, seats: Sequence[str]) -> StoredPlace:
    event_id, section, subsection = place
    name = f"{section}-{subsection}"
    bitmap = await redis.get(f"seats:{{e{event_id}}}:{name}")
    layout = await redis.get(f"layout:{{e{event_id}}}:{name}")
    counts = await redis.hget(f"stats:{{e{event_id}}}", name)
    numbers = [int(number) for number in _text(counts).split(",") if number]
    answers: dict[str, str] = {}
    async for key in redis.scan_iter(match=f"answers:{{e{event_id}}}:{name}:*", count=10_000):
        given = await redis.hgetall(key)
        answers |= {_text(booking): _text(answer) for booking, answer in given.items()}
    return StoredPlace(
        states=unpacked(bitmap if isinstance(bitmap, bytes) else b"", len(seats)),
        counts=dict(zip(SEAT_STATES, numbers, strict=False)),
        holds=_holds(answers, _text(layout).split(":")[-1], seats),
    )


def _text(stored: bytes | str | None) -> str:
    return stored.decode() if isinstance(stored, bytes) else stored or ""


def unpacked(bitmap: bytes, seat_count: int) -> list[str]:
    """The states of a bitmap of two bits a seat, the first seat highest; as many as it holds."""
    states = [
        SEAT_STATES[byte >> (6 - _BITS_PER_SEAT * place) & 3]
        for byte in bitmap
        for place in range(_SEATS_PER_BYTE)
    ]
    return states[:seat_count]


def _holds(
    answers: Mapping[str, str], generation: str, seats: Sequence[str]
) -> dict[str, frozenset[str]]:
    """What the answers of the installed generation give to each booking."""
    holds: dict[str, frozenset[str]] = {}
    for booking_id, answer in answers.items():
        made_in, _, state, indexes = answer.split(":")
        if made_in == generation and state in _HOLDING:
            named = (seats[int(index)] for index in indexes.split(",") if index)
            holds[booking_id] = frozenset(named)
    return holds


def _booking(row: asyncpg.Record) -> BookingRow:
    fields = dict(row)
    return BookingRow(seats=tuple(fields.pop("seat_positions")), **fields)
