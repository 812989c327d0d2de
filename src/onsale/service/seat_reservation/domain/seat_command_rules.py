"""What a seat command must be like before the store may decide it."""

from onsale.service.shared_kernel.seat_messages import ReserveSeats, SeatCommand, SelectionMode
from onsale.service.shared_kernel.seating import TICKETS_PER_BOOKING_MAX, SeatPosition


class MalformedSeatCommandError(ValueError):
    """The command contradicts itself or lies outside every limit, whatever the seats are like."""


def reject_malformed(command: SeatCommand) -> None:
    """Check what does not depend on the layout; whether a seat exists, the store decides.

    Raises:
        MalformedSeatCommandError: no correct sender makes such a command.
    """
    # Below 1 a number could name the keys of another subsection: "A" -1 and "A-" 1 read the same.
    if command.event_id < 1 or command.subsection < 1:
        raise MalformedSeatCommandError("event and subsection count from 1")
    if command.epoch < 0 or command.seq < 0:
        raise MalformedSeatCommandError("epoch and seq are not negative")
    if command.booked_at.utcoffset() is None:
        raise MalformedSeatCommandError("booked_at has no time zone")
    if isinstance(command, ReserveSeats):
        _reject_malformed_reserve(command)


def _reject_malformed_reserve(command: ReserveSeats) -> None:
    if command.deadline.utcoffset() is None:
        raise MalformedSeatCommandError("deadline has no time zone")
    if not 1 <= command.quantity <= TICKETS_PER_BOOKING_MAX:
        raise MalformedSeatCommandError(f"quantity is not within 1..{TICKETS_PER_BOOKING_MAX}")
    if command.mode is SelectionMode.BEST_AVAILABLE:
        if command.positions:
            raise MalformedSeatCommandError("best available takes no positions")
        return
    if len(command.positions) != command.quantity:
        raise MalformedSeatCommandError("there are not as many positions as the quantity says")
    if len(set(command.positions)) != command.quantity:
        raise MalformedSeatCommandError("a seat is asked for twice")
    for text in command.positions:
        try:
            SeatPosition.parse(text)
        except ValueError as error:
            raise MalformedSeatCommandError(str(error)) from error
