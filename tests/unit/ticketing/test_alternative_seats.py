"""Which seats are offered instead of others, against every group that there is."""

import sys
from dataclasses import replace
from types import FrameType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.domain.alternative_seats import alternative_seats
from tests.builders.seats import drawing, hall, layout


def oracle(of: SubsectionLayout, states: bytes, asked: tuple[int, ...]) -> list[list[str]]:
    """Every group of the hall, then the three best."""
    wanted = [of.position_at(index) for index in asked]
    free = {of.position_at(index) for index, state in enumerate(states) if state == 0}
    set_aside = {of.position_at(index) for index in (*of.accessible, *of.companion)}
    groups = []
    for row in range(1, of.rows + 1):
        for seat in range(1, of.seats_per_row + 1):
            group = [SeatPosition(row, seat + more) for more in range(len(asked))]
            if not set(group) <= free or group == wanted:
                continue
            if set_aside & set(group) and not set_aside & set(wanted):
                continue
            leaves_one = bool(_alone(free - set(group)) - _alone(free))
            groups.append((leaves_one, _distance(group, wanted), group))
    good = [group for group in groups if not group[0]] or groups
    return [[str(seat) for seat in group] for *_, group in sorted(good)[:3]]


def _alone(free: set[SeatPosition]) -> set[SeatPosition]:
    return {
        each
        for each in free
        if free.isdisjoint(replace(each, seat=each.seat + step) for step in (-1, 1))
    }


def _distance(group: list[SeatPosition], wanted: list[SeatPosition]) -> int:
    pairs = zip(group, wanted, strict=True)
    return sum(2 * abs(to.row - here.row) + abs(to.seat - here.seat) for to, here in pairs)


@st.composite
def questions(draw: st.DrawFn) -> tuple[SubsectionLayout, bytes, tuple[int, ...]]:
    plain = layout(draw(st.integers(1, 8)), draw(st.integers(1, 12)))
    indexes = st.integers(0, plain.seat_count - 1)
    state = st.sampled_from(draw(st.sampled_from([(0, 1), (0, 0, 0, 2), (0, 1, 1, 3), (0,)])))
    states = bytes(draw(st.lists(state, min_size=plain.seat_count, max_size=plain.seat_count)))
    accessible = draw(st.sets(indexes, max_size=draw(st.sampled_from([0, 3, 30]))))
    companion = draw(st.sets(indexes, max_size=3)) - accessible
    of = replace(plain, accessible=tuple(sorted(accessible)), companion=tuple(sorted(companion)))
    return of, states, tuple(sorted(draw(st.sets(indexes, min_size=1, max_size=4))))


@settings(deadline=None, max_examples=500)
@given(questions())
def test_the_nearest_good_groups_are_offered(
    question: tuple[SubsectionLayout, bytes, tuple[int, ...]],
) -> None:
    of, states, asked = question
    found = [[*group] for group in alternative_seats(of, states, asked)]
    assert found == oracle(of, states, asked), drawing(states, of.seats_per_row)


@pytest.mark.parametrize(
    ("seats", "asked", "offered"),
    [
        ("r....", (0,), [["1-2"], ["1-5"]]),
        ("rr....", (0, 1), [["1-3", "1-4"], ["1-5", "1-6"]]),
        ("rr...", (0, 1), [["1-3", "1-4"], ["1-4", "1-5"]]),
        ("rrrrr", (0,), []),
    ],
)
def test_offers_by_example(seats: str, asked: tuple[int, ...], offered: list[list[str]]) -> None:
    states = hall(seats)
    found = alternative_seats(layout(1, len(states)), states, asked)
    assert [[*group] for group in found] == offered


@pytest.mark.parametrize(
    ("rows", "width", "pattern", "asked"),
    [
        (1, 10_000, ".", range(5_000, 5_010)),
        (1, 10_000, "..r", range(5_000, 5_001)),
        (100, 100, "...r", range(5_000, 5_002)),
        (10_000, 1, ".", range(0, 10_000, 1_000)),
    ],
)
def test_no_hall_makes_a_question_costly(rows: int, width: int, pattern: str, asked: range) -> None:
    """Anybody may ask any number of them. Counted in calls: fewer than for one in four seats."""
    states = (hall(pattern) * 10_000)[: rows * width]
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        alternative_seats(layout(rows, width), states, tuple(asked))
    finally:
        sys.setprofile(None)
    assert calls < rows * width // 4
