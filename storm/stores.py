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
from storm.queries import (
    BOOKINGS,
    CHARGES,
    CHARGES_AND_REFUNDS,
    OPEN_ATTEMPTS,
    SHORT_HOLD_SECONDS,
    SOLD_OUT,
    TICKETS,
    UNFINISHED,
    UNFINISHED_REFUNDS,
)

REST_SECONDS_MAX = 150.0
REST_POLL_SECONDS = 0.5
_BITS_PER_SEAT = 2
_SEATS_PER_BYTE = 4
# A database that is still on its way back; a statement that is wrong must travel.
_AWAY = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
)
_HOLDING = frozenset({"held", "sold"})


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
            except _AWAY as error:
                unfinished = [f"the database cannot be read: {error}"]
            if unfinished:
                await asyncio.sleep(REST_POLL_SECONDS)
        return time.monotonic() - began, unfinished

    async def _unfinished(self, event_ids: Sequence[int]) -> list[str]:
        connection = await asyncpg.connect(self.database_url, timeout=5)
        try:
            rows = await connection.fetch(UNFINISHED, event_ids, SHORT_HOLD_SECONDS)
            if await _keeps_refunds(connection):
                rows += await connection.fetch(UNFINISHED_REFUNDS, event_ids)
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
                bookings = await connection.fetch(BOOKINGS, event_ids)
                tickets = await connection.fetch(TICKETS, event_ids)
                keeps_refunds = await _keeps_refunds(connection)
                charges = await connection.fetch(
                    CHARGES_AND_REFUNDS if keeps_refunds else CHARGES, event_ids
                )
                attempts = await connection.fetch(OPEN_ATTEMPTS, event_ids)
                sold_out = await connection.fetch(SOLD_OUT, event_ids)
        finally:
            await connection.close()
        ticket_rows = [TicketRow(**dict(row)) for row in tickets]
        return FinalState(
            bookings=[_booking(row) for row in bookings],
            tickets=ticket_rows,
            charges=[Charge(**dict(row)) for row in charges],
            places=await self._places(ticket_rows),
            open_attempts=[str(row[0]) for row in attempts],
            sold_out=frozenset(row["id"] for row in sold_out),
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


async def _keeps_refunds(connection: asyncpg.Connection) -> bool:
    """Whether the gateway's books tell what was handed back."""
    found = await connection.fetchval("SELECT to_regclass('mock_gateway_refund') IS NOT NULL")
    return bool(found)


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
