"""Lists that come a page at a time, and lead on for good if a server likes."""

import json
from typing import Any

import pytest

from onsale.client import BadAnswerError
from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.hostile_server import hostile_server, http
from tests.support.service_answers import BOOKING

pytestmark = BOTH_KINDS

ALL = {"all_events": (), "all_bookings": (), "all_deliveries": (1,)}


def page(next_cursor: str | None, *items: dict[str, Any]) -> bytes:
    return http(200, json.dumps({"items": items, "next_cursor": next_cursor}).encode())


async def test_every_page_is_read(kind: str) -> None:
    others = [{**BOOKING, "quantity": number} for number in range(1, 6)]
    pages = [page("a", *others[:2]), page("b", *others[2:4]), page(None, others[4])]
    async with hostile_server(*pages) as server, either_client(kind, server.url) as c:
        seen = await c.stream("all_bookings").all()
    assert [each.quantity for each in seen] == [1, 2, 3, 4, 5]
    asked = [each.line.split()[1].partition("limit=100")[2] for each in server.asked]
    assert asked == ["", "&cursor=a", "&cursor=b"]


@pytest.mark.parametrize("name", ALL)
async def test_a_list_of_nothing_ends(kind: str, name: str) -> None:
    async with hostile_server(page(None)) as server, either_client(kind, server.url) as c:
        assert await c.stream(name, *ALL[name]).all() == []


@pytest.mark.parametrize("ring", [["a"], ["a", "b"], ["a", "b", "c", "d"]])
async def test_pages_that_go_round_are_found_out(kind: str, ring: list[str]) -> None:
    pages = [page(cursor, BOOKING) for cursor in [*ring, ring[0], "a way out"]]
    async with hostile_server(*pages, page(None)) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream("all_bookings").all()
    assert len(server.asked) == len(ring) + 1


@pytest.mark.parametrize("name", ALL)
async def test_pages_of_nothing_are_found_out(kind: str, name: str) -> None:
    pages = [page("a"), page("b"), page(None)]
    async with hostile_server(*pages) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream(name, *ALL[name]).all()
    assert len(server.asked) == 1


async def test_a_page_that_no_address_can_ask_for_is_found_out(kind: str) -> None:
    pages = [page("x" * 100_000, BOOKING), page(None)]
    async with hostile_server(*pages) as server, either_client(kind, server.url) as c:
        with pytest.raises(BadAnswerError):
            await c.stream("all_bookings").all()
