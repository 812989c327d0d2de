"""The final state, as plain SQL and plain Redis commands show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from storm.history import JsonObject

Place = tuple[int, str, int]
"""An event, a section, a subsection."""
Seat = tuple[int, str, int, str]
"""A seat of a place, as ``row-seat``."""

LIVE = frozenset({"pending_payment", "paid", "completed"})
FINAL = frozenset({"completed", "failed", "cancelled"})
SEAT_STATES = ("available", "reserved", "sold", "blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRow:
    """A row of ``booking``; ``hold_seconds`` is what its event grants."""

    id: str
    buyer_id: int
    event_id: int
    section: str
    subsection: int
    mode: str
    quantity: int
    seats: tuple[str, ...]
    total_price: int
    status: str
    created_at: datetime
    updated_at: datetime
    hold_seconds: int
    failure_reason: str | None = None
    cancel_reason: str | None = None
    expires_at: datetime | None = None
    payment_id: str | None = None
    command: str | None = None
    key: str | None = None

    @property
    def is_called_off(self) -> bool:
        """Whether it ended because its event was cancelled."""
        return self.status == "cancelled" and self.cancel_reason == "event_cancelled"

    @property
    def place(self) -> Place:
        """Where its seats are."""
        return (self.event_id, self.section, self.subsection)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRow:
    """A row of ``ticket``; ``joined_to`` is the booking of its row in ``booking_ticket``, and one
    that is admitted has let somebody in.
    """

    id: int
    event_id: int
    section: str
    subsection: int
    seat: str
    price: int
    status: str
    booking_id: str | None = None
    joined_to: str | None = None
    is_admitted: bool = False

    @property
    def place(self) -> Place:
        """Where it is."""
        return (self.event_id, self.section, self.subsection)


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """Money in the gateway's books. ``taken`` is what was captured, ``returned`` what was handed
    back of it; in cents, or in whole charges where the books hold no amounts. Without a
    booking it stands under a key that no attempt to pay knows.
    """

    booking_id: str | None
    payment_id: str
    taken: int
    returned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPlace:
    """A subsection in the seat store. ``states`` has one state a seat, row by row; ``holds`` are
    the seats that the store's answers give to each booking.
    """

    states: Sequence[str]
    counts: Mapping[str, int]
    holds: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A message to a webhook of the seller's; one that came more than once stands here as often.
    ``timestamp`` is when what it tells happened. ``is_signed``: its signature is good.
    """

    message_id: str
    type: str
    timestamp: str
    data: JsonObject
    is_signed: bool

    @property
    def booking_id(self) -> str | None:
        """The booking that it is about."""
        return self.data.get("booking_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalState:
    """Everything that the stores say of the events of a round, once nothing moves any more.

    ``told`` is what the seller's webhook was told, in the order in which it came; ``None`` where
    nobody listened. ``also_told`` is what another one was told, which was off now and then.
    ``unfinished`` tells what was still under way when the wait for rest ran out.
    """

    bookings: Sequence[BookingRow]
    tickets: Sequence[TicketRow]
    charges: Sequence[Charge]
    places: Mapping[Place, StoredPlace]
    open_attempts: Sequence[str] = ()
    unfinished: Sequence[str] = ()
    verify_is_clean: bool = True
    verify_output: str = ""
    sold_out: frozenset[int] = frozenset()
    told: Sequence[Told] | None = None
    also_told: Sequence[Told] = ()
