"""The guards of money: taken once, and only for seats that its buyer gets."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import cast
from unittest import mock
from uuid import UUID

from onsale.service.ticketing.app.command.mock_payment_and_update_status_to_completed_use_case import (  # noqa: E501
    MockPaymentAndUpdateStatusToCompletedUseCase,
)
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.command.update_booking_status_to_cancelled_use_case import (
    UpdateBookingStatusToCancelledUseCase,
)
from onsale.service.ticketing.app.interface.i_payment_gateway import IPaymentGateway
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingUnitOfWork
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
from tests.controls.taking_out import (
    InMethod,
    InStatement,
    WithoutIndex,
    edited_statements,
)
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"
# Held by a play while a statement, its snapshot taken, has yet to look at any row.
BOLT = 20_261_122
BOLTED = "1 = (SELECT count(*) FROM (SELECT pg_advisory_xact_lock_shared(20261122)) AS bolt)"


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


async def a_buyer_cancels_before_money_moves(stage: Stage) -> list[str]:
    """The payment has begun; the gateway has yet to be asked."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    gate = Gate()
    paying = asyncio.create_task(_pay_past(pipeline, gate, buyer, held))
    await gate.reached_by(paying)
    with suppress(TicketingError):
        await pipeline.cancel.execute(buyer, held.id)
    gate.open()
    await paying
    return await money_taken(pipeline)


async def a_payment_begins_while_a_buyer_cancels(stage: Stage) -> list[str]:
    """The cancellation has seen no payment; before it writes, one begins."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    looked, charging = Gate(), Gate()
    look = AsyncpgTicketingTransaction.has_open_attempt

    async def look_and_wait(transaction: AsyncpgTicketingTransaction, booking_id: UUID) -> bool:
        found = await look(transaction, booking_id)
        await looked.arrive_in(transaction)
        return found

    with mock.patch.object(AsyncpgTicketingTransaction, "has_open_attempt", look_and_wait):
        cancelling = asyncio.create_task(pipeline.cancel.execute(buyer, held.id))
        await looked.reached_by(cancelling)
    paying = asyncio.create_task(_pay_past(pipeline, charging, buyer, held))
    await until_waiting_or(pipeline, lambda: _is_past(charging, paying))
    looked.open()
    await cancelling
    charging.open()
    await paying
    return await money_taken(pipeline)


async def a_key_comes_again_while_its_payment_succeeds(stage: Stage) -> list[str]:
    """The repeat found no payment under the key; before it went on, the first had succeeded."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = await pipeline.hold(buyer, event, "1-1")
    looked = Gate()
    hooked = HookedPort(pipeline.unit_of_work, after=looked.arrive, only="run")
    slow = replace(pipeline.pay, unit_of_work=cast("ITicketingUnitOfWork", hooked))
    repeating = asyncio.create_task(slow.execute(buyer, held.id, CARD, "key"))
    await looked.reached_by(repeating)
    await pipeline.pay.execute(buyer, held.id, CARD, "key")
    looked.open()
    try:
        await repeating
    except TicketingError as refusal:
        return [f"who paid under a key was told {type(refusal).__name__} under it"]
    return await money_taken(pipeline)


async def holds_expire_while_their_payments_begin(stage: Stage) -> list[str]:
    """The payments began in time, and were recorded after expiry had looked which holds are due:
    one is about to be authorized, the other to be captured.
    """
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    held = [await pipeline.hold(buyer, event, f"1-{seat}") for seat in (1, 2)]
    await pipeline.pool.execute("UPDATE booking SET expires_at = now() - interval '1 second'")
    gates = (Gate("authorize"), Gate("capture"))
    async with pipeline.pool.acquire() as bolt:
        await bolt.execute("SELECT pg_advisory_lock($1)", BOLT)
        with edited_statements(
            asyncpg_ticketing_transaction,
            "claim_expired_holds",
            "WHERE booking.status",
            f"WHERE {BOLTED} AND booking.status",
        ):
            expiring = asyncio.create_task(pipeline.expire.execute())
            await until_waiting_or(pipeline, expiring.done)
        in_time = datetime.now(UTC) - timedelta(minutes=1)
        with mock.patch.object(AsyncpgTicketingTransaction, "now", in_time):
            paying = [
                asyncio.create_task(_pay_past(pipeline, gate, buyer, booking))
                for gate, booking in zip(gates, held, strict=True)
            ]
            await asyncio.gather(
                *(gate.reached_by(task) for gate, task in zip(gates, paying, strict=True))
            )
        await bolt.execute("SELECT pg_advisory_unlock($1)", BOLT)
        await expiring
    for gate in gates:
        gate.open()
    told = await asyncio.gather(*paying)
    return [
        f"a buyer who paid in time was told {type(each).__name__} instead"
        for each in told
        if not isinstance(each, Booking)
    ]


async def _pay(pipeline: Pipeline, buyer: Principal, held: Booking) -> Booking | TicketingError:
    try:
        return await pipeline.pay.execute(buyer, held.id, CARD)
    except TicketingError as refusal:
        return refusal


async def _pay_past(
    pipeline: Pipeline, gate: Gate, buyer: Principal, held: Booking
) -> Booking | TicketingError:
    """Pay, waiting at the gate before the gateway is asked to move money."""
    hooked_gateway = HookedPort(pipeline.gateway, before=gate.arrive, only=gate.name)
    gateway = cast("IPaymentGateway", hooked_gateway)
    hooked = replace(pipeline, pay=replace(pipeline.pay, gateway=gateway))
    return await _pay(hooked, buyer, held)


def _is_past(gate: Gate, task: asyncio.Task[object]) -> bool:
    return gate.arrived.is_set() or task.done()


PAYMENT_GUARDS = (
    Guard(
        "payment attempt row: one under way for a booking",
        "It is committed before the gateway is called: a second payment finds it.",
        (
            InMethod(
                MockPaymentAndUpdateStatusToCompletedUseCase,
                "_open_attempt",
                "if await transaction.has_open_attempt(booking_id):",
                "if False:",
            ),
            WithoutIndex("uq_payment_attempt_under_way"),
        ),
        a_buyer_pays_twice_at_once,
    ),
    Guard(
        "payment attempt row: it keeps the hold",
        "While money may be moving, its seats cannot go.",
        (
            InMethod(
                UpdateBookingStatusToCancelledUseCase,
                "execute",
                "if await transaction.has_open_attempt(booking_id):",
                "if False:",
            ),
        ),
        a_buyer_cancels_before_money_moves,
    ),
    Guard(
        "the payment's key is asked again under the lock",
        "Of two requests under a key, the later must find what the earlier did while it waited.",
        (
            InMethod(
                MockPaymentAndUpdateStatusToCompletedUseCase,
                "_open_attempt",
                "if key is not None and await transaction.keyed_attempt(key) is not None:",
                "if False:",
            ),
        ),
        a_key_comes_again_while_its_payment_succeeds,
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
        a_payment_begins_while_a_buyer_cancels,
    ),
    Guard(
        "expiry asks again under the lock",
        "Between the look for holds that ran out and their lock, a payment may have begun.",
        (
            InMethod(
                ReleaseExpiredHoldsUseCase,
                "_expire",
                " if booking.id not in being_paid",
                "",
            ),
        ),
        holds_expire_while_their_payments_begin,
    ),
)
