"""Halls: what can be described, and what is refused."""

import json
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.service.shared_kernel.seating import PriceCategory, SeatPosition, SubsectionLayout
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
    FAULTS_TOLD_MAX,
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


FRONT = PriceCategory("front", 200, 1, 2)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"accessible": ("5-1",)}, id="an accessible seat outside"),
        pytest.param({"companion": ("1-6",)}, id="a companion seat outside"),
        pytest.param({"accessible": ("1-01",)}, id="no position"),
        pytest.param({"accessible": ("1-1", "1-1")}, id="a seat twice"),
        pytest.param({"accessible": ("1-1",), "companion": ("1-1",)}, id="a seat of two kinds"),
        pytest.param({"price_categories": (FRONT, FRONT)}, id="a category twice"),
        pytest.param({"price_categories": (replace(FRONT, name="A B"),)}, id="no category name"),
        pytest.param({"price_categories": (replace(FRONT, price=-1),)}, id="a negative price"),
        pytest.param({"price_categories": (replace(FRONT, first_row=0),)}, id="row 0"),
        pytest.param({"price_categories": (replace(FRONT, last_row=5),)}, id="a row too many"),
        pytest.param({"price_categories": (replace(FRONT, first_row=3),)}, id="rows backwards"),
        pytest.param(
            {"price_categories": (replace(FRONT, name="b", first_row=2, last_row=4), FRONT)},
            id="a row in two categories",
        ),
        pytest.param(
            {"price_categories": tuple(replace(FRONT, name=f"c{n}") for n in range(21))},
            id="21 categories",
        ),
    ],
)
def test_kinds_of_seats_that_break_a_rule_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as refused:
        SeatingConfig.of([_section("A", 100, replace(Rectangle(1, 4, 5), **changes))])
    field = refused.value.details["errors"][0]["field"]  # type: ignore[index]
    assert field.startswith("seating_config.sections.0.subsections.0.")


def test_every_fault_of_a_hall_is_told_once() -> None:
    square = Rectangle(1, 4, 5)
    with pytest.raises(
        InvalidInputError, match=r"^this section name stands twice \(7 more in"
    ) as refused:
        SeatingConfig.of(
            [
                _section(),
                _section("A", -1, Rectangle(1, 200, 200), Rectangle(2, 200, 200)),
                _section("B", 1, square, square),
                _section(
                    "C",
                    1,
                    replace(square, accessible=("5-1", "1-1"), companion=("x", "1-1")),
                    Rectangle(2, 4, 5, (replace(FRONT, price=-1),)),
                ),
            ]
        )
    where = "seating_config.sections"
    assert refused.value.details["errors"] == [
        {"field": f"{where}.{field}", "message": message}
        for field, message in (
            ("1", "this section name stands twice"),
            ("1", "a price is 0 to 100000000 cents"),
            ("1", "a subsection has at most 10000 seats"),
            ("2", "subsection 1 stands twice"),
            ("3.subsections.0.accessible.0", "this seat lies outside the subsection"),
            ("3.subsections.0.companion.0", "a position is row-seat, both from 1: 3-14"),
            ("3.subsections.0.companion", "a seat is accessible or a companion's"),
            ("3.subsections.1.price_categories", "a price is 0 to 100000000 cents"),
        )
    ]


def test_only_so_many_faults_of_a_hall_are_told() -> None:
    with pytest.raises(InvalidInputError) as refused:
        SeatingConfig.of([_section()] * SUBSECTIONS_PER_EVENT_MAX)
    assert len(refused.value.details["errors"]) == FAULTS_TOLD_MAX  # type: ignore[arg-type]


def _seats(rows: int, count: int) -> tuple[str, ...]:
    return tuple(f"{row}-{seat}" for row in range(1, rows + 1) for seat in range(1, count + 1))


def test_kinds_of_seats_have_limits_in_a_subsection_and_in_an_event() -> None:
    large = Rectangle(1, 100, 100, accessible=_seats(5, 100))
    assert len(SeatingConfig.of([_section("A", 1, large)]).find("A", 1).accessible) == 500
    with pytest.raises(InvalidInputError, match="at most 500"):
        SeatingConfig.of([_section("A", 1, replace(large, accessible=_seats(5, 101)[:501]))])
    with pytest.raises(InvalidInputError, match="at most 20000 accessible"):
        SeatingConfig.of([_section("A", 1, *(replace(large, number=n) for n in range(1, 42)))])
    categories = tuple(PriceCategory(f"c{n}", 1, n, n) for n in range(1, 21))
    striped = Rectangle(1, 20, 1, price_categories=categories)
    with pytest.raises(InvalidInputError, match="at most 5000 price categories"):
        SeatingConfig.of([_section("A", 1, *(replace(striped, number=n) for n in range(1, 252)))])


WITH_KINDS = Rectangle(
    7, 4, 5, (replace(FRONT, name="rear", first_row=4, last_row=4), FRONT), ("2-1", "1-1"), ("1-2",)
)


def test_kinds_of_seats_are_stored_and_read_as_they_were_named() -> None:
    hall = SeatingConfig.of([_section("A", 100, WITH_KINDS, Rectangle(8, 1, 1))])
    stored = seating_config_to_json(hall)
    assert stored["sections"][0]["subsections"] == [
        {
            "number": 7,
            "rows": 4,
            "seats_per_row": 5,
            "price_categories": [
                {"name": "rear", "price": 200, "rows": [4, 4]},
                {"name": "front", "price": 200, "rows": [1, 2]},
            ],
            "accessible": ["2-1", "1-1"],
            "companion": ["1-2"],
        },
        {"number": 8, "rows": 1, "seats_per_row": 1},
    ]
    read = seating_config_from_json(json.loads(json.dumps(stored)))
    assert read == hall
    assert [*read] == [*hall]


def test_each_ticket_has_the_price_of_its_row() -> None:
    hall = SeatingConfig.of([_section("A", 100, WITH_KINDS)])
    tickets = EventTicketingAggregate.create(1, EventDetails("E", "", "V", hall)).tickets()
    prices = {row: {one.price for one in tickets_of} for row, tickets_of in _by_row(tickets)}
    assert prices == {1: {200}, 2: {200}, 3: {100}, 4: {200}}


def _by_row(tickets: Iterable[NewTicket]) -> Iterable[tuple[int, Iterable[NewTicket]]]:
    return groupby(tickets, key=lambda ticket: ticket.row_number)


def test_a_hall_weighs_as_much_as_there_is_to_tell_of_it() -> None:
    assert SeatingConfig.of([_section("A", 100, Rectangle(1, 4, 5))]).weight == 1
    many = Rectangle(1, 4, 5, (FRONT,), accessible=_seats(4, 4))
    assert SeatingConfig.of([_section("A", 100, many)]).weight == 4


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
