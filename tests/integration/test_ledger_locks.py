"""Each lock and condition of the ledger's statements, seen to hold where nothing else would."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.ticketing.app.interface.i_payment_gateway import Captured, Declined
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingTransaction
from onsale.service.ticketing.domain.entity.booking_entity import BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.exceptions import (
    BookingNotPayableError,
    EventNotOnSaleError,
)
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


async def test_results_of_an_event_that_is_being_loaded_keep_no_other_waiting(
    pipeline: Pipeline,
) -> None:
    loading, selling = await pipeline.open_event(), await pipeline.open_event()
    buyer = await pipeline.user(UserRole.BUYER)
    delayed = await pipeline.book(buyer, loading, "1-1")
    prompt = await pipeline.book(buyer, selling, "1-1")
    results = await pipeline.decide(await pipeline.commands())
    owned, go_on = asyncio.Event(), asyncio.Event()

    class SlowInstaller:
        async def execute(
            self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
        ) -> None:
            owned.set()
            await go_on.wait()
            await pipeline.load.install_seats.execute(event_id, epoch, subsections)

    load = replace(pipeline.load, install_seats=SlowInstaller())
    owning = asyncio.create_task(load.execute(loading.id, always=True))
    await owned.wait()
    await pipeline.apply_results.execute(results)
    assert (await pipeline.booking(prompt.id)).status is BookingStatus.PENDING_PAYMENT
    assert (await pipeline.booking(delayed.id)).status is BookingStatus.PROCESSING

    go_on.set()
    await owning
    assert await pipeline.resend.execute() == 1, "the load has made it due again"
    await pipeline.settle()
    assert (await pipeline.booking(delayed.id)).status is BookingStatus.PENDING_PAYMENT
    assert await pipeline.differences(loading.id) == []


async def test_a_paid_booking_without_its_tickets_is_not_completed(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1", "1-2")
    await pipeline.pool.execute(
        "DELETE FROM booking_ticket WHERE ctid IN (SELECT min(ctid) FROM booking_ticket)"
    )
    with pytest.raises(BookingNotPayableError):
        await pipeline.pay.execute(buyer, held.id, CARD)
    failed = await pipeline.booking(held.id)
    assert (failed.status, failed.failure_reason) == (BookingStatus.FAILED, "tickets_missing")
    assert await pipeline.pool.fetchval("SELECT count(*) FROM ticket WHERE status = 'sold'") == 0


async def test_an_attempt_is_closed_once(pipeline: Pipeline) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    attempt = await pipeline.pay._open_attempt(buyer, held.id)
    await pipeline.payment_ledger.record(attempt, Captured("pay_1"))
    await pipeline.payment_ledger.record(attempt, Declined("late"))
    await pipeline.payment_ledger.record(attempt, Captured("pay_2"))

    paid = await pipeline.booking(held.id)
    assert (paid.status, paid.payment_id) == (BookingStatus.COMPLETED, "pay_1")
    stored = await pipeline.pool.fetchrow("SELECT status, payment_id FROM payment_attempt")
    assert stored is not None
    assert tuple(stored) == ("captured", "pay_1")


@pytest.mark.parametrize(
    "closed",
    ["status = 'draft'", "on_sale_at = now() + interval '1 hour'", "is_active = false"],
)
async def test_the_database_decides_whether_an_event_is_on_sale(
    pipeline: Pipeline, closed: str
) -> None:
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.catalog.get(event.id)  # which goes on believing that it is
    await pipeline.pool.execute(f"UPDATE event SET {closed} WHERE id = $1", event.id)  # noqa: S608
    with pytest.raises(EventNotOnSaleError):
        await pipeline.book(buyer, event)
    assert await pipeline.pool.fetchval("SELECT count(*) FROM booking") == 0


async def test_a_frozen_transaction_loses_its_locks_but_a_long_load_keeps_them(
    pipeline: Pipeline,
) -> None:
    event, other = await pipeline.open_event(), await pipeline.open_event()
    booking = await pipeline.book(await pipeline.user(UserRole.BUYER), event, "1-1")
    locked, owned, thawed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def freeze(transaction: ITicketingTransaction) -> None:
        await transaction.lock_bookings([booking.id])
        locked.set()
        await thawed.wait()
        await transaction.free_tickets([booking.id])

    async def load_slowly(transaction: ITicketingTransaction) -> None:
        await transaction.own_event(other.id)
        owned.set()
        await thawed.wait()
        await transaction.finish_load(other.id)

    loading = asyncio.create_task(pipeline.unit_of_work.run(load_slowly))
    await owned.wait()
    frozen = asyncio.create_task(pipeline.unit_of_work.run(freeze))
    await locked.wait()
    async with asyncio.timeout(30):
        await pipeline.unit_of_work.run(lambda one: one.lock_bookings([booking.id]))
    thawed.set()
    with pytest.raises(UnavailableError):
        await frozen
    await loading


async def test_the_sale_opens_by_the_clock_of_the_database(pipeline: Pipeline) -> None:
    """A process lets pass what may be due by the other clock; the insert then refuses it, or not,
    whatever the clock of the process says.
    """
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    for opens_in, is_open in ((timedelta(hours=1), False), (timedelta(), True)):
        opens_at = await pipeline.pool.fetchval(
            "UPDATE event SET on_sale_at = now() + $1::interval RETURNING on_sale_at", opens_in
        )
        pipeline.catalog.forget(event.id)
        for by_seconds in (-1, 1):
            clock = partial(datetime.__add__, opens_at, timedelta(seconds=by_seconds))
            create_booking = replace(pipeline.create_booking, now=clock)
            process = replace(pipeline, create_booking=create_booking)
            with nullcontext() if is_open else pytest.raises(EventNotOnSaleError):
                await process.book(buyer, event)
