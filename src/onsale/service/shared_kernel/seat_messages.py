"""The messages between ticketing and seat reservation, and their wire form (JSON).

The wire tag carries the version: ``reserve_seats/1``. A reader that meets a tag or a shape it does
not know raises ``UnreadableMessageError``, and the message ends as a dead letter instead of being
guessed at.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from onsale.service.shared_kernel.seat_rules import SeatRules


class SelectionMode(StrEnum):
    """Who chooses the seats: the buyer or the system."""

    MANUAL = "manual"
    BEST_AVAILABLE = "best_available"


class RefusalReason(StrEnum):
    """Why a reserve got no seats."""

    SOLD_OUT = "sold_out"
    SEAT_CONFLICT = "seat_conflict"
    SEAT_OUT_OF_RANGE = "seat_out_of_range"
    ORPHAN_SEAT = "orphan_seat"
    TOO_LATE = "too_late"
    WITHDRAWN = "withdrawn"
    UNPROCESSABLE = "unprocessable"


class UnreadableMessageError(ValueError):
    """The bytes are not a message of a known type and version."""


class _SeatMessage(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """What every command and result carries.

    ``seq`` is the booking's command number: the store never goes back behind the highest it saw.
    ``epoch`` is the generation of the event's seat state that the sender knew.
    """

    booking_id: UUID
    event_id: int
    section: str
    subsection: int
    epoch: int
    seq: int


class _SeatCommand(_SeatMessage, frozen=True, kw_only=True):
    """``booked_at`` is the booking's creation (UTC); its day names the hash of answers."""

    booked_at: datetime


class ReserveSeats(_SeatCommand, frozen=True, kw_only=True, tag="reserve_seats/1"):
    """Hold ``quantity`` seats; ``positions`` (``row-seat``) are empty for best available.

    A reserve that the store does not know is refused once ``deadline`` (UTC) has passed.
    """

    mode: SelectionMode
    quantity: int
    positions: tuple[str, ...]
    deadline: datetime


class ReserveSeatsByRules(ReserveSeats, frozen=True, kw_only=True, tag="reserve_seats/2"):
    """The same where more is to be heeded than which seats are free.

    A version of its own, so that a worker that knows no rules cannot leave them out: it sets the
    message aside, the booking goes on owing its reserve, and a newer worker decides it when it is
    sent again.
    """

    rules: SeatRules


class ReleaseSeats(_SeatCommand, frozen=True, kw_only=True, tag="release_seats/1"):
    """Free whatever the store says this booking holds."""


class FinalizeSeats(_SeatCommand, frozen=True, kw_only=True, tag="finalize_seats/1"):
    """Turn the seats that this booking holds from reserved to sold."""


SeatCommand = ReserveSeats | ReserveSeatsByRules | ReleaseSeats | FinalizeSeats


class SeatsReserved(_SeatMessage, frozen=True, kw_only=True, tag="seats_reserved/1"):
    """The booking holds ``positions`` (``row-seat``, in seat order)."""

    positions: tuple[str, ...]


class SeatsRefused(_SeatMessage, frozen=True, kw_only=True, tag="seats_refused/1"):
    """The booking holds nothing; ``conflicts`` are the seats that were taken, if asked by name, or
    those that would have been left alone.
    """

    reason: RefusalReason
    conflicts: tuple[str, ...] = ()


class SeatsReleased(_SeatMessage, frozen=True, kw_only=True, tag="seats_released/1"):
    """The booking holds nothing any more."""


class SeatsFinalized(_SeatMessage, frozen=True, kw_only=True, tag="seats_finalized/1"):
    """The booking's seats are sold."""


class SeatStateStale(_SeatMessage, frozen=True, kw_only=True, tag="seat_state_stale/1"):
    """Nothing was done: the store does not hold the event's state of this ``epoch``, or it does not
    know a hold that the command relies on. ``epoch`` is the command's.
    """


class MessageHead(msgspec.Struct, frozen=True):
    """What can be told of a message without knowing its type."""

    type: str
    booking_id: UUID
    seq: int


SeatResult = SeatsReserved | SeatsRefused | SeatsReleased | SeatsFinalized | SeatStateStale

_encoder = msgspec.json.Encoder()
_command_decoder: msgspec.json.Decoder[SeatCommand] = msgspec.json.Decoder(SeatCommand)
_head_decoder = msgspec.json.Decoder(MessageHead)
_BOOKING_ID = b'"booking_id":"'
_BOOKING_ID_LENGTH = 36
_result_decoder: msgspec.json.Decoder[SeatResult] = msgspec.json.Decoder(SeatResult)


def encode(message: SeatCommand | SeatResult) -> bytes:
    """The wire form of a message."""
    return _encoder.encode(message)


def decode_command(value: bytes) -> SeatCommand:
    """Read a seat command.

    Raises:
        UnreadableMessageError: not a command of a known type and version.
    """
    try:
        return _command_decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise UnreadableMessageError(str(error)) from error


def decode_result(value: bytes) -> SeatResult:
    """Read a seat result.

    Raises:
        UnreadableMessageError: not a result of a known type and version.
    """
    try:
        return _result_decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise UnreadableMessageError(str(error)) from error


def peek_booking_id(value: bytes) -> bytes | None:
    """The text of the booking's id as this module writes it, found without reading the message;
    ``None`` if it does not stand there. Whoever asks has yet to see whether it is one.
    """
    found = value.find(_BOOKING_ID)
    if found < 0:
        return None
    begin = found + len(_BOOKING_ID)
    return value[begin : begin + _BOOKING_ID_LENGTH]


def decode_head(value: bytes) -> MessageHead:
    """Read what every message has.

    Raises:
        UnreadableMessageError: it has not.
    """
    try:
        return _head_decoder.decode(value)
    except msgspec.MsgspecError as error:
        raise UnreadableMessageError(str(error)) from error
