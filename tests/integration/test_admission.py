"""The door on a real ledger: a ticket lets somebody in once, while it is somebody's."""

import asyncio

import pytest

from onsale.service.ticketing.app.interface.i_ticket_codes import SoldTicket
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import Admission
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.domain.exceptions import (
    AlreadyAdmittedError,
    NotOwnerError,
    TicketNotValidError,
)
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction
from tests.support.admission import buy, door_of, tickets_of
from tests.support.pipeline import Pipeline

DOOR_COUNT = 50
# Rows that were changed; those of them that stayed on their page, so that no index was written.
CHANGED = (
    "SELECT pg_stat_get_xact_tuples_updated('ticket'::regclass) AS count UNION ALL"
    " SELECT pg_stat_get_xact_tuples_hot_updated('ticket'::regclass)"
)


async def test_of_fifty_doors_at_once_one_lets_somebody_in(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    (code,) = await buy(pipeline, event, "1-1")
    door = door_of(event)
    outcomes = await asyncio.gather(
        *(pipeline.admit.execute(door, event.id, code) for _ in range(DOOR_COUNT)),
        return_exceptions=True,
    )
    (admission,) = [each for each in outcomes if isinstance(each, Admission)]
    refusals = [each for each in outcomes if isinstance(each, AlreadyAdmittedError)]
    assert len(refusals) == DOOR_COUNT - 1, outcomes
    assert {each.details["admitted_at"] for each in refusals} == {admission.admitted_at}
    assert (admission.section, admission.subsection) == ("A", 1)
    assert (admission.row, admission.seat) == (1, 1)
    stored = await pipeline.pool.fetchval(
        "SELECT admitted_at FROM ticket WHERE id = $1", admission.ticket_id
    )
    assert stored == admission.admitted_at


async def test_all_tickets_of_a_booking_are_let_in_at_different_doors_at_once(
    pipeline: Pipeline,
) -> None:
    event = await pipeline.open_event()
    codes = await buy(pipeline, event, "1-1", "1-2", "1-3", "1-4")
    admissions = await asyncio.gather(
        *(pipeline.admit.execute(door_of(event), event.id, code) for code in codes)
    )
    assert [admission.seat for admission in admissions] == [1, 2, 3, 4]
    await pipeline.settle()
    assert await pipeline.differences(event.id) == []


async def test_a_ticket_of_another_event_is_not_valid_here(pipeline: Pipeline) -> None:
    event, other = await pipeline.open_event(), await pipeline.open_event()
    (code,) = await buy(pipeline, event, "1-1")
    await _is_refused(pipeline, other, code)
    with pytest.raises(NotOwnerError):
        await pipeline.admit.execute(door_of(other), event.id, code)
    assert (await pipeline.admit.execute(door_of(event), event.id, code)).is_new


async def test_a_ticket_that_is_not_paid_is_not_valid(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    (ticket,) = await tickets_of(pipeline, held.id)
    await _is_refused(pipeline, event, pipeline.admit.codes.issue(ticket))
    await pipeline.cancel.execute(buyer, held.id)
    await _is_refused(pipeline, event, pipeline.admit.codes.issue(ticket))


async def test_a_cancelled_event_lets_nobody_in_though_bookings_have_yet_to_end(
    pipeline: Pipeline,
) -> None:
    event = await pipeline.open_event()
    (code,) = await buy(pipeline, event, "1-1")
    await pipeline.cancel_event.execute(door_of(event), event.id)
    await _is_refused(pipeline, event, code)


async def test_a_code_is_void_once_its_booking_has_ended(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    (code,) = await buy(pipeline, event, "1-1")
    await pipeline.pool.execute("UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer'")
    await _is_refused(pipeline, event, code)


async def test_a_booking_opens_no_seat_but_its_own(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    mine, theirs = [
        pipeline.admit.codes.read(code)
        for seat in ("1-1", "1-2")
        for code in await buy(pipeline, event, seat)
    ]
    for wrong in (
        SoldTicket(theirs.ticket_id, mine.booking_id),
        SoldTicket(mine.ticket_id, theirs.booking_id),
        SoldTicket(2**63 - 1, mine.booking_id),
        SoldTicket(mine.ticket_id, type(mine.booking_id)(int=1)),
    ):
        await _is_refused(pipeline, event, pipeline.admit.codes.issue(wrong))


async def test_a_seat_that_is_sold_again_has_let_nobody_in_yet(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    (first,) = await buy(pipeline, event, "1-1")
    await pipeline.admit.execute(door_of(event), event.id, first)
    # As when its booking ends and the seat is offered again.
    await pipeline.pool.execute("DELETE FROM booking_ticket")
    await pipeline.pool.execute(
        "UPDATE ticket SET status = 'available', booking_id = NULL, buyer_id = NULL"
        " WHERE status = 'sold'"
    )
    await pipeline.pool.execute("UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer'")
    await pipeline.load.execute(event.id, always=True)
    pipeline.catalog.forget(event.id)
    (second,) = await buy(pipeline, event, "1-1")
    assert second != first
    await _is_refused(pipeline, event, first)
    assert (await pipeline.admit.execute(door_of(event), event.id, second)).is_new


async def test_an_admission_touches_no_index(pipeline: Pipeline) -> None:
    event = await pipeline.open_event()
    (code,) = await buy(pipeline, event, "1-1")
    ticket = pipeline.admit.codes.read(code)
    async with pipeline.pool.acquire() as connection, connection.transaction():
        before = tuple(await connection.fetch(CHANGED))
        await connection.execute(
            asyncpg_ticketing_transaction._SQL["admit_ticket"],
            *(ticket.ticket_id, ticket.booking_id),
        )
        after = tuple(await connection.fetch(CHANGED))
    assert [now["count"] - then["count"] for then, now in zip(before, after, strict=True)] == [1, 1]


async def _is_refused(pipeline: Pipeline, event: Event, code: str) -> None:
    marks = "SELECT id, admitted_at FROM ticket ORDER BY id"
    before = await pipeline.pool.fetch(marks)
    with pytest.raises(TicketNotValidError):
        await pipeline.admit.execute(door_of(event), event.id, code)
    assert await pipeline.pool.fetch(marks) == before
