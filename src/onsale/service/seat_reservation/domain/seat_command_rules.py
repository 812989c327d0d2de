"""What a seat command must be like before the store may decide it."""

from collections.abc import Sequence

from onsale.service.shared_kernel.seat_messages import (
    ReserveSeats,
    ReserveSeatsByRules,
    SeatCommand,
    SelectionMode,
)
from onsale.service.shared_kernel.seat_rules import IndexRun, SeatRules
from onsale.service.shared_kernel.seating import (
    SEATS_PER_SUBSECTION_MAX,
    TICKETS_PER_BOOKING_MAX,
    SeatPosition,
)


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
    if isinstance(command, ReserveSeatsByRules):
        _reject_malformed_rules(command.rules, command)


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


def _reject_malformed_rules(rules: SeatRules, command: ReserveSeats) -> None:
    if not 0 <= rules.accessible_seats <= command.quantity:
        raise MalformedSeatCommandError("more accessible seats are asked for than seats")
    if command.mode is SelectionMode.MANUAL and (rules.rows or rules.accessible_seats):
        raise MalformedSeatCommandError("seats that are named are not chosen by a rule")
    if rules.rows is not None and not 1 <= rules.rows[0] <= rules.rows[1]:
        raise MalformedSeatCommandError("rows count from 1, and the first is not behind the last")
    for runs in (rules.accessible, rules.companion):
        _reject_malformed_runs(runs)


def _reject_malformed_runs(runs: Sequence[IndexRun]) -> None:
    # Bounded, because the script of the store marks each seat that they name.
    next_one = 0
    for first, last in runs:
        if not next_one <= first <= last < SEATS_PER_SUBSECTION_MAX:
            raise MalformedSeatCommandError("seats that are set aside do not ascend in bounds")
        next_one = last + 1
