"""Events that cannot be made, changed or found."""

from typing import Any

import httpx
import pytest

from onsale.service.ticketing.driving_adapter.http_controller.json_body import ERROR_COUNT_MAX
from tests.support.http_api import HttpApi, event_form
from tests.support.problems import problem

SUBSECTION = {"number": 1, "rows": 4, "seats_per_row": 5}


def hall(**section: object) -> dict[str, Any]:
    """The long form, with one section that has a fault."""
    return {"sections": [{"name": "A", "price": 100, "subsections": [SUBSECTION], **section}]}


def regular(**changes: object) -> dict[str, Any]:
    """The short form, with a fault."""
    sections = [{"name": "A", "price": 100, "subsections": 2}]
    return {"rows": 4, "cols": 5, "sections": sections, **changes}


def rectangle(**changes: object) -> dict[str, Any]:
    return hall(subsections=[{**SUBSECTION, **changes}])


BAD_PARTS: list[object] = [[], None, {}, 2, [2], [SUBSECTION, SUBSECTION]]
BAD_HALLS: list[object] = [
    None,
    [],
    "hall",
    {},
    {"sections": []},
    {"sections": None},
    {"sections": {}},
    {"sections": [None]},
    {"sections": [{}]},
    *(hall(name=name) for name in ("", "A" * 21, "A B", "Ä", "A\n", "A\0", 1, None)),
    *(hall(price=price) for price in (-1, 1.5, 100.0, "100", True, None, 10**12, 10**30)),
    *(hall(subsections=parts) for parts in BAD_PARTS),
    *(rectangle(number=number) for number in (0, -1, 1.5, "1", True, None, 10**30)),
    *(rectangle(rows=rows) for rows in (0, -1, 1.5, "4", None, 10_001, 10**30)),
    *(rectangle(seats_per_row=seats) for seats in (0, -1, 1.5, "5", None, 10**30)),
    rectangle(rows=101, seats_per_row=100),
    {"sections": [*hall()["sections"], *hall()["sections"]]},
    *(regular(rows=rows) for rows in (0, -1, 1.5, "4", None, 10**30)),
    *(regular(cols=cols) for cols in (0, -1, 1.5, "5", None, 10**30)),
    {"rows": 4, "sections": [{"name": "A", "price": 1, "subsections": 1}]},
    {"cols": 4, "sections": [{"name": "A", "price": 1, "subsections": 1}]},
    regular(sections=[]),
    *(
        regular(sections=[{"name": "A", "price": 1, "subsections": count}])
        for count in (0, -1, 1.5, "2", True, None, [], [SUBSECTION], 10_001, 10**30)
    ),
    # A million and one seats.
    {
        "sections": [
            {
                "name": "A",
                "price": 1,
                "subsections": [
                    *({"number": n, "rows": 100, "seats_per_row": 100} for n in range(1, 101)),
                    {"number": 101, "rows": 1, "seats_per_row": 1},
                ],
            }
        ]
    },
]


@pytest.mark.parametrize("seating_config", BAD_HALLS)
async def test_a_hall_that_breaks_a_rule_is_refused(
    api: HttpApi, seller: httpx.AsyncClient, seating_config: object
) -> None:
    refused = await seller.post("/api/event", json=event_form(seating_config=seating_config))

    document = problem(refused, 422, "VALIDATION_ERROR")
    assert all(one["field"].startswith("seating_config") for one in document["errors"])
    assert api.events.events == {}


@pytest.mark.parametrize(
    "seating_config",
    [
        hall(),
        hall(price=0),
        hall(name="A" * 20),
        hall(name="a_B-9"),
        rectangle(rows=100, seats_per_row=100),
        regular(),
        regular(
            sections=[
                {"name": "A", "price": 1, "subsections": 2},
                {"name": "a", "price": 2, "subsections": 1},
            ]
        ),
    ],
)
async def test_a_hall_within_the_rules_is_made(
    seller: httpx.AsyncClient, seating_config: object
) -> None:
    created = await seller.post("/api/event", json=event_form(seating_config=seating_config))

    assert created.status_code == 201, created.text


async def test_a_hall_of_a_million_seats_is_made(seller: httpx.AsyncClient) -> None:
    sections = [{"name": "A", "price": 1, "subsections": 100}]
    seating_config = {"rows": 100, "cols": 100, "sections": sections}

    created = await seller.post("/api/event", json=event_form(seating_config=seating_config))

    assert created.status_code == 201, created.text


async def test_the_path_of_a_fault_in_the_hall_is_told(seller: httpx.AsyncClient) -> None:
    refused = await seller.post("/api/event", json=event_form(seating_config=rectangle(rows=0)))

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == "seating_config.sections.0.subsections.0.rows"


async def test_every_fault_of_every_section_is_told(seller: httpx.AsyncClient) -> None:
    parts = [{**SUBSECTION, "rows": 0}, {**SUBSECTION, "number": -1, "seats_per_row": None}]
    sections = [
        {"name": "A B", "price": -1, "subsections": [SUBSECTION]},
        {"name": "C", "price": 1, "subsections": []},
        {"name": "D", "price": 1, "subsections": parts},
    ]

    refused = await seller.post(
        "/api/event", json=event_form(name="", seating_config={"sections": sections})
    )

    errors = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert [one["field"] for one in errors] == [
        "name",
        "seating_config.sections.0.name",
        "seating_config.sections.0.price",
        "seating_config.sections.1.subsections",
        "seating_config.sections.2.subsections.0.rows",
        "seating_config.sections.2.subsections.1.number",
        "seating_config.sections.2.subsections.1.seats_per_row",
    ]


async def test_every_fault_of_the_short_form_is_told(seller: httpx.AsyncClient) -> None:
    sections = [
        {"name": "", "price": -1, "subsections": 2},
        {"name": "B", "price": 1, "subsections": 0},
    ]

    refused = await seller.post(
        "/api/event", json=event_form(seating_config=regular(cols=0, sections=sections))
    )

    errors = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert [one["field"] for one in errors] == [
        "seating_config.cols",
        "seating_config.sections.0.name",
        "seating_config.sections.0.price",
        "seating_config.sections.1.subsections",
    ]


async def test_every_rule_that_the_short_form_breaks_is_told(seller: httpx.AsyncClient) -> None:
    sections = [{"name": name, "price": 1, "subsections": 2} for name in ("A", "B", "A", "B")]

    refused = await seller.post(
        "/api/event",
        json=event_form(seating_config={"rows": 101, "cols": 100, "sections": sections}),
    )

    document = problem(refused, 422, "VALIDATION_ERROR")
    too_many, twice = "a subsection has at most 10000 seats", "this section name stands twice"
    assert [(one["field"], one["message"]) for one in document["errors"]] == [
        ("seating_config.sections.0", too_many),
        ("seating_config.sections.1", too_many),
        ("seating_config.sections.2", twice),
        ("seating_config.sections.2", too_many),
        ("seating_config.sections.3", twice),
        ("seating_config.sections.3", too_many),
    ]


async def test_only_so_many_faults_are_told(seller: httpx.AsyncClient) -> None:
    refused = await seller.post(
        "/api/event", json=event_form(seating_config=regular(sections=[{}] * 100))
    )

    assert len(problem(refused, 422, "VALIDATION_ERROR")["errors"]) == ERROR_COUNT_MAX


@pytest.mark.parametrize(
    "seating_config",
    [
        {"sections": [{}] * 2_501},
        regular(sections=[{}] * 2_501),
        {"sections": [{"subsections": [{}] * 1_251}] * 2},
    ],
)
async def test_parts_that_are_too_many_are_counted_and_not_looked_at(
    seller: httpx.AsyncClient, seating_config: object
) -> None:
    refused = await seller.post("/api/event", json=event_form(seating_config=seating_config))

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error == {
        "field": "seating_config",
        "message": "A hall has at most 2500 subsections",
    }


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", ["", "  ", "N" * 256, "N\0", 1, None]),
        ("description", ["D" * 10_001, "D\0", 1, None]),
        ("venue_name", ["", "\t", "V" * 256, "V\0", 1, None]),
        ("is_active", ["true", 1, 0, None]),
        (
            "starts_at",
            [
                *("tomorrow", "", "2030-01-01", "2030-01-01T10:00:00", "1893456000", 1893456000),
                *("2030-13-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"),
                *("2030-01-01T10:00:00+99:00", True, []),
            ],
        ),
        ("on_sale_at", ["2030-01-01T10:00:00", 1]),
        ("currency", ["usd", "US", "EURO", "ZZZ", "", 840, None]),
        ("hold_seconds", [4, 7_201, 0, -5, 60.5, "60", True, None, 10**30]),
        ("max_tickets_per_booking", [0, 11, -1, 1.5, "4", True, None]),
    ],
)
async def test_a_field_that_breaks_a_rule_is_refused(
    seller: httpx.AsyncClient, field: str, values: list[Any]
) -> None:
    for value in values:
        refused = await seller.post("/api/event", json=event_form(**{field: value}))

        document = problem(refused, 422, "VALIDATION_ERROR")
        assert [one["field"] for one in document["errors"]] == [field], value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "N" * 255),
        ("description", "D" * 10_000),
        ("starts_at", None),
        ("starts_at", "2030-01-01T10:00:00+02:00"),
        ("on_sale_at", "1999-01-01T00:00Z"),
        ("currency", "EUR"),
        ("hold_seconds", 5),
        ("hold_seconds", 7_200),
        ("max_tickets_per_booking", 1),
        ("max_tickets_per_booking", 10),
    ],
)
async def test_a_field_at_its_bound_is_accepted(
    seller: httpx.AsyncClient, field: str, value: object
) -> None:
    created = await seller.post("/api/event", json=event_form(**{field: value}))

    assert created.status_code == 201, created.text


@pytest.mark.parametrize("field", ["name", "description", "venue_name", "seating_config"])
async def test_a_missing_field_is_told(seller: httpx.AsyncClient, field: str) -> None:
    form = event_form()
    del form[field]

    refused = await seller.post("/api/event", json=form)

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == field


@pytest.mark.parametrize(
    "changes",
    [
        {"name": ""},
        {"name": None},
        {"description": None},
        {"venue_name": " "},
        {"is_active": None},
        {"is_active": "no"},
        {"on_sale_at": "2030-01-01T10:00:00"},
        {"on_sale_at": 5},
        {"starts_at": "tomorrow"},
        [],
        "words",
    ],
)
async def test_a_change_that_breaks_a_rule_changes_nothing(
    api: HttpApi, seller: httpx.AsyncClient, event: int, changes: object
) -> None:
    before = api.events.events[event]

    refused = await seller.patch(f"/api/event/{event}", json=changes)

    problem(refused, 422, "VALIDATION_ERROR")
    assert api.events.events[event] == before


@pytest.mark.parametrize("event_id", ["0", "-1", "abc", "1.5", "01", "1e3", "%31%00", "\u0661"])
@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("GET", "/sse"), ("GET", "/sections/A/subsection/1/seats"), ("PATCH", "")],
)
async def test_a_malformed_event_id_is_invalid(
    seller: httpx.AsyncClient, event: int, method: str, rest: str, event_id: str
) -> None:
    body: object = {} if method == "PATCH" else None

    refused = await seller.request(method, f"/api/event/{event_id}{rest}", json=body)

    problem(refused, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("event_id", ["2", str(2**63 - 1), str(2**63), "9" * 5_000])
@pytest.mark.parametrize(
    ("method", "rest"),
    [("GET", ""), ("GET", "/sse"), ("GET", "/sections/A/subsection/1/seats"), ("PATCH", "")],
)
async def test_a_well_formed_unknown_event_id_is_not_found(
    seller: httpx.AsyncClient, event: int, method: str, rest: str, event_id: str
) -> None:
    body: object = {} if method == "PATCH" else None

    refused = await seller.request(method, f"/api/event/{event_id}{rest}", json=body)

    problem(refused, 404, "EVENT_NOT_FOUND")


@pytest.mark.parametrize(
    ("place", "status", "code"),
    [
        ("sections/B/subsection/1", 404, "SUBSECTION_NOT_FOUND"),
        ("sections/a/subsection/1", 404, "SUBSECTION_NOT_FOUND"),
        ("sections/A/subsection/3", 404, "SUBSECTION_NOT_FOUND"),
        ("sections/A/subsection/0", 404, "SUBSECTION_NOT_FOUND"),
        ("sections/A/subsection/" + "9" * 4_000, 404, "SUBSECTION_NOT_FOUND"),
        ("sections/A/subsection/one", 422, "VALIDATION_ERROR"),
        ("sections/A/subsection/01", 422, "VALIDATION_ERROR"),
        ("sections/A/subsection/+1", 422, "VALIDATION_ERROR"),
        ("sections/A/subsection/-0", 422, "VALIDATION_ERROR"),
        ("sections/A/subsection/1.5", 422, "VALIDATION_ERROR"),
        ("sections/A%00/subsection/1", 422, "VALIDATION_ERROR"),
    ],
)
async def test_a_seat_map_of_nowhere_is_refused(
    anyone: httpx.AsyncClient, event: int, place: str, status: int, code: str
) -> None:
    refused = await anyone.get(f"/api/event/{event}/{place}/seats")

    problem(refused, status, code)
