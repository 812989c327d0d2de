from collections.abc import Callable

import msgspec
import pytest

from onsale.service.seat_reservation.domain.seat_command_rules import (
    MalformedSeatCommandError,
    reject_malformed,
)
from onsale.service.shared_kernel.seat_messages import ReserveSeats, SeatCommand, SelectionMode
from onsale.service.shared_kernel.seat_rules import SeatRules
from tests.builders.seats import NOW, SeatBooking

BOOKING = SeatBooking()


@pytest.mark.parametrize(
    "command",
    [
        BOOKING.best_available(1),
        BOOKING.best_available(10),
        BOOKING.manual("1-1", "4000000000-1"),
        BOOKING.release(),
        BOOKING.finalize(),
        BOOKING.best_by(SeatRules(rows=(1, 1), accessible=((0, 1), (2, 2)), accessible_seats=2), 2),
        BOOKING.manual_by(SeatRules(companion=((9, 9_999),), leave_no_single_seats=True), "1-1"),
    ],
)
def test_a_correct_command_passes(command: SeatCommand) -> None:
    reject_malformed(command)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("event_id", 0),
        ("subsection", 0),
        ("subsection", -1),
        ("epoch", -1),
        ("seq", -1),
        ("booked_at", NOW.replace(tzinfo=None)),
    ],
)
@pytest.mark.parametrize(
    "make",
    [BOOKING.best_available, BOOKING.release, BOOKING.finalize],
    ids=lambda make: make.__name__,
)
def test_a_command_outside_every_limit_is_malformed(
    make: Callable[[], SeatCommand], field: str, value: object
) -> None:
    with pytest.raises(MalformedSeatCommandError):
        reject_malformed(msgspec.structs.replace(make(), **{field: value}))


def reserve(**changes: object) -> ReserveSeats:
    return msgspec.structs.replace(BOOKING.manual("1-1", "1-2"), **changes)


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(BOOKING.best_available(0), id="no seat"),
        pytest.param(BOOKING.best_available(-1), id="fewer than none"),
        pytest.param(BOOKING.best_available(11), id="too many"),
        pytest.param(BOOKING.manual(), id="nothing named"),
        pytest.param(BOOKING.manual(*(f"1-{n}" for n in range(1, 12))), id="too many named"),
        pytest.param(reserve(quantity=1), id="more named than wanted"),
        pytest.param(reserve(quantity=3), id="fewer named than wanted"),
        pytest.param(reserve(positions=("1-1", "1-1")), id="a seat twice"),
        pytest.param(
            reserve(mode=SelectionMode.BEST_AVAILABLE), id="best available of named seats"
        ),
        pytest.param(reserve(positions=("1-0", "1-1")), id="seat 0"),
        pytest.param(reserve(positions=("0-1", "1-1")), id="row 0"),
        pytest.param(reserve(positions=("1--1", "1-1")), id="a sign"),
        pytest.param(reserve(positions=("01-1", "1-1")), id="a leading zero"),
        pytest.param(reserve(positions=("A", "1-1")), id="no position"),
        pytest.param(reserve(deadline=NOW.replace(tzinfo=None)), id="a deadline of nowhere"),
        *(
            pytest.param(BOOKING.best_by(SeatRules(**rules), 2), id=str(rules))
            for rules in (
                {"rows": (0, 1)},
                {"rows": (3, 2)},
                {"accessible_seats": 3},
                {"accessible_seats": -1},
                {"accessible": ((-1, 0),)},
                {"accessible": ((3, 2),)},
                {"companion": ((0, 1), (1, 2))},
                {"companion": ((0, 10_000),)},
            )
        ),
        pytest.param(BOOKING.manual_by(SeatRules(rows=(1, 1)), "1-1"), id="rows of named seats"),
        pytest.param(
            BOOKING.manual_by(SeatRules(accessible_seats=1), "1-1"), id="named seats that must be"
        ),
    ],
)
def test_a_reserve_that_contradicts_itself_is_malformed(command: ReserveSeats) -> None:
    with pytest.raises(MalformedSeatCommandError):
        reject_malformed(command)
