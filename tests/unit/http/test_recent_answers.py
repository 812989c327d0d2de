"""Large answers are made once for a crowd, and kept for a moment."""

import asyncio
import gzip
import json
from dataclasses import dataclass, field, replace

import httpx
import msgspec
import pytest

from onsale.service.shared_kernel.seating import SeatState, SubsectionLayout
from onsale.service.ticketing.app.query.get_seat_map_use_case import SeatMapView
from onsale.service.ticketing.domain.exceptions import EventNotFoundError
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.recent_answers import (
    FRESH_SECONDS,
    KEPT_BYTES_MIN,
    RecentAnswers,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    SeatBody,
    SeatMapBody,
    seat_map_json,
)
from tests.support.http_api import HttpApi, event_form

LARGE, SMALL = b"x" * KEPT_BYTES_MIN, b"x"


@dataclass
class Stage:
    """Answers, a clock, and how often one was made."""

    now: float = 0.0
    made: list[str] = field(default_factory=list)
    content: bytes = LARGE
    may_go_on: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.answers = RecentAnswers(lambda: self.now, kept_bytes_max=2 * len(LARGE))
        self.may_go_on.set()

    async def get(self, key: str) -> bytes:
        async def make() -> bytes:
            self.made.append(key)
            content = self.content
            await self.may_go_on.wait()
            return content

        return (await self.answers.get(key, make)).body


async def test_an_answer_is_kept_for_a_moment() -> None:
    stage = Stage()
    await stage.get("a")
    stage.content = b"y" * KEPT_BYTES_MIN
    stage.now = 0.99 * FRESH_SECONDS
    assert await stage.get("a") == LARGE
    stage.now = FRESH_SECONDS
    assert await stage.get("a") == stage.content
    assert stage.made == ["a", "a"]


async def test_a_small_answer_is_not_kept() -> None:
    stage = Stage(content=SMALL)
    await stage.get("a")
    await stage.get("a")
    assert stage.made == ["a", "a"]


@pytest.mark.parametrize("content", [SMALL, LARGE])
async def test_a_crowd_shares_one(content: bytes) -> None:
    stage = Stage(content=content)
    stage.may_go_on.clear()
    crowd = [asyncio.create_task(stage.get("a")) for _ in range(100)]
    await asyncio.sleep(0)
    crowd[0].cancel()
    stage.may_go_on.set()
    assert await asyncio.gather(*crowd[1:]) == [content] * 99
    assert stage.made == ["a"]


async def test_what_is_kept_has_a_bound() -> None:
    stage = Stage()
    for key in "abc":
        await stage.get(key)
    await stage.get("c")
    await stage.get("b")
    await stage.get("a")
    assert stage.made == ["a", "b", "c", "a"]
    assert stage.answers._kept_bytes == 2 * len(LARGE)


async def test_what_is_stale_is_not_kept_in_memory() -> None:
    stage = Stage()
    await stage.get("a")
    stage.now = FRESH_SECONDS
    await stage.get("b")
    assert list(stage.answers._kept) == ["b"]


async def test_what_is_forgotten_is_made_anew_also_while_it_is_being_made() -> None:
    stage = Stage()
    await stage.get("a")
    stage.answers.forget("a")
    stage.may_go_on.clear()
    old = asyncio.create_task(stage.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    stage.answers.forget("a")
    stage.content = b"y" * KEPT_BYTES_MIN
    stage.may_go_on.set()
    assert await stage.get("a") == stage.content
    assert await old == LARGE
    assert await stage.get("a") == stage.content
    assert stage.made == ["a", "a", "a"]


async def test_what_cannot_be_made_is_tried_again() -> None:
    answers = RecentAnswers(lambda: 0.0)

    async def fail() -> bytes:
        raise ZeroDivisionError

    async def succeed() -> bytes:
        return LARGE

    with pytest.raises(ZeroDivisionError):
        await answers.get("a", fail)
    assert (await answers.get("a", succeed)).body == LARGE


async def test_all_are_forgotten_at_once_also_what_is_being_made() -> None:
    stage = Stage()
    await stage.get("a")
    stage.may_go_on.clear()
    old = asyncio.create_task(stage.get("b"))
    await asyncio.sleep(0)
    stage.answers.forget_all()
    assert stage.answers._kept_bytes == 0
    stage.may_go_on.set()
    await old
    for key in "ab":
        await stage.get(key)
    assert stage.made == ["a", "b", "a", "b"]


async def test_a_crowd_shares_what_is_compressed(monkeypatch: pytest.MonkeyPatch) -> None:
    compressed = []
    compress = gzip.compress

    def noted(body: bytes, level: int, *, mtime: int) -> bytes:
        compressed.append(body)
        return compress(body, level, mtime=mtime)

    monkeypatch.setattr(gzip, "compress", noted)
    answers = RecentAnswers(lambda: 0.0)

    async def make() -> bytes:
        return LARGE

    async def get() -> bytes:
        return await (await answers.get("a", make)).gzip()

    await answers.get("a", make)
    assert not compressed, "nobody has asked for it"
    crowd = [asyncio.create_task(get()) for _ in range(100)]
    await asyncio.sleep(0)
    crowd[0].cancel()
    bodies = await asyncio.gather(*crowd[1:])
    assert gzip.decompress(bodies[0]) == LARGE
    assert len({*map(id, bodies), id(await get())}) == 1
    assert compressed == [LARGE]


async def test_that_there_is_no_event_is_no_answer_for_those_who_ask_once_it_is_made() -> None:
    answers, events, may_go_on = RecentAnswers(lambda: 0.0), dict[str, bytes](), asyncio.Event()

    async def page() -> bytes:
        found = events.get("a")
        await may_go_on.wait()
        if found is None:
            raise EventNotFoundError
        return found

    early = asyncio.create_task(answers.get("a", page))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    events["a"] = LARGE
    late = [asyncio.create_task(answers.get("a", page)) for _ in range(3)]
    await asyncio.sleep(0)
    may_go_on.set()
    with pytest.raises(EventNotFoundError):
        await early
    assert [answer.body for answer in await asyncio.gather(*late)] == [LARGE] * 3


async def test_a_crowd_that_asks_for_no_event_has_it_looked_for_twice() -> None:
    answers, made = RecentAnswers(lambda: 0.0), 0

    async def fail() -> bytes:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        raise EventNotFoundError

    crowd = [answers.get("a", fail) for _ in range(100)]
    found = await asyncio.gather(*crowd, return_exceptions=True)
    assert {type(one) for one in found} == {EventNotFoundError}
    assert made == 2


def test_a_map_is_what_its_structs_would_be() -> None:
    layout = SubsectionLayout("A", 7, 3, 4, 1_500)
    states = bytes(index % len(SeatState) for index in range(12))
    view = SeatMapView(42, "EUR", layout, states)

    body = msgspec.json.decode(seat_map_json(view), type=SeatMapBody)

    assert (body.event_id, body.section, body.subsection, body.price) == (42, "A", 7, 1_500)
    assert (body.currency, body.rows, body.seats_per_row) == ("EUR", 3, 4)
    assert msgspec.json.encode(body) == seat_map_json(view)
    assert len(body.seats) == 12
    assert body.seats[5] == SeatBody(2, 2, body.seats[5].status, 1_500)
    assert [seat.status.value for seat in body.seats[:4]] == [
        *("available", "reserved", "sold", "blocked")
    ]


async def test_a_large_map_is_read_once_for_many_and_a_changed_event_at_once(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    services = replace(api.services, monotonic=lambda: 0.0, metrics=type(api.services.metrics)())
    api.app = create_app(services)
    seller = api.client(seller.headers["authorization"].split()[1])
    sections = [{"name": "A", "price": 1, "subsections": 200}]
    hall = {"rows": 50, "cols": 20, "sections": sections}
    event = (await seller.post("/api/event", json=event_form(seating_config=hall))).json()
    path = f"/api/event/{event['id']}"
    reads = 0
    read_counts, read_states = api.events.counts, api.events.states

    async def counts(event_id: int) -> object:
        nonlocal reads
        reads += 1
        return await read_counts(event_id)

    async def states(*arguments: object) -> object:
        nonlocal reads
        reads += 1
        return await read_states(*arguments)  # type: ignore[arg-type]

    api.events.counts, api.events.states = counts, states  # type: ignore[assignment, method-assign]
    seats = [await seller.get(f"{path}/sections/A/subsection/1/seats") for _ in range(3)]
    pages = [await seller.get(path) for _ in range(3)]
    assert reads == 2
    assert {len(json.loads(one.content)["seats"]) for one in seats} == {1_000}
    assert all(page.status_code == 200 for page in pages)

    assert (await seller.patch(path, json={"name": "Renamed"})).status_code == 200
    assert (await seller.get(path)).json()["name"] == "Renamed"
