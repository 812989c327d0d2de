"""What it takes to let the process die at every step of a use case, and to see what is left."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.service.payment_ledger import PaymentLedger
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from tests.support.crash_points import CrashPoints, run_until_crash
from tests.support.money import clear_up, money_kept, times_taken
from tests.support.pipeline import Pipeline

PRICE = 2_000
POINT_COUNT_MAX = 40

Scene = Callable[["Stage", Pipeline, str], Awaitable[Any]]


@dataclass
class Stage:
    """An event, its buyer, and the booking that a scene is about."""

    pipeline: Pipeline
    event: Event
    buyer: Principal
    booking: Booking | None = None

    @property
    def booked(self) -> Booking:
        assert self.booking is not None
        return self.booking

    async def hold(self) -> None:
        self.booking = await self.pipeline.hold(self.buyer, self.event, quantity=2)

    async def now(self) -> Booking:
        return await self.pipeline.booking(self.booked.id)


def watched(pipeline: Pipeline, points: CrashPoints) -> Pipeline:
    """The pipeline's use cases in a process that can die at each of these points."""
    unit_of_work = points.watch("unit_of_work", pipeline.unit_of_work)
    commands = points.watch("commands", pipeline.publisher)
    notices = points.watch("notices", pipeline.payment_ledger.notices)
    gateway = points.watch("gateway", pipeline.gateway)
    bookings = points.watch("bookings", pipeline.bookings)
    ledger = PaymentLedger(unit_of_work, commands, notices)
    ports: dict[str, Any] = {"unit_of_work": unit_of_work}
    notified: dict[str, Any] = {**ports, "commands": commands, "notices": notices}
    return replace(
        pipeline,
        create_booking=replace(
            pipeline.create_booking,
            intake=points.watch("intake", pipeline.intake),
            commands=commands,
        ),
        pay=replace(pipeline.pay, **ports, bookings=bookings, gateway=gateway, ledger=ledger),
        cancel=replace(pipeline.cancel, **notified, bookings=bookings),
        expire=replace(pipeline.expire, **notified),
        resend=replace(pipeline.resend, **ports, commands=commands),
        settle_payments=replace(
            pipeline.settle_payments,
            payments=points.watch("payments", pipeline.upkeep),
            gateway=gateway,
            ledger=ledger,
        ),
        end_cancelled_events=EndCancelledEventsUseCase(
            pipeline.upkeep, unit_of_work, commands, notices
        ),
        refund_payments=replace(pipeline.refund_payments, **ports, gateway=gateway),
        find_stray_payments=replace(pipeline.find_stray_payments, **ports, gateway=gateway),
    )


async def crash_everywhere(
    stage: Stage,
    prepare: Callable[[Stage], Awaitable[None]],
    scene: Scene,
    afterwards: Callable[[Stage, str], Awaitable[None]],
) -> list[str]:
    """Run the scene without a crash, then once for each point with one; return the points."""
    await prepare(stage)
    whole = CrashPoints()
    await scene(stage, watched(stage.pipeline, whole), "whole")
    await afterwards(stage, "whole")
    assert 0 < len(whole.passed) < POINT_COUNT_MAX, whole.passed
    for number, name in enumerate(whole.passed):
        await prepare(stage)
        points = CrashPoints(crash_at=number)
        await run_until_crash(scene(stage, watched(stage.pipeline, points), f"{number}"))
        assert points.passed[number:] == [name], "it did not die where it should"
        try:
            await afterwards(stage, f"{number}")
        except AssertionError as error:
            raise AssertionError(f"after a crash at {name}: {error}") from error
    assert await stage.pipeline.differences(stage.event.id) == []
    return whole.passed


async def everything_else_goes_on(stage: Stage) -> None:
    """What the other processes do meanwhile: settle, hand back, send again, answer."""
    pipeline = stage.pipeline
    await clear_up(pipeline)
    await pipeline.pool.execute(
        "UPDATE booking SET next_send_at = now() WHERE next_send_at IS NOT NULL"
    )
    while await pipeline.resend.execute():
        await pipeline.settle()
    await pipeline.settle()


async def is_sold_or_free_of_charge(stage: Stage) -> None:
    """Money was taken exactly once for tickets, and is not kept otherwise."""
    booking = await stage.now()
    is_completed = booking.status is BookingStatus.COMPLETED
    assert is_completed or booking.status is BookingStatus.PENDING_PAYMENT, booking.status
    assert await money_kept(stage.pipeline, booking.id) == (PRICE if is_completed else 0)
    assert await times_taken(stage.pipeline, booking.id) == int(is_completed)
    assert booking.command is None
