"""What is counted as free for whoever lets the system choose, against the rule that chooses."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from onsale.service.seat_reservation.domain.seat_selection import choose_best_available
from onsale.service.shared_kernel.seat_messages import SelectionMode
from onsale.service.shared_kernel.seating import PriceCategory, SubsectionLayout
from onsale.service.ticketing.domain.booking_rules import seat_rules_for
from onsale.service.ticketing.domain.seats_on_offer import seats_on_offer
from tests.builders.seats import layout

Halls = tuple[SubsectionLayout, bytes, PriceCategory | None]


@st.composite
def halls(draw: st.DrawFn) -> Halls:
    plain = layout(draw(st.integers(1, 5)), draw(st.integers(1, 6)))
    indexes = st.integers(0, plain.seat_count - 1)
    state = st.sampled_from(draw(st.sampled_from([(0, 1), (0, 1, 2, 3), (0,), (1, 2)])))
    states = bytes(draw(st.lists(state, min_size=plain.seat_count, max_size=plain.seat_count)))
    accessible = draw(st.sets(indexes, max_size=6))
    companion = draw(st.sets(indexes, max_size=6)) - accessible
    of = replace(plain, accessible=tuple(sorted(accessible)), companion=tuple(sorted(companion)))
    first = draw(st.integers(1, plain.rows))
    category = PriceCategory("front", 1, first, draw(st.integers(first, plain.rows)))
    return of, states, draw(st.sampled_from([None, category]))


def can_be_had(hall: Halls, quantity: int, accessible_seats: int) -> bool:
    of, states, category = hall
    rules = seat_rules_for(
        of,
        SelectionMode.BEST_AVAILABLE,
        category,
        accessible_seats,
        leave_no_single_seats=False,
    )
    return choose_best_available(states, of.seats_per_row, quantity, rules) is not None


@settings(deadline=None, max_examples=300)
@given(halls(), st.integers(1, 10))
def test_plain_seats_are_told_as_they_can_be_had(hall: Halls, quantity: int) -> None:
    of, states, category = hall
    offered = seats_on_offer(of, states, category, 0)
    assert can_be_had(hall, quantity, 0) is (quantity <= offered)


@settings(deadline=None, max_examples=300)
@given(halls(), st.integers(1, 10), st.integers(1, 4))
def test_nobody_who_could_have_accessible_seats_is_told_that_there_are_none(
    hall: Halls, quantity: int, accessible_seats: int
) -> None:
    of, states, category = hall
    if can_be_had(hall, quantity, min(accessible_seats, quantity)):
        assert seats_on_offer(of, states, category, min(accessible_seats, quantity)) >= quantity
