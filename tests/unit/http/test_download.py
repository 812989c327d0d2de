"""A file is made no faster than its client takes it, and never looks whole when it is not."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, MutableMapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_sales import SeatKey, TakenTicket
from onsale.service.ticketing.domain.event_ticketing_aggregate import TicketStatus
from onsale.service.ticketing.driving_adapter.http_controller.download import Download
from onsale.service.ticketing.driving_adapter.schema.ticket_csv import COLUMNS, harmless, lines
from tests.servers.waiting import eventually


@dataclass
class SlowClient:
    """Takes a chunk whenever it is let to, and may go away."""

    taken: list[bytes] = field(default_factory=list)
    is_whole: bool = False
    ready: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    gone: asyncio.Event = field(default_factory=asyncio.Event)

    async def receive(self) -> MutableMapping[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            return
        if not message["more_body"]:
            self.is_whole = True
            return
        await self.ready.acquire()
        self.taken.append(message["body"])


@dataclass
class Source:
    """Chunks, and how many were made."""

    count: int
    failure: Exception | None = None
    made_count: int = 0

    def has_made(self, count: int) -> bool:
        return self.made_count >= count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.count):
            self.made_count += 1
            yield b"chunk"
        if self.failure is not None:
            raise self.failure


def sending(client: SlowClient, source: Source, seconds_max: float = 30.0) -> asyncio.Task[None]:
    answer = Download(
        b"first",
        aiter(source),
        nullcontext(),
        media_type="text/csv",
        file_name="it.csv",
        chunk_seconds_max=seconds_max,
    )
    return asyncio.create_task(answer({}, client.receive, client.send))


async def test_the_next_chunk_is_made_when_the_one_before_was_taken() -> None:
    client, source = SlowClient(), Source(50)
    task = sending(client, source)
    for number in range(1, 51):
        client.ready.release()
        await eventually(partial(source.has_made, number))
        assert source.made_count <= len(client.taken) + 1
    client.ready.release()
    await task
    assert client.is_whole
    assert client.taken == [b"first"] + [b"chunk"] * 50


async def test_a_client_that_went_away_ends_it() -> None:
    client, source = SlowClient(), Source(10**9)
    task = sending(client, source)
    client.ready.release()
    await eventually(lambda: source.made_count == 1)
    client.gone.set()
    await task
    assert source.made_count == 1
    assert not client.is_whole


async def test_what_breaks_on_the_way_is_not_taken_for_the_whole() -> None:
    client, source = SlowClient(), Source(2, UnavailableError("postgresql"))
    for _ in range(3):
        client.ready.release()
    await sending(client, source)
    assert len(client.taken) == 3
    assert not client.is_whole


async def test_a_client_that_takes_nothing_is_given_up() -> None:
    client = SlowClient()
    await sending(client, Source(5), seconds_max=0.01)
    assert not client.taken
    assert not client.is_whole


@given(st.text())
def test_no_text_begins_as_a_formula(text: str) -> None:
    cell = str(harmless(text))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'")


def test_a_section_that_looks_like_a_formula_is_written_as_text() -> None:
    ticket = TakenTicket(
        SeatKey("-1", 1, 2, 3),
        TicketStatus.SOLD,
        500,
        UUID(int=1),
        datetime(2030, 5, 1, 19, 30, tzinfo=UTC),
    )
    (row,) = csv.reader(io.StringIO(lines([ticket], "EUR").decode()))
    assert row[:8] == ["'-1", "1", "2", "3", "sold", "500", "5.00", "EUR"]
    assert row[8:] == [str(UUID(int=1)), "2030-05-01 19:30:00"]


@given(st.integers(0, 10**12))
def test_both_prices_of_a_line_are_the_same(cents: int) -> None:
    ticket = TakenTicket(
        SeatKey("A", 1, 1, 1), TicketStatus.SOLD, cents, UUID(int=1), datetime.now(UTC)
    )
    (row,) = csv.reader(io.StringIO(lines([ticket], "EUR").decode()))
    told = dict(zip(COLUMNS, row, strict=True))
    assert int(told["price_cents"]) == cents
    assert Decimal(told["price_decimal"]) * 100 == cents
    assert len(told["price_decimal"].rpartition(".")[2]) == 2
