"""What the ticketing worker keeps in order for events."""

import asyncio
from collections.abc import Collection
from typing import Any, cast

import pytest

from onsale.platform.database.rows import Row
from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.seat_store import redis_seat_store
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_keys import SeatKeys
from onsale.service.ticketing.app.command import refresh_event_status_use_case
from onsale.service.ticketing.app.command.load_owing_events_use_case import (
    LoadOwingEventsUseCase,
)
from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    EventOrder,
    EventPlace,
)
from onsale.service.ticketing.app.interface.i_seat_map import ISeatMap
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event, EventStatus
from onsale.service.ticketing.driven_adapter.repository import sqlalchemy_event_reader
from onsale.service.ticketing.driven_adapter.repository.asyncpg_upkeep import AsyncpgUpkeep
from onsale.service.ticketing.driven_adapter.repository.event_rows import event_from_row
from tests.controls.interleaving import HookedPort
from tests.integration.test_blocked_seats import seller_of
from tests.support.pipeline import Pipeline
from tests.support.tasks import background


async def _status(pipeline: Pipeline, event_id: int) -> EventStatus:
    event = await pipeline.events.by_id(event_id)
    assert event is not None
    return event.status


async def test_sold_out_follows_the_seats_both_ways(pipeline: Pipeline) -> None:
    event = await pipeline.open_event(rows=1, seats_per_row=2)
    buyer = await pipeline.user(UserRole.BUYER)
    refresh = RefreshEventStatusUseCase(pipeline.upkeep, pipeline.expire.notices)

    held = await pipeline.hold(buyer, event, quantity=2)
    refresh.touch([event.id])
    await refresh.execute()
    assert await _status(pipeline, event.id) is EventStatus.SOLD_OUT

    await pipeline.cancel.execute(buyer, held.id)
    await pipeline.settle()
    await RefreshEventStatusUseCase(pipeline.upkeep, refresh.notices).execute()
    assert await _status(pipeline, event.id) is EventStatus.AVAILABLE, "found by the sweep alone"


async def test_a_crowd_of_events_follows_its_seats_in_one_transaction_and_one_notice(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [await pipeline.open_event(rows=1, seats_per_row=1) for _ in range(5)]
    buyer = await pipeline.user(UserRole.BUYER)
    sold = events[:3]
    for event in sold:
        await pipeline.hold(buyer, event)
    heard: list[tuple[set[int], set[int]]] = []

    async def hear(
        *, events: Collection[int] = (), altered_events: Collection[int] = (), **_others: object
    ) -> None:
        heard.append((set(events), set(altered_events)))

    notices = pipeline.expire.notices
    monkeypatch.setattr(notices, "publish", hear)
    refresh = RefreshEventStatusUseCase(pipeline.upkeep, notices)
    refresh.touch(event.id for event in events)
    await refresh.execute()

    statuses = [await _status(pipeline, event.id) for event in events]
    assert statuses == [EventStatus.SOLD_OUT] * 3 + [EventStatus.AVAILABLE] * 2
    ids = {event.id for event in sold}
    assert heard == [(ids, ids)]
    writers = await pipeline.pool.fetch(
        "SELECT DISTINCT xmin::text FROM event WHERE id = ANY($1::bigint[])", list(ids)
    )
    assert len(writers) == 1


async def test_more_events_than_a_batch_all_follow_their_seats(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh_event_status_use_case, "BATCH_COUNT_MAX", 3)
    monkeypatch.setattr(redis_seat_store, "EVENTS_PER_READ_MAX", 2)
    events = [await pipeline.open_event(rows=1, seats_per_row=1) for _ in range(5)]
    buyer = await pipeline.user(UserRole.BUYER)
    for event in events:
        await pipeline.hold(buyer, event)
    refresh = RefreshEventStatusUseCase(pipeline.upkeep, pipeline.expire.notices)
    refresh.touch(event.id for event in events)
    await refresh.execute()
    assert {await _status(pipeline, event.id) for event in events} == {EventStatus.SOLD_OUT}


async def test_an_event_in_other_hands_keeps_no_other_waiting_and_follows_later(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refresh_event_status_use_case, "SWEEP_COUNT_MAX", 0)
    events = [await pipeline.open_event(rows=1, seats_per_row=1) for _ in range(2)]
    loading, other = events
    buyer = await pipeline.user(UserRole.BUYER)
    for event in events:
        await pipeline.hold(buyer, event)
    refresh = RefreshEventStatusUseCase(pipeline.upkeep, pipeline.expire.notices)
    refresh.touch(event.id for event in events)
    async with pipeline.pool.acquire() as loader, loader.transaction():
        await loader.execute("UPDATE event SET epoch = epoch WHERE id = $1", loading.id)
        async with asyncio.timeout(5):
            await refresh.execute()
        assert await _status(pipeline, other.id) is EventStatus.SOLD_OUT
        assert await _status(pipeline, loading.id) is EventStatus.AVAILABLE
    await refresh.execute()
    assert await _status(pipeline, loading.id) is EventStatus.SOLD_OUT


async def test_an_event_whose_status_stands_is_not_written(pipeline: Pipeline) -> None:
    """Not even locked: that writes to its row, and it was touched by every booking."""
    event = await pipeline.open_event(rows=1, seats_per_row=2)
    await pipeline.hold(await pipeline.user(UserRole.BUYER), event)
    row = "SELECT xmin::text, xmax::text, ctid::text FROM event WHERE id = $1"
    before = await pipeline.pool.fetchrow(row, event.id)
    assert (await pipeline.upkeep.follow_seats([event.id])).changed == set()
    assert await pipeline.pool.fetchrow(row, event.id) == before


async def test_an_event_that_is_cancelled_while_its_seats_are_counted_stays_so(
    pipeline: Pipeline,
) -> None:
    event = await pipeline.open_event(rows=1, seats_per_row=1)
    await pipeline.hold(await pipeline.user(UserRole.BUYER), event)

    async def cancel() -> None:
        await pipeline.cancel_event.execute(seller_of(event), event.id)

    seats = cast("ISeatMap", HookedPort(pipeline.store, after=cancel, only="any_available"))
    followed = await AsyncpgUpkeep(pipeline.pool, seats).follow_seats([event.id])
    assert not followed.changed
    assert await _status(pipeline, event.id) is EventStatus.CANCELLED


async def test_drafts_and_what_is_not_loaded_keep_their_status(pipeline: Pipeline) -> None:
    draft, wiped = [await pipeline.open_event(rows=1, seats_per_row=1) for _ in range(2)]
    buyer = await pipeline.user(UserRole.BUYER)
    for event in (draft, wiped):
        await pipeline.hold(buyer, event)
    await pipeline.pool.execute("UPDATE event SET status = 'draft' WHERE id = $1", draft.id)
    await pipeline.redis.delete(SeatKeys(wiped.id).stats())
    followed = await pipeline.upkeep.follow_seats([draft.id, wiped.id])
    assert not followed.changed
    assert not followed.in_other_hands
    assert await _status(pipeline, draft.id) is EventStatus.DRAFT
    assert await _status(pipeline, wiped.id) is EventStatus.AVAILABLE


async def test_an_event_that_cannot_be_loaded_keeps_no_other_from_it(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await pipeline.open_event(), await pipeline.open_event()
    await pipeline.pool.execute("UPDATE event SET load_owed = true")
    loader = LoadOwingEventsUseCase(pipeline.upkeep, pipeline.load)
    install = pipeline.load.install_seats.execute

    async def install_some(event_id: int, *snapshot: object) -> None:
        if event_id == first.id:
            raise UnavailableError("seat-store")
        await install(event_id, *snapshot)  # type: ignore[arg-type]

    monkeypatch.setattr(type(pipeline.load.install_seats), "execute", staticmethod(install_some))
    with pytest.raises(ExceptionGroup):
        await loader.execute()
    assert await pipeline.upkeep.owing_load(0, 10) == [first.id]
    reloaded = await pipeline.events.by_id(second.id)
    assert reloaded is not None
    assert reloaded.epoch > second.epoch


async def test_a_load_that_failed_leaves_the_event_as_it_was(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await pipeline.open_event()
    await pipeline.pool.execute("UPDATE event SET load_owed = true, status = 'draft'")

    async def fail(*_arguments: object) -> None:
        raise UnavailableError("seat-store")

    with monkeypatch.context() as patch:
        patch.setattr(type(pipeline.load.install_seats), "execute", staticmethod(fail))
        with pytest.raises(UnavailableError):
            await pipeline.load.execute(event.id)
    assert await _status(pipeline, event.id) is EventStatus.DRAFT
    assert await pipeline.load.execute(event.id)
    assert not await pipeline.load.execute(event.id), "it owes no load any more"
    assert await _status(pipeline, event.id) is EventStatus.AVAILABLE


async def test_lists_page_through_all_events_newest_first(pipeline: Pipeline) -> None:
    ids = [(await pipeline.open_event()).id for _ in range(5)]
    seen: list[int] = []
    after = None
    while True:
        page = await pipeline.events.page(EventFilter(), limit=2, after=after)
        seen += [event.id for event in page.events]
        after = page.more_after
        if after is None:
            break
        assert after == EventPlace(seen[-1])
    assert seen == ids[::-1]


async def test_lists_by_sale_begin_with_what_can_be_bought(pipeline: Pipeline) -> None:
    changes = {
        "cancelled": "status = 'cancelled', cancelled_at = now()",
        "sold out": "status = 'sold_out'",
        "has begun": "status = 'sold_out', starts_at = now() - interval '1 second'",
        "open": "starts_at = now() + interval '1 hour', on_sale_at = now() - interval '1 second'",
        "cancelled, over": "status = 'cancelled', cancelled_at = now(), starts_at = '2020-01-01Z'",
        "a draft": "status = 'draft'",
        "opens later": "on_sale_at = now() + interval '1 hour'",
        "hidden": "is_active = false",
        "open, no date": "starts_at = NULL",
    }
    names = {}
    for name, change in changes.items():
        event = await pipeline.open_event()
        names[event.id] = name
        await pipeline.pool.execute(f"UPDATE event SET {change} WHERE id = $1", event.id)  # noqa: S608 - of the table above
    by_sale = [
        *("open, no date", "open", "opens later", "a draft", "sold out", "has begun"),
        *("cancelled, over", "cancelled"),
    ]
    for limit in (1, 2, 3, 100):
        seen: list[str] = []
        after = None
        while after is not None or not seen:
            page = await pipeline.events.page(
                EventFilter(order=EventOrder.SALE), limit=limit, after=after
            )
            seen += [names[event.id] for event in page.events]
            after = page.more_after
        assert seen == by_sale
    which = EventFilter(EventStatus.SOLD_OUT, order=EventOrder.SALE)
    page = await pipeline.events.page(which, limit=9, after=None)
    assert [names[event.id] for event in page.events] == ["sold out", "has begun"]


async def test_a_page_of_large_halls_is_cut_short_and_leaves_the_loop_to_others(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [
        (await pipeline.open_event(rows=1, seats_per_row=1, subsections=2_500)).id for _ in range(5)
    ]
    turns = 0
    turns_when_read: list[int] = []

    async def take_turns() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def noted(row: Row, hall: dict[str, Any]) -> Event:
        turns_when_read.append(turns)
        return event_from_row(row, hall)

    monkeypatch.setattr(sqlalchemy_event_reader, "event_from_row", noted)
    async with background(take_turns()):
        first = await pipeline.events.page(EventFilter(), limit=100, after=None)
        rest = await pipeline.events.page(EventFilter(), limit=100, after=first.more_after)

    assert [event.id for event in first.events] == ids[:0:-1], "four halls of 2,500 subsections"
    assert first.more_after == EventPlace(ids[1])
    assert [event.id for event in rest.events] == ids[:1]
    assert rest.more_after is None
    assert len(set(turns_when_read)) == len(turns_when_read), "others had a turn between any two"


async def test_old_keys_and_tokens_are_cleared(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    old = await pipeline.book(buyer, event, "1-1", key="k")
    await pipeline.book(buyer, event, "1-2", key="young")
    await pipeline.pool.execute(
        "UPDATE booking SET created_at = now() - interval '25 hours' WHERE id = $1", old.id
    )
    again = await pipeline.book(buyer, event, "1-3", key="k")
    assert again.id != old.id, "a key is free again after a day, tidied or not"

    await pipeline.pool.execute(
        "UPDATE booking SET created_at = now() - interval '25 hours' WHERE id = $1", again.id
    )
    await pipeline.upkeep.tidy()
    keys = await pipeline.pool.fetch("SELECT idempotency_key FROM booking ORDER BY 1")
    assert [row[0] for row in keys] == ["young", None, None]
