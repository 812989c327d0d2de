"""The guards of money: taken once, and only for seats that its buyer gets."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast
from unittest import mock
from uuid import UUID

from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import IPaymentGateway
from onsale.service.ticketing.domain.entity.booking_entity import Booking
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.exceptions import TicketingError
from onsale.service.ticketing.driven_adapter.repository import asyncpg_ticketing_transaction
from onsale.service.ticketing.driven_adapter.repository.asyncpg_ticketing_transaction import (
    AsyncpgTicketingTransaction,
)
from tests.controls.interleaving import Gate, HookedPort, until_waiting_or
from tests.controls.judges import money_taken
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InMethod, InStatement
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"


async def a_buyer_pays_twice_at_once(stage: Stage) -> list[str]:
    """Neither payment moves money before the other has got as far as it can."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    gates = (Gate(), Gate())
    paying = [asyncio.create_task(_pay_past(pipeline, gate, buyer, held)) for gate in gates]
    await until_waiting_or(pipeline, lambda: all(map(_is_past, gates, paying)))
    for gate in gates:
        gate.open()
    await asyncio.gather(*paying)
    return await money_taken(pipeline)


async def a_cancelled_booking_is_paid(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await pipeline.cancel.execute(buyer, held.id)
    await _pay(pipeline, buyer, held)
    return await money_taken(pipeline)


async def a_buyer_cancels_while_paying(stage: Stage) -> list[str]:
    """The cancellation has seen no payment; before it writes, one begins."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    looked, charging = Gate(), Gate()
    look = AsyncpgTicketingTransaction.has_open_attempt

    async def look_and_wait(transaction: AsyncpgTicketingTransaction, booking_id: UUID) -> bool:
        found = await look(transaction, booking_id)
        await looked.arrive()
        return found

    with mock.patch.object(AsyncpgTicketingTransaction, "has_open_attempt", look_and_wait):
        cancelling = asyncio.create_task(pipeline.cancel.execute(buyer, held.id))
        await looked.arrived.wait()
    paying = asyncio.create_task(_pay_past(pipeline, charging, buyer, held))
    await until_waiting_or(pipeline, lambda: _is_past(charging, paying))
    looked.open()
    await cancelling
    charging.open()
    await paying
    return await money_taken(pipeline)


async def a_hold_expires_while_its_payment_begins(stage: Stage) -> list[str]:
    """The payment began in time, and was recorded after expiry had read which holds are due."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
    candidates_read, charging = Gate(), Gate()
    lock = AsyncpgTicketingTransaction.lock_bookings

    async def wait_and_lock(
        transaction: AsyncpgTicketingTransaction,
        booking_ids: Collection[UUID],
        *,
        skip_locked: bool = False,
    ) -> dict[UUID, Booking]:
        await candidates_read.arrive()
        return await lock(transaction, booking_ids, skip_locked=skip_locked)

    with mock.patch.object(AsyncpgTicketingTransaction, "lock_bookings", wait_and_lock):
        expiring = asyncio.create_task(pipeline.expire.execute())
        await candidates_read.arrived.wait()
    in_time: datetime = await pipeline.pool.fetchval("SELECT now() - interval '2 seconds'")
    with mock.patch.object(AsyncpgTicketingTransaction, "now", in_time - timedelta(seconds=60)):
        paying = asyncio.create_task(_pay_past(pipeline, charging, buyer, held))
        await charging.arrived.wait()
    candidates_read.open()
    await expiring
    charging.open()
    told = await paying
    completed = isinstance(told, Booking)
    return [] if completed else [f"a buyer who paid in time was told {type(told).__name__}"]


async def _pay(pipeline: Pipeline, buyer: Principal, held: Booking) -> Booking | TicketingError:
    try:
        return await pipeline.pay.execute(buyer, held.id, CARD)
    except TicketingError as refusal:
        return refusal


async def _pay_past(
    pipeline: Pipeline, gate: Gate, buyer: Principal, held: Booking
) -> Booking | TicketingError:
    """Pay, waiting at the gate before the gateway is asked to move money."""
    gateway = cast("IPaymentGateway", HookedPort(pipeline.gateway, before=gate.arrive))
    hooked = replace(pipeline, pay=replace(pipeline.pay, gateway=gateway))
    return await _pay(hooked, buyer, held)


def _is_past(gate: Gate, task: asyncio.Task[object]) -> bool:
    return gate.arrived.is_set() or task.done()


PAYMENT_GUARDS = (
    Guard(
        "payment attempt row",
        "It is committed before the gateway is called: a second payment finds it.",
        (
            InMethod(
                MockPaymentAndUpdateStatusToCompletedUseCase,
                "_open_attempt",
                "if not await transaction.open_attempt(attempt):",
                "if False:",
            ),
        ),
        a_buyer_pays_twice_at_once,
    ),
    Guard(
        "status condition on pay",
        "Money is taken only for a booking that still holds its seats.",
        (
            InMethod(
                Booking,
                "require_payable",
                "if self.status is not BookingStatus.PENDING_PAYMENT or self.expires_at is None:",
                "if False:",
            ),
        ),
        a_cancelled_booking_is_paid,
    ),
    Guard(
        "row lock before the look for a payment",
        "Pay and cancel look at each other's traces; unless one waits, neither sees any.",
        (InStatement(asyncpg_ticketing_transaction, "lock_bookings", "FOR UPDATE"),),
        a_buyer_cancels_while_paying,
    ),
    Guard(
        "expiry asks again under the lock",
        "Between reading which holds are due and locking them, a payment may have begun.",
        (
            InMethod(
                ReleaseExpiredHoldsUseCase,
                "_expire",
                "booking.id in still_due and ",
                "",
            ),
        ),
        a_hold_expires_while_its_payment_begins,
    ),
)
