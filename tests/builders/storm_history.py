"""A small on-sale as a storm records it, all in order, for tests to spoil."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from storm.checker.calm import Span
from storm.final_state import BookingRow, Charge, FinalState, StoredPlace, TicketRow
from storm.history import CLOSED, LEFT, Frame, JsonObject, Operation

EVENT, SECTION, SUBSECTION = 1, "A", 1
PLACE = (EVENT, SECTION, SUBSECTION)
SEATS = ("1-1", "1-2", "1-3", "1-4")
PRICE = 500
FREE = "available"
HOLD_SECONDS = 60
BEGAN_AT = datetime(2026, 1, 1, tzinfo=UTC)
_STATE_OF = {"pending_payment": "reserved", "paid": "reserved", "completed": "sold"}


def at(seconds: float) -> datetime:
    """The time of day of this second of the history."""
    return BEGAN_AT + timedelta(seconds=seconds)


def asked(*seats: str, quantity: int | None = None) -> JsonObject:
    """The body of a request to book."""
    return {
        "event_id": EVENT,
        "section": SECTION,
        "subsection": SUBSECTION,
        "seat_selection_mode": "manual" if seats else "best_available",
        "seat_positions": list(seats),
        "quantity": quantity or max(1, len(seats)),
    }


@dataclass(slots=True)
class OnSale:
    """Its history so far, and what stands in the ledger; both can be changed at will."""

    operations: list[Operation] = field(default_factory=list)
    rows: dict[str, BookingRow] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)
    outages: list[Span] = field(default_factory=list)

    def saw(
        self,
        kind: str,
        client: str,
        at: tuple[float, float | None],
        status: int | None,
        body: Mapping[str, Any] | None = None,
        **what: Any,  # noqa: ANN401 - fields of an operation
    ) -> Operation:
        """A request sent and answered at these times."""
        operation = Operation(
            number=len(self.operations),
            client=client,
            kind=kind,
            sent_at=at[0],
            answered_at=at[1],
            status=status,
            body=dict(body or {}),
            **what,
        )
        self.operations.append(operation)
        return operation

    def accepted(
        self,
        booking_id: str,
        client: str,
        at: float,
        *seats: str,
        quantity: int | None = None,
        key: str | None = None,
    ) -> None:
        """A request to book, promised within a tenth of a second."""
        body = {"id": booking_id, "status": "processing", "seat_positions": list(seats)}
        self.saw(
            "book",
            client,
            (at, at + 0.1),
            202,
            body,
            booking_id=booking_id,
            asked=asked(*seats, quantity=quantity),
            key=key,
        )

    def read(
        self, booking_id: str, client: str, at: float, status: str, *seats: str, kind: str = "read"
    ) -> None:
        """The booking, shown within a tenth of a second."""
        body = {
            "id": booking_id,
            "status": status,
            "seat_positions": list(seats),
            "total_price": PRICE * len(seats),
        }
        self.saw(kind, client, (at, at + 0.1), 200, body, booking_id=booking_id)

    def followed(
        self,
        booking_id: str,
        client: str,
        at: tuple[float, float],
        *seen: tuple[float, str],
        seats: tuple[str, ...] = (),
        ended: str = CLOSED,
    ) -> Operation:
        """The booking streamed between these times: what was shown, and when."""
        stream = self.saw("follow", client, (at[0], at[0] + 0.1), 200, booking_id=booking_id)
        stream.ended_at, stream.ended = at[1], ended
        for seconds, status in seen:
            body = {
                "id": booking_id,
                "status": status,
                "seat_positions": list(seats),
                "total_price": PRICE * len(seats),
                "tickets": [],
            }
            stream.frames.append(Frame(seconds, "status_update", body))
        return stream

    def viewed(self, *seen: tuple[float, int, int]) -> Operation:
        """The counts streamed to a viewer who leaves at last: when, how many seats were reserved,
        how many sold.
        """
        stream = self.saw("view", "viewer", (0.5, 0.6), 200, event_id=EVENT)
        stream.ended_at, stream.ended = 99.0, LEFT
        for seconds, reserved, sold in seen:
            free = len(SEATS) - reserved - sold
            counts = {"available": free, "reserved": reserved, "sold": sold, "blocked": 0}
            place = {"section": SECTION, "subsection": SUBSECTION}
            part = {**place, "rows": 1, "seats_per_row": len(SEATS), **counts}
            event = "status_update" if stream.frames else "initial_status"
            stream.frames.append(Frame(seconds, event, {"sections": [part]}))
        return stream

    def stands(
        self,
        booking_id: str,
        status: str,
        *seats: str,
        **what: Any,  # noqa: ANN401 - fields of a row
    ) -> None:
        """The row that is left of it; a completed one has been paid for."""
        row = BookingRow(
            id=booking_id,
            buyer_id=what.pop("buyer_id", 1),
            event_id=EVENT,
            section=SECTION,
            subsection=what.pop("subsection", SUBSECTION),
            mode=what.pop("mode", "manual"),
            quantity=what.pop("quantity", len(seats)),
            seats=seats,
            total_price=PRICE * len(seats),
            status=status,
            created_at=at(1.0),
            updated_at=at(1.2 if status == "failed" else 100.0),
            hold_seconds=HOLD_SECONDS,
            cancel_reason="buyer" if status == "cancelled" else None,
            payment_id=f"pay {booking_id}" if status == "completed" else None,
        )
        self.rows[booking_id] = replace(row, **what)
        if status == "completed":
            charge = Charge(
                booking_id=booking_id, payment_id=f"pay {booking_id}", taken=row.total_price
            )
            self.charges.append(charge)

    def charge(self, booking_id: str | None, payment_id: str, returned: int = 0) -> None:
        """The price of a seat, taken by the gateway."""
        self.charges.append(
            Charge(booking_id=booking_id, payment_id=payment_id, taken=PRICE, returned=returned)
        )

    def change(
        self,
        booking_id: str,
        **what: Any,  # noqa: ANN401 - fields of a row
    ) -> None:
        """Spoil a row."""
        self.rows[booking_id] = replace(self.rows[booking_id], **what)

    def state(self) -> FinalState:
        """Stores that agree with the rows, and then with ``changes`` in their place."""
        owners = {
            seat: row for row in self.rows.values() if row.status in _STATE_OF for seat in row.seats
        }
        tickets = [
            TicketRow(
                id=number,
                event_id=EVENT,
                section=SECTION,
                subsection=SUBSECTION,
                seat=seat,
                price=PRICE,
                status=_STATE_OF[owners[seat].status] if seat in owners else FREE,
                booking_id=owners[seat].id if seat in owners else None,
                joined_to=owners[seat].id if seat in owners else None,
            )
            for number, seat in enumerate(SEATS)
        ]
        states = [ticket.status for ticket in tickets]
        holds = {
            row.id: frozenset(row.seats) for row in self.rows.values() if row.status in _STATE_OF
        }
        counts = {state: states.count(state) for state in (FREE, "reserved", "sold", "blocked")}
        place = StoredPlace(states=states, counts=counts, holds=holds)
        state = FinalState(
            bookings=list(self.rows.values()),
            tickets=tickets,
            charges=self.charges,
            places={PLACE: place},
        )
        return replace(state, **self.changes)


def sold_one() -> OnSale:
    """One buyer holds seat 1-1 and pays; another holds 1-2 and cancels; nothing is wrong."""
    sale = OnSale()
    sale.accepted("a", "anna", 1.0, "1-1", key="k")
    sale.accepted("a", "anna", 1.5, "1-1", key="k")
    sale.read("a", "anna", 2.0, "pending_payment", "1-1")
    paid = {"id": "a", "status": "completed", "payment_id": "pay a"}
    sale.saw("pay", "anna", (3.0, 3.2), 200, paid, booking_id="a")
    sale.read("a", "anna", 4.0, "completed", "1-1", kind="final read")
    sale.stands("a", "completed", "1-1", key="k")
    sale.accepted("b", "bert", 1.0, "1-2")
    sale.read("b", "bert", 2.0, "pending_payment", "1-2")
    cancelled = {"id": "b", "status": "cancelled"}
    sale.saw("cancel", "bert", (3.0, 3.2), 200, cancelled, booking_id="b")
    sale.stands("b", "cancelled", "1-2", buyer_id=2)
    return sale
