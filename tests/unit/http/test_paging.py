"""Lists, a page at a time."""

import base64
from typing import Any

import httpx
import pytest

from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from tests.support.http_api import HttpApi, booking_form, event_form
from tests.support.problems import problem


async def all_pages(client: httpx.AsyncClient, path: str, **params: str | int) -> list[list[Any]]:
    pages, cursor = [], None
    while True:
        page = await client.get(path, params={**params, "cursor": cursor})
        assert page.status_code == 200, page.text
        assert page.json().keys() == {"items", "next_cursor"}
        pages.append([item["id"] for item in page.json()["items"]])
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return pages


async def test_events_come_newest_first_and_each_once(seller: httpx.AsyncClient) -> None:
    for _ in range(5):
        await seller.post("/api/event", json=event_form())

    assert await all_pages(seller, "/api/event", limit=2) == [[5, 4], [3, 2], [1]]
    assert await all_pages(seller, "/api/event", limit=5) == [[5, 4, 3, 2, 1]]
    assert await all_pages(seller, "/api/event", mine="true", status="draft") == [[]]
    assert await all_pages(seller, "/api/event") == [[5, 4, 3, 2, 1]]


async def test_events_come_by_sale_with_what_can_be_bought_first(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    later = "2400-01-01T00:00:00Z"
    for changes in ({}, {"on_sale_at": later}, {"starts_at": "2000-01-01T00:00:00Z"}, {}, {}):
        await seller.post("/api/event", json=event_form(**changes))
    api.events.set_status(5, EventStatus.CANCELLED)

    for limit in (1, 2, 5):
        pages = await all_pages(seller, "/api/event", order="sale", limit=limit)
        assert [one for page in pages for one in page] == [4, 1, 2, 3, 5]
    assert await all_pages(seller, "/api/event", order="newest") == [[5, 4, 3, 2, 1]]


async def test_the_cursor_of_one_order_is_none_of_the_other(seller: httpx.AsyncClient) -> None:
    for _ in range(2):
        await seller.post("/api/event", json=event_form())
    for order, other in (("sale", "newest"), ("newest", "sale")):
        first = await seller.get("/api/event", params={"limit": 1, "order": order})
        cursor = first.json()["next_cursor"]
        refused = await seller.get("/api/event", params={"order": other, "cursor": cursor})
        problem(refused, 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("place", ["5.1", "-1.1", "0", "0.", ".1", "0.0", "0.1.1", "00.1", "x.1"])
async def test_a_place_that_no_list_by_sale_has_is_no_cursor(
    anyone: httpx.AsyncClient, place: str
) -> None:
    cursor = base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")
    refused = await anyone.get("/api/event", params={"order": "sale", "cursor": cursor})
    problem(refused, 422, "VALIDATION_ERROR")


async def test_bookings_come_newest_first_and_each_once(
    buyer: httpx.AsyncClient, event: int
) -> None:
    ids = [(await buyer.post("/api/booking", json=booking_form())).json()["id"] for _ in range(5)]
    newest_first = sorted(ids, reverse=True)

    assert await all_pages(buyer, "/api/booking", limit=2) == [
        newest_first[:2],
        newest_first[2:4],
        newest_first[4:],
    ]
    assert await all_pages(buyer, "/api/booking", status="processing") == [newest_first]
    assert await all_pages(buyer, "/api/booking", status="paid") == [[]]
    assert await all_pages(buyer, "/api/booking", event_id=event) == [newest_first]
    assert await all_pages(buyer, "/api/booking", event_id=event + 1) == [[]]
    assert await all_pages(buyer, "/api/booking", event_id=10**30) == [[]]


async def test_a_page_has_twenty_items_if_nothing_is_said(seller: httpx.AsyncClient) -> None:
    for _ in range(21):
        await seller.post("/api/event", json=event_form())

    assert [len(page) for page in await all_pages(seller, "/api/event")] == [20, 1]
    assert [len(page) for page in await all_pages(seller, "/api/event", limit=100)] == [21]


@pytest.mark.parametrize("path", ["/api/event", "/api/booking"])
@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=101", "limit=-1", "limit=ten", "limit=1.5", "limit=+5", "limit=1e1"),
        *("limit=", "limit=5&limit=7", "status=draft&status=failed", "cursor=&cursor="),
        *("limit=%20", "limit=" + "9" * 5_000, "limit=\u0661"),
        *(
            "cursor=x",
            "cursor=!!!",
            "cursor=%00",
            "cursor=" + "A" * 5_000,
            "cursor=MA",
            "cursor=LTE",
        ),
        *("cursor=MQ%3D%3D%3D", "cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "cursor=%C3%A9"),
        *("status=unknown", "status=DRAFT", "status=1", "status=%00"),
    ],
)
async def test_a_query_that_means_nothing_is_invalid(
    buyer: httpx.AsyncClient, path: str, query: str
) -> None:
    refused = await buyer.get(f"{path}?{query}")

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error["field"] == query.partition("=")[0]


@pytest.mark.parametrize("limit", ["0", "-1", "101", "9999", "9" * 5_000, "ten"])
async def test_a_page_size_that_cannot_be_is_told_which_can(
    anyone: httpx.AsyncClient, limit: str
) -> None:
    refused = await anyone.get("/api/event", params={"limit": limit})

    (error,) = problem(refused, 422, "VALIDATION_ERROR")["errors"]
    assert error == {"field": "limit", "message": "a number from 1 to 100"}


@pytest.mark.parametrize(
    "spelling",
    ["{{{0}}}", "urn:uuid:{0}", "{1}", "{2}", " {0}", "{0}\n"],
    ids=["braces", "a URN", "without dashes", "capitals", "a space", "a line break"],
)
async def test_a_cursor_in_another_spelling_was_never_handed_out(
    buyer: httpx.AsyncClient, spelling: str
) -> None:
    key = "0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10"
    text = spelling.format(key, key.replace("-", ""), key.upper())
    params = {"cursor": base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")}
    as_handed_out = {"cursor": base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")}

    problem(await buyer.get("/api/booking", params=params), 422, "VALIDATION_ERROR")
    assert (await buyer.get("/api/booking", params=as_handed_out)).status_code == 200


async def test_nor_was_one_that_merely_decodes_alike(anyone: httpx.AsyncClient) -> None:
    assert (await anyone.get("/api/event?cursor=MQ")).status_code == 200
    problem(await anyone.get("/api/event?cursor=MR"), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize("event_id", ["0", "-1", "x", "1.0"])
async def test_a_malformed_event_filter_is_invalid(buyer: httpx.AsyncClient, event_id: str) -> None:
    refused = await buyer.get("/api/booking", params={"event_id": event_id})

    problem(refused, 422, "VALIDATION_ERROR")


async def test_a_flag_is_true_or_false(seller: httpx.AsyncClient) -> None:
    assert (await seller.get("/api/event?mine=false")).status_code == 200
    problem(await seller.get("/api/event?mine=perhaps"), 422, "VALIDATION_ERROR")


async def test_the_cursor_of_one_list_is_none_of_another(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    for _ in range(2):
        await seller.post("/api/event", json=event_form())
    cursor = (await seller.get("/api/event?limit=1")).json()["next_cursor"]

    refused = await seller.get("/api/booking", params={"cursor": cursor})

    problem(refused, 422, "VALIDATION_ERROR")
