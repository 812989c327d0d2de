"""The workers find by themselves what the seat store has lost or got wrong, and heal it."""

from collections import Counter
from dataclasses import dataclass, field

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command.load_owing_events_use_case import LoadOwingEventsUseCase
from onsale.service.ticketing.app.command.restore_lost_events_use_case import (
    RestoreLostEventsUseCase,
)
from onsale.service.ticketing.app.command.watch_seat_drift_use_case import (
    DUTY_SHARE_MAX,
    HEAL_INTERVAL_SECONDS,
    LOOK_COUNT,
    WatchSeatDriftUseCase,
)
from onsale.service.ticketing.domain.entity.booking_entity import Booking, BookingStatus
from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import Event
from onsale.service.ticketing.driven_adapter.repository.asyncpg_drift_ledger import (
    AsyncpgDriftLedger,
)
from tests.support.pipeline import Pipeline


@dataclass(slots=True)
class Meter:
    """What the metrics would show."""

    check_count: int = 0
    round_count: int = 0
    seats: int = 0
    events: int = 0
    contradicting_events: int = 0
    told_count: int = 0
    repairs: Counter[str] = field(default_factory=Counter)

    def checked(self) -> None:
        self.check_count += 1

    def round_finished(self, began_at: float) -> None:
        self.round_count += 1

    def found(self, *, drifting_seats: int, drifting_events: int, contradicting: int) -> None:
        self.told_count += 1
        self.seats, self.events = drifting_seats, drifting_events
        self.contradicting_events = contradicting

    def repaired(self, cause: str) -> None:
        self.repairs[cause] += 1


@dataclass(slots=True)
class Watch:
    """A worker's jobs, with a clock that stands still unless it is moved."""

    pipeline: Pipeline
    meter: Meter = field(default_factory=Meter)
    now: float = 1_000.0
    drift: WatchSeatDriftUseCase = field(init=False)
    lost: RestoreLostEventsUseCase = field(init=False)

    def __post_init__(self) -> None:
        ledger, store = AsyncpgDriftLedger(self.pipeline.pool), self.pipeline.store
        self.drift = WatchSeatDriftUseCase(ledger, store, self.meter, lambda: self.now)
        self.lost = RestoreLostEventsUseCase(ledger, store, self.meter)

    async def look(self, times: int = LOOK_COUNT) -> None:
        """Let the comparison look so often."""
        for _ in range(times):
            await self.drift.execute()

    async def load(self) -> None:
        """Load what a load was asked for, as the worker does beside."""
        await LoadOwingEventsUseCase(self.pipeline.upkeep, self.pipeline.load).execute()

    async def owes_load(self, event: Event) -> bool:
        return bool(
            await self.pipeline.pool.fetchval("SELECT load_owed FROM event WHERE id = $1", event.id)
        )


@pytest.fixture
async def buyer(pipeline: Pipeline) -> Principal:
    return await pipeline.user(UserRole.BUYER)


@pytest.fixture
async def held(pipeline: Pipeline, buyer: Principal) -> tuple[Event, Booking]:
    """An event of two subsections; two seats of the first are held."""
    event = await pipeline.open_event(subsections=2)
    return event, await pipeline.hold(buyer, event, "1-1", "1-2")


async def _set_bits(pipeline: Pipeline, event: Event, byte: int, subsection: int = 1) -> None:
    key = f"seats:{{e{event.id}}}:A-{subsection}"
    bitmap = await pipeline.redis.get(key)
    assert isinstance(bitmap, bytes)
    await pipeline.redis.set(key, bytes([byte]) + bitmap[1:])


async def test_what_agrees_is_no_drift(pipeline: Pipeline, held: tuple[Event, Booking]) -> None:
    event, _ = held
    watch = Watch(pipeline)
    await watch.look(5)
    assert not await watch.lost.execute()
    assert (watch.meter.seats, watch.meter.contradicting_events) == (0, 0)
    assert not watch.meter.repairs
    assert watch.meter.round_count == watch.meter.check_count == 5
    assert not await watch.owes_load(event)


async def test_a_wiped_store_is_found_at_the_first_look_and_every_event_is_loaded(
    pipeline: Pipeline, held: tuple[Event, Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "onsale.service.ticketing.app.command.restore_lost_events_use_case.PAGE_COUNT_MAX", 2
    )
    events = [held[0], *[await pipeline.open_event() for _ in range(4)]]
    watch = Watch(pipeline)
    await pipeline.redis.flushall()
    while await watch.lost.execute():
        pass
    assert watch.meter.repairs == {"lost": 5}
    await watch.load()
    for event in events:
        assert await pipeline.differences(event.id) == []


async def test_a_store_that_is_away_is_not_taken_for_an_empty_one(
    pipeline: Pipeline, held: tuple[Event, Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(pipeline)

    async def refuse(*_: object) -> set[int]:
        raise UnavailableError("seat-store")

    monkeypatch.setattr(type(pipeline.store), "absent", refuse)
    with pytest.raises(UnavailableError):
        await watch.lost.execute()
    assert not await watch.owes_load(held[0])


async def test_what_could_not_be_compared_is_not_told_as_if_it_were(
    pipeline: Pipeline, held: tuple[Event, Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(pipeline)
    await watch.look(1)
    assert watch.meter.told_count == 1

    async def refuse(*_: object) -> None:
        raise UnavailableError("seat-store")

    monkeypatch.setattr(type(pipeline.store), "counts", refuse)
    with pytest.raises(UnavailableError):
        await watch.drift.execute()
    assert watch.meter.told_count == 1


@pytest.mark.parametrize(
    ("harm", "seats"),
    [
        pytest.param("seats:*A-1", 50, id="a bitmap is lost"),
        pytest.param("layout:*A-2", 50, id="a layout is lost"),
        pytest.param("stats:*", 0, id="the counters are lost"),
    ],
)
async def test_keys_that_are_lost_are_found_and_healed(
    pipeline: Pipeline, held: tuple[Event, Booking], harm: str, seats: int
) -> None:
    watch = Watch(pipeline)
    await pipeline.redis.delete(*await pipeline.redis.keys(harm))
    await watch.look(LOOK_COUNT - 1)
    assert not watch.meter.repairs, "it might be a sale that goes on"
    await watch.look(1)
    assert watch.meter.repairs == {"drifted": 1}
    assert (watch.meter.seats, watch.meter.events) == (seats, 1)
    await watch.load()
    assert await pipeline.differences(held[0].id) == []
    await watch.look(1)
    assert (watch.meter.seats, watch.meter.events) == (0, 0)


async def test_an_older_bitmap_of_the_same_epoch_is_found(
    pipeline: Pipeline, held: tuple[Event, Booking], buyer: Principal
) -> None:
    event, first = held
    keys = await pipeline.redis.keys("*")
    copies = {key: await pipeline.redis.dump(key) for key in keys}
    second = await pipeline.hold(buyer, event, "1-3")
    # The server comes back without its last second.
    for key, copy in copies.items():
        assert copy is not None
        await pipeline.redis.restore(key, 0, copy, replace=True)
    watch = Watch(pipeline)
    await watch.look()
    assert (watch.meter.repairs, watch.meter.seats) == ({"drifted": 1}, 1)
    await watch.load()
    assert await pipeline.differences(event.id) == []
    assert (await pipeline.booking(first.id)).status is BookingStatus.PENDING_PAYMENT
    assert (await pipeline.booking(second.id)).status is BookingStatus.PENDING_PAYMENT


async def test_the_wrong_seats_are_found_where_the_numbers_agree(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    event, _ = held
    await _set_bits(pipeline, event, 0b00_00_01_01)
    watch = Watch(pipeline)
    await watch.look()
    assert (watch.meter.repairs, watch.meter.seats) == ({"drifted": 1}, 4)
    await watch.load()
    assert await pipeline.differences(event.id) == []


async def test_an_epoch_that_the_ledger_does_not_know_is_found(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    await pipeline.pool.execute("UPDATE event SET epoch = epoch + 1")
    watch = Watch(pipeline)
    await watch.look()
    assert watch.meter.repairs == {"drifted": 1}
    await watch.load()
    assert await pipeline.differences(held[0].id) == []


async def test_answers_that_were_lost_show_once_they_are_missed(
    pipeline: Pipeline, held: tuple[Event, Booking], buyer: Principal
) -> None:
    """Without the answer a release frees nothing: the store keeps a seat that nobody holds."""
    event, booking = held
    await pipeline.redis.delete(*await pipeline.redis.keys("answers:*"))
    await pipeline.cancel.execute(buyer, booking.id)
    await pipeline.settle()
    watch = Watch(pipeline)
    await watch.look()
    assert (watch.meter.repairs, watch.meter.seats) == ({"drifted": 1}, 2)
    await watch.load()
    assert await pipeline.differences(event.id) == []
    pipeline.catalog.forget(event.id)
    again = await pipeline.hold(buyer, event, "1-1", "1-2")
    assert again.status is BookingStatus.PENDING_PAYMENT


async def test_a_sale_that_goes_on_is_no_drift(
    pipeline: Pipeline, held: tuple[Event, Booking], buyer: Principal
) -> None:
    event, _ = held
    watch = Watch(pipeline)
    await pipeline.book(buyer, event, "3-1")
    results = await pipeline.decide(await pipeline.commands())
    await watch.look(LOOK_COUNT + 1)  # the store is ahead for as long as the answer is on its way
    assert (watch.meter.repairs, watch.meter.seats) == ({}, 0)
    await pipeline.apply_results.execute(results)
    await watch.look()
    assert (watch.meter.repairs, watch.meter.seats) == ({}, 0)


async def test_a_difference_that_passes_or_changes_is_no_drift(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    event, _ = held
    watch = Watch(pipeline)
    for byte in (0b01_01_01_00, 0b01_01_01_01, 0b01_01_00_01, 0b01_01_00_00):
        await _set_bits(pipeline, event, byte)
        await watch.look(2)
    assert not watch.meter.repairs


async def test_an_event_is_healed_once_by_any_number_of_workers(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    workers = [Watch(pipeline) for _ in range(3)]
    await pipeline.redis.delete(*await pipeline.redis.keys("seats:*A-1"))
    for worker in workers:
        await worker.look(LOOK_COUNT - 1)
    await workers[0].look(1)
    await workers[0].load()
    epoch = await pipeline.pool.fetchval("SELECT epoch FROM event")
    for worker in workers[1:]:
        await worker.look(1)
        await worker.load()
    assert [worker.meter.repairs["drifted"] for worker in workers] == [1, 0, 0]
    assert await pipeline.pool.fetchval("SELECT epoch FROM event") == epoch


async def test_what_a_load_does_not_cure_is_not_loaded_for_ever(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    event, _ = held
    watch = Watch(pipeline)
    for _ in range(3):
        await _set_bits(pipeline, event, 0b01_01_01_00)
        await watch.look()
        await watch.load()
    assert watch.meter.repairs == {"drifted": 1}
    assert watch.meter.seats == 1, "it is shown, though"
    watch.now += HEAL_INTERVAL_SECONDS
    await watch.look(1)
    assert watch.meter.repairs == {"drifted": 2}


async def test_a_ledger_that_contradicts_itself_is_shown_and_left_alone(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    event, booking = held
    await pipeline.pool.execute(
        "UPDATE booking SET status = 'cancelled', cancel_reason = 'buyer' WHERE id = $1", booking.id
    )
    watch = Watch(pipeline)
    await watch.look()
    assert (watch.meter.contradicting_events, watch.meter.seats) == (1, 0)
    assert not await watch.owes_load(event)


async def test_an_event_that_is_being_loaded_is_not_looked_at(
    pipeline: Pipeline, held: tuple[Event, Booking]
) -> None:
    event, _ = held
    watch = Watch(pipeline)
    async with pipeline.pool.acquire() as loader, loader.transaction():
        await loader.execute("SELECT pg_advisory_xact_lock($1)", event.id)
        await pipeline.redis.delete(*await pipeline.redis.keys("seats:*"))
        await watch.look(LOOK_COUNT + 1)
    assert not watch.meter.repairs


async def test_looking_costs_a_bounded_share_of_the_time(
    pipeline: Pipeline, held: tuple[Event, Booking], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(pipeline)
    look = AsyncpgDriftLedger.look

    async def slowly(self: AsyncpgDriftLedger, event_id: int) -> object:
        watch.now += 1.0
        return await look(self, event_id)

    monkeypatch.setattr(AsyncpgDriftLedger, "look", slowly)
    began_at = watch.now
    while watch.now < began_at + 1_000:
        await watch.look(1)
        watch.now += 0.5
    assert 10 <= watch.meter.check_count <= 1_000 * DUTY_SHARE_MAX + 1


async def test_every_event_has_its_turn(pipeline: Pipeline) -> None:
    events = [await pipeline.open_event() for _ in range(7)]
    await pipeline.redis.delete(f"layout:{{e{events[-1].id}}}:A-1")
    watch = Watch(pipeline)
    await watch.look(2 * LOOK_COUNT + 2)
    assert watch.meter.repairs == {"drifted": 1}
    assert await watch.owes_load(events[-1])
    assert not await watch.owes_load(events[0])
