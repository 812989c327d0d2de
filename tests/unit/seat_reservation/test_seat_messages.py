"""The wire form of seat commands: what stood there before rules came is as it was."""

import json
from uuid import UUID

import pytest

from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    ReserveSeatsByRules,
    SeatsRefused,
    UnreadableMessageError,
    decode_command,
    decode_result,
    encode,
)
from onsale.service.shared_kernel.seat_rules import SeatRules
from tests.builders.seats import SeatBooking

BOOKING = SeatBooking(id=UUID(int=1))
RULES = SeatRules(rows=(2, 3), accessible=((0, 1),), accessible_seats=1)


def test_a_reserve_without_rules_is_sent_byte_for_byte_as_before() -> None:
    assert encode(BOOKING.best_available(2)) == (
        b'{"type":"reserve_seats/1","booking_id":"00000000-0000-0000-0000-000000000001",'
        b'"event_id":42,"section":"A","subsection":1,"epoch":7,"seq":1,'
        b'"booked_at":"2030-05-17T12:00:00Z","mode":"best_available","quantity":2,'
        b'"positions":[],"deadline":"2030-05-17T12:15:00Z"}'
    )


def test_rules_arrive_as_they_were_sent() -> None:
    command = BOOKING.best_by(RULES, 2)
    assert decode_command(encode(command)) == command


def test_rules_are_a_version_that_older_workers_do_not_know() -> None:
    """They set such a message aside; to leave the rules out would be to guess."""
    sent = json.loads(encode(BOOKING.best_by(RULES, 2)))
    assert sent["type"] == "reserve_seats/2"
    assert sent["rules"] == {"rows": [2, 3], "accessible": [[0, 1]], "accessible_seats": 1}
    del sent["rules"]
    with pytest.raises(UnreadableMessageError):
        decode_command(json.dumps(sent).encode())
    sent["type"] = "reserve_seats/1"
    assert not isinstance(decode_command(json.dumps(sent).encode()), ReserveSeatsByRules)


def test_the_seats_left_alone_travel_with_their_refusal() -> None:
    refused = SeatsRefused(
        booking_id=BOOKING.id,
        event_id=42,
        section="A",
        subsection=1,
        epoch=7,
        seq=1,
        reason=RefusalReason.ORPHAN_SEAT,
        conflicts=("1-4",),
    )
    assert decode_result(encode(refused)) == refused
