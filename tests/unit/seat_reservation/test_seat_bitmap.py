from hypothesis import given
from hypothesis import strategies as st

from onsale.service.seat_reservation.driven_adapter.seat_store.seat_bitmap import (
    pack_states,
    packed_size_bytes,
    unpack_states,
)

seat_states = st.lists(st.integers(0, 3), max_size=200).map(bytes)


def test_the_first_seat_stands_in_the_highest_bits() -> None:
    assert pack_states(bytes([1, 2, 3, 0, 2])) == bytes([0b01_10_11_00, 0b10_00_00_00])


@given(seat_states)
def test_packing_keeps_every_state_in_its_place(states: bytes) -> None:
    bits = "".join(f"{byte:08b}" for byte in pack_states(states))
    assert [int(bits[at : at + 2], 2) for at in range(0, 2 * len(states), 2)] == list(states)
    assert set(bits[2 * len(states) :]) <= {"0"}


@given(seat_states)
def test_unpacking_is_the_inverse(states: bytes) -> None:
    packed = pack_states(states)
    assert len(packed) == packed_size_bytes(len(states))
    assert unpack_states(packed, len(states)) == states
