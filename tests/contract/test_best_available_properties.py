"""The best-available rule, in the script and in plain Python, against brute force."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onsale.service.seat_reservation.domain.seat_selection import choose_best_available
from onsale.service.shared_kernel.seat_messages import (
    SeatCommand,
    SeatResult,
    SeatsRefused,
    SeatsReserved,
)
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from tests.builders.seats import EPOCH, NOW, SeatBooking, drawing, layout, snapshot
from tests.contract.seat_oracle import oracle
from tests.contract.synchronous_seat_store import SynchronousSeatStore, synchronous_redis


@dataclass(frozen=True)
class Occupied:
    """A subsection of which some seats are gone."""

    layout: SubsectionLayout
    states: bytes

    def __repr__(self) -> str:
        return drawing(self.states, self.layout.seats_per_row)


@st.composite
def occupied(draw: st.DrawFn) -> Occupied:
    of = layout(draw(st.integers(1, 12)), draw(st.integers(1, 14)))
    # Nearly full and nearly empty halls are where the rule has its corners.
    state = st.sampled_from(draw(st.sampled_from([(0, 1), (0, 0, 0, 2), (0, 1, 2, 3), (0, 1, 1)])))
    seats = st.lists(state, min_size=of.seat_count, max_size=of.seat_count)
    return Occupied(of, bytes(draw(seats)))


quantities = st.integers(1, 10)


def indexes_of(result: SeatResult, of: SubsectionLayout) -> list[int] | None:
    if isinstance(result, SeatsRefused):
        return None
    assert isinstance(result, SeatsReserved)
    return [of.index_of(SeatPosition.parse(position)) for position in result.positions]


@settings(deadline=None)
@given(occupied(), quantities)
def test_the_readable_rule_gives_the_best_seats(hall: Occupied, quantity: int) -> None:
    chosen = choose_best_available(hall.states, hall.layout.seats_per_row, quantity)
    assert chosen == oracle(hall.states, hall.layout.seats_per_row, quantity)


@pytest.fixture
def redis_store(redis_url: str) -> Iterator[SynchronousSeatStore]:
    with synchronous_redis(redis_url) as store:
        yield store


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(hall=occupied(), wanted=st.lists(quantities, min_size=1, max_size=12))
def test_the_script_gives_each_booking_of_a_batch_the_best_seats(
    redis_store: SynchronousSeatStore, hall: Occupied, wanted: list[int]
) -> None:
    redis_store.install(EPOCH, snapshot(hall.layout, hall.states))
    commands = [SeatBooking().best_available(quantity) for quantity in wanted]
    results = redis_store.apply(commands, NOW)
    left = bytearray(hall.states)
    for quantity, result in zip(wanted, results, strict=True):
        best = oracle(left, hall.layout.seats_per_row, quantity)
        assert indexes_of(result, hall.layout) == best
        for index in best or ():
            left[index] = 1
    assert redis_store.states(hall.layout) == bytes(left)


@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    hall=occupied(),
    steps=st.lists(st.tuples(quantities, st.booleans()), min_size=1, max_size=14),
)
def test_the_script_sees_seats_that_were_freed_earlier_in_the_batch(
    redis_store: SynchronousSeatStore, hall: Occupied, steps: list[tuple[int, bool]]
) -> None:
    redis_store.install(EPOCH, snapshot(hall.layout, hall.states))
    bookings = [SeatBooking() for _ in steps]
    commands: list[SeatCommand] = []
    for at, (booking, (quantity, frees)) in enumerate(zip(bookings, steps, strict=True)):
        commands.append(booking.best_available(quantity))
        if frees:
            commands.append(bookings[at // 2].release())
    results = redis_store.apply(commands, NOW)
    left, held = bytearray(hall.states), dict[object, list[int]]()
    for command, result in zip(commands, results, strict=True):
        if command.seq == 1:
            quantity = steps[[each.id for each in bookings].index(command.booking_id)][0]
            best = oracle(left, hall.layout.seats_per_row, quantity)
            assert indexes_of(result, hall.layout) == best
            held[command.booking_id] = best or []
        state = 1 if command.seq == 1 else 0
        for index in held.get(command.booking_id, ()):
            left[index] = state
        if state == 0:
            held.pop(command.booking_id, None)
    assert redis_store.states(hall.layout) == bytes(left)
