"""Rows of ``booking`` as entities."""

import msgspec

from onsale.platform.database.rows import Row
from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.ticketing.domain.entity.booking_entity import (
    Booking,
    BookingStatus,
    CancelReason,
    OwedCommand,
)

_rules = msgspec.json.Decoder(SeatRules)


def booking_from_row(row: Row) -> Booking:
    """The entity of one row of ``booking``."""
    cancel_reason, command = row["cancel_reason"], row["command"]
    rules = row["seat_rules"]
    return Booking(
        id=row["id"],
        buyer_id=row["buyer_id"],
        event_id=row["event_id"],
        section=row["section"],
        subsection=row["subsection"],
        seat_selection_mode=SelectionMode(row["seat_selection_mode"]),
        quantity=row["quantity"],
        seat_positions=tuple(row["seat_positions"]),
        seat_rules=None if rules is None else _rules.decode(rules),
        total_price=row["total_price"],
        currency=row["currency"],
        status=BookingStatus(row["status"]),
        created_at=row["created_at"],
        failure_reason=row["failure_reason"],
        cancel_reason=None if cancel_reason is None else CancelReason(cancel_reason),
        expires_at=row["expires_at"],
        paid_at=row["paid_at"],
        payment_id=row["payment_id"],
        command=None if command is None else OwedCommand(command),
        command_seq=row["command_seq"],
        next_send_at=row["next_send_at"],
    )
