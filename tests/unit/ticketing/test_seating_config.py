"""Halls: what can be described, and what is refused."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.ticketing.domain.event_ticketing_aggregate import (
    EventDetails,
    EventTicketingAggregate,
    NewTicket,
)
from onsale.service.ticketing.domain.exceptions import (
    InvalidInputError,
    SubsectionNotFoundError,
)
from onsale.service.ticketing.domain.value_object.seating_config import (
    SUBSECTIONS_PER_EVENT_MAX,
    Rectangle,
    SeatingConfig,
    Section,
)
from onsale.service.ticketing.driven_adapter.repository.seating_config_json import (
    seating_config_from_json,
    seating_config_to_json,
)


def _section(name: str = "A", price: int = 100, *rectangles: Rectangle) -> Section:
    return Section(name, price, rectangles or (Rectangle(1, 2, 3),))


@pytest.mark.parametrize(
    "sections",
    [
        pytest.param([], id="no section"),
        pytest.param([Section("A", 100, ())], id="a section without subsections"),
        pytest.param([_section(), _section()], id="a section name twice"),
        pytest.param(
            [_section("A", 100, Rectangle(1, 1, 1), Rectangle(1, 2, 2))], id="a number twice"
        ),
        pytest.param([_section("")], id="an empty name"),
        pytest.param([_section("A" * 21)], id="a long name"),
        pytest.param([_section("A:B")], id="a name that would break keys"),
        pytest.param([_section("Ä")], id="a name that is not ASCII"),
        pytest.param([_section("A", -1)], id="a negative price"),
        pytest.param([_section("A", 100, Rectangle(0, 1, 1))], id="subsection 0"),
        pytest.param([_section("A", 100, Rectangle(1, 0, 1))], id="no row"),
        pytest.param([_section("A", 100, Rectangle(1, 1, 0))], id="no seat"),
        pytest.param([_section("A", 100, Rectangle(1, 100, 101))], id="10,100 seats in one"),
        pytest.param(
            [Section.regular("A", 100, 100, 100, 100), _section("B", 100, Rectangle(1, 1, 1))],
            id="a million and one seats",
        ),
        pytest.param(
            [Section.regular("A", 100, SUBSECTIONS_PER_EVENT_MAX, 1, 1), _section("B")],
            id="too many subsections",
        ),
    ],
)
def test_a_hall_that_breaks_a_rule_is_refused(sections: list[Section]) -> None:
    with pytest.raises(InvalidInputError):
        SeatingConfig.of(sections)


def test_a_hall_may_have_a_million_seats() -> None:
    assert SeatingConfig.of([Section.regular("A", 0, 100, 100, 100)]).seat_count == 1_000_000


def test_names_compare_with_case() -> None:
    hall = SeatingConfig.of([_section("A"), _section("a", 200)])
    assert hall.find("a", 1).price == 200
    for name, number in (("B", 1), ("A", 2), ("A", 0)):
        with pytest.raises(SubsectionNotFoundError):
            hall.find(name, number)


def test_the_stored_form_gives_the_same_hall() -> None:
    hall = SeatingConfig.of(
        [_section("VIP", 9_900, Rectangle(3, 4, 5), Rectangle(1, 2, 2)), _section("a-1_Z", 0)]
    )
    assert seating_config_from_json(seating_config_to_json(hall)) == hall


def test_an_event_has_one_ticket_for_every_seat() -> None:
    hall = SeatingConfig.of([_section("A", 100, Rectangle(2, 2, 2)), _section("B", 50)])
    aggregate = EventTicketingAggregate.create(1, EventDetails("E", "", "V", hall))
    tickets = list(aggregate.tickets())
    assert len(tickets) == len(set(tickets)) == aggregate.ticket_count == 10
    assert tickets[:4] == [NewTicket("A", 2, row, seat, 100) for row in (1, 2) for seat in (1, 2)]


def test_an_event_keeps_its_limits() -> None:
    details = EventDetails("E", "", "V", SeatingConfig.of([_section()]))
    for beyond in (
        replace(details, hold_seconds=4),
        replace(details, hold_seconds=7_201),
        replace(details, max_tickets_per_booking=0),
        replace(details, max_tickets_per_booking=11),
    ):
        with pytest.raises(InvalidInputError):
            EventTicketingAggregate.create(1, beyond)


@given(rows=st.integers(1, 50), seats_per_row=st.integers(1, 50), data=st.data())
def test_a_position_and_its_index_are_inverse(
    rows: int, seats_per_row: int, data: st.DataObject
) -> None:
    layout = SubsectionLayout("A", 1, rows, seats_per_row, 0)
    index = data.draw(st.integers(0, layout.seat_count - 1))
    position = layout.position_at(index)
    assert layout.contains(position)
    assert layout.index_of(position) == index
    assert SeatPosition.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        *("", "1", "1-", "-1", "1-0", "0-1", "1--1", "01-1", "1-01", "+1-1", " 1-1", "1-1 "),
        *("1-1\n", "1.0-1", "1e2-1", "\u0661-\u0661", "1-1-1", "a-b"),
    ],
)
def test_a_position_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a seat position"):
        SeatPosition.parse(text)


def test_a_huge_position_is_well_formed_and_outside_of_every_layout() -> None:
    huge = SeatPosition.parse(f"{'9' * 5_000}-1")
    assert not SubsectionLayout("A", 1, 100, 100, 0).contains(huge)
