"""Whatever changes an event changes its version, so that who remembers it notices."""

import pytest

from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.driven_adapter.repository import sqlalchemy_event_reader
from tests.support.pipeline import Pipeline

CHANGES = (
    "name = 'another'",
    "is_active = false",
    "status = 'sold_out'",
    "epoch = epoch + 1",
    "on_sale_at = now() + interval '1 day'",
)


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_of_an_event_changes_its_version(pipeline: Pipeline, change: str) -> None:
    event, other = await pipeline.open_event(), await pipeline.open_event()
    before = await pipeline.events.versions([event.id, other.id])
    await pipeline.pool.execute(f"UPDATE event SET {change} WHERE id = $1", event.id)  # noqa: S608
    after = await pipeline.events.versions([event.id, other.id])
    assert after[event.id] != before[event.id]
    assert after[other.id] == before[other.id]


async def test_what_is_read_carries_the_version_that_a_look_finds(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    read = await pipeline.events.by_id(event.id)
    assert read is not None
    assert await pipeline.events.versions([event.id]) == {event.id: read.version}


async def test_events_are_read_together_and_what_does_not_exist_is_left_out(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlalchemy_event_reader, "UNINTERRUPTED_SUBSECTION_COUNT", 1)
    ids = [(await pipeline.open_event(subsections=2)).id for _ in range(3)]
    read = await pipeline.events.by_ids([*ids, 10**12])
    assert read == {event_id: await pipeline.events.by_id(event_id) for event_id in ids}
    versions = {event_id: event.version for event_id, event in read.items()}
    assert versions == await pipeline.events.versions(ids)


async def test_bookings_leave_the_version_alone(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    before = await pipeline.events.versions([event.id])
    await pipeline.hold(buyer, event)
    assert await pipeline.events.versions([event.id]) == before


async def test_an_event_that_is_no_more_has_no_version(pipeline: Pipeline) -> None:
    assert await pipeline.events.versions([10**12]) == {}
