from onsale.service.seat_reservation.driven_adapter.seat_store.installation import (
    BYTES_PER_EXEC_MAX,
    SUBSECTIONS_PER_EXEC_MAX,
    SubsectionWrite,
    chunks,
    writes_for,
)
from tests.builders.seats import SeatBooking, hall, layout, snapshot


def write_of(size_bytes: int, number: int = 1) -> SubsectionWrite:
    return SubsectionWrite("A", number, "layout", bytes(size_bytes), "stats", answers={})


def test_small_subsections_share_a_transaction_up_to_their_limit() -> None:
    writes = [write_of(10, number) for number in range(250)]
    found = list(chunks(iter(writes)))
    assert [len(chunk) for chunk in found] == [SUBSECTIONS_PER_EXEC_MAX] * 2 + [50]
    assert [each for chunk in found for each in chunk] == writes


def test_large_subsections_share_one_up_to_its_bytes() -> None:
    found = list(chunks(write_of(BYTES_PER_EXEC_MAX // 3) for _ in range(7)))
    assert [len(chunk) for chunk in found] == [3, 3, 1]


def test_a_subsection_larger_than_a_transaction_should_be_is_not_torn_apart() -> None:
    found = list(chunks([write_of(1), write_of(BYTES_PER_EXEC_MAX + 1), write_of(1)]))
    assert [len(chunk) for chunk in found] == [1, 1, 1]


def test_nothing_to_install_needs_no_transaction() -> None:
    assert list(chunks([])) == []


def test_the_values_of_a_subsection() -> None:
    booking = SeatBooking()
    seats = snapshot(layout(2, 3), hall("b.. ..."), [booking.held("2-1", "1-3", seq=4, sold=True)])
    (write,) = writes_for(9, "ab12", [seats])
    assert write.layout == "9:2:3:ab12"
    assert write.bitmap == bytes([0b11_00_10_10, 0b00_00_00_00])
    assert write.stats == "3,0,2,1"
    assert write.answers == {"20300517": {str(booking.id).encode(): b"ab12:4:sold:2,3"}}
