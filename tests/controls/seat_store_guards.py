"""The guards of the script that decides who gets which seats."""

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from onsale.service.shared_kernel.seat_messages import ReleaseSeats
from onsale.service.ticketing.domain.entity.user_entity import UserRole
from onsale.service.ticketing.domain.value_object.seating_config import Rectangle
from tests.controls.judges import given_twice, verified
from tests.controls.stage import Guard, Stage
from tests.controls.taking_out import InScript


async def a_reserve_comes_twice(stage: Stage) -> list[str]:
    """The seat worker died after its results left and before its offset did."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event)
    commands = await pipeline.commands()
    for _ in range(2):
        await pipeline.apply_results.execute(await pipeline.decide(commands))
    return await verified(pipeline, event)


async def a_release_comes_before_its_reserve(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    reserve = await pipeline.commands()
    await pipeline.cancel.execute(buyer, booking.id)
    await pipeline.settle()
    await pipeline.apply_results.execute(await pipeline.decide(reserve))
    return await verified(pipeline, event)


async def a_release_comes_again_much_later(stage: Stage) -> list[str]:
    """By then the seat is another buyer's."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.hold(buyer, event, "1-1")
    await pipeline.cancel.execute(buyer, booking.id)
    release = await pipeline.commands()
    await pipeline.apply_results.execute(await pipeline.decide(release))
    await pipeline.hold(await pipeline.user(UserRole.BUYER), event, "1-1")
    await pipeline.apply_results.execute(await pipeline.decide(release))
    return await verified(pipeline, event)


async def a_release_is_overtaken_by_a_newer_reserve(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    await pipeline.book(buyer, event, "1-1")
    await pipeline.book(await pipeline.user(UserRole.BUYER), event, "1-1")
    mine, theirs = await pipeline.commands()
    release = ReleaseSeats(
        booking_id=mine.booking_id,
        event_id=event.id,
        section="A",
        subsection=1,
        epoch=mine.epoch,
        seq=2,
        booked_at=mine.booked_at,
    )
    results = []
    for command in (replace(mine, seq=3), release, theirs):
        results += await pipeline.decide([command])
    return given_twice(results)


async def a_reserve_of_an_older_epoch_comes_after_a_load(stage: Stage) -> list[str]:
    """The load forgot that the booking had been cancelled: the ledger knows, the store need not."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    reserve = await pipeline.commands()
    await pipeline.cancel.execute(buyer, booking.id)
    await pipeline.settle()
    await pipeline.load.execute(event.id, always=True)
    await pipeline.apply_results.execute(await pipeline.decide(reserve))
    await pipeline.settle()
    return await verified(pipeline, event)


async def a_load_comes_between_a_hold_and_its_release(stage: Stage) -> list[str]:
    """The result of the hold was lost, so the load gave the seat to somebody else."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    await pipeline.decide(await pipeline.commands())
    await pipeline.load.execute(event.id, always=True)
    pipeline.catalog.forget(event.id)
    await pipeline.hold(await pipeline.user(UserRole.BUYER), event, "1-1")
    await pipeline.cancel.execute(buyer, booking.id)
    await pipeline.settle()
    return await verified(pipeline, event)


async def two_bookings_name_the_same_seat(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event = await pipeline.open_event()
    for seats in (["1-2"], ["1-1", "1-2"]):
        await pipeline.book(await pipeline.user(UserRole.BUYER), event, *seats)
    return given_twice(await pipeline.decide(await pipeline.commands()))


async def a_reserve_comes_again_after_its_answer_was_forgotten(stage: Stage) -> list[str]:
    """Answers are kept for 30 days; a backup of the broker is restored after 31."""
    pipeline = stage.pipeline
    event, buyer = await pipeline.open_event(), await pipeline.user(UserRole.BUYER)
    booking = await pipeline.book(buyer, event, "1-1")
    reserve = await pipeline.commands()
    await pipeline.apply_results.execute(await pipeline.decide(reserve))
    await pipeline.cancel.execute(buyer, booking.id)
    await pipeline.settle()
    await pipeline.redis.delete(*await pipeline.redis.keys("answers:*"))
    later = datetime.now(UTC) + timedelta(days=31)
    await pipeline.apply_results.execute(await pipeline.store.apply(reserve, now=later))
    return await verified(pipeline, event)


async def a_named_seat_leaves_another_alone(stage: Stage) -> list[str]:
    """The API knew nothing of the seats at that moment, so the script alone could refuse it."""
    pipeline = stage.pipeline
    event = await pipeline.open_event(leave_no_single_seats=True)
    buyer = await pipeline.user(UserRole.BUYER)
    booking = await pipeline.hold(buyer, event, "1-2")
    return [f"{seat} left 1-1 alone" for seat in booking.seat_positions if booking.expires_at]


async def a_seat_that_is_set_aside_is_the_first_that_is_free(stage: Stage) -> list[str]:
    pipeline = stage.pipeline
    event = await pipeline.open_event(rectangle=Rectangle(1, 2, 4, accessible=("1-1", "1-2")))
    booking = await pipeline.hold(await pipeline.user(UserRole.BUYER), event)
    return [
        f"{seat} was not asked for" for seat in booking.seat_positions if seat in {"1-1", "1-2"}
    ]


SEAT_STORE_GUARDS = (
    Guard(
        "a seat that is taken is refused",
        "Of two bookings that name the same seat, the store gives it to one.",
        (InScript("if #taken > 0 then", "if false then"),),
        two_bookings_name_the_same_seat,
    ),
    Guard(
        "script idempotency: answers are remembered",
        "A command may come twice; the second time it gets its first answer, not new seats.",
        (InScript("if made_in == generation then", "if false then"),),
        a_reserve_comes_twice,
    ),
    Guard(
        "script idempotency: a release counts once",
        "A release that comes again finds the seat with its next holder.",
        (InScript("answer(command, 'released', '')"),),
        a_release_comes_again_much_later,
    ),
    Guard(
        "tombstone: a release before its reserve",
        "The reserve that comes after its release must take nothing: nobody would give it back.",
        (
            InScript(
                "answer(command, 'released', '')",
                "if standing then answer(command, 'released', '') end",
            ),
        ),
        a_release_comes_before_its_reserve,
    ),
    Guard(
        "command sequence",
        "A worker that slept through a rebalance wakes up with commands that newer ones overtook.",
        (
            InScript(
                "local overtaken = standing and command.seq < standing.seq",
                "local overtaken = false",
            ),
        ),
        a_release_is_overtaken_by_a_newer_reserve,
    ),
    Guard(
        "epoch, in the store",
        "A command of an older epoch was decided against seats that a load has replaced.",
        (InScript("command.epoch ~= epoch and 'stale:'", "false"),),
        a_reserve_of_an_older_epoch_comes_after_a_load,
    ),
    Guard(
        "generation of the answers",
        "An answer from before a load speaks of seats that may be another booking's by now.",
        (InScript("if made_in == generation then", "if made_in then"),),
        a_load_comes_between_a_hold_and_its_release,
    ),
    Guard(
        "deadline of a reserve",
        "A reserve that is older than any memory of it must not take seats for a buyer long gone.",
        (InScript("if command.late then", "if false then"),),
        a_reserve_comes_again_after_its_answer_was_forgotten,
    ),
    Guard(
        "no seat left alone",
        "Where its event forbids it, a choice that leaves a seat alone is refused if another of "
        "its size leaves none.",
        (InScript("if singles then return nil, 'orphan_seat', singles end"),),
        a_named_seat_leaves_another_alone,
    ),
    Guard(
        "seats that are set aside",
        "Best available gives no accessible or companion seat to those who did not ask for one.",
        (InScript("if not columns then return text end", "if true then return text end"),),
        a_seat_that_is_set_aside_is_the_first_that_is_free,
    ),
)
