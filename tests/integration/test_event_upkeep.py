"""What the ticketing worker keeps in order for events."""

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command.load_owing_events_use_case import (
    LoadOwingEventsUseCase,
)
from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.interface.i_event_repository import EventFilter
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventStatus
from tests.support.pipeline import Pipeline


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
    before = None
    while page := await pipeline.events.page(EventFilter(), limit=2, before=before):
        seen += [event.id for event in page]
        before = page[-1].id
    assert seen == ids[::-1]


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
