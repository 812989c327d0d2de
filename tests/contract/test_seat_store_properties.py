"""Whatever is sent, in whatever order and however often: script and fake agree, seats add up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onsale.service.shared_kernel.seat_messages import SeatCommand
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatCounts, SeatPosition, SeatState
from tests.builders.seats import EPOCH, NOW, SeatBooking, layout, snapshot
from tests.contract.synchronous_seat_store import (
    SynchronousSeatStore,
    synchronous,
    synchronous_redis,
)
from tests.fakes.in_memory_seat_store import InMemorySeatStore

BOOKING_COUNT = 5
DAYS = ("20300516", "20300517")
HALLS = (layout(2, 5), layout(3, 3, subsection=2))


@dataclass(frozen=True)
class Reload:
    """The ledger's turn: it loads what stands, but for a booking that it has let go."""

    epoch_step: int
    forgotten: int


Step = list[SeatCommand] | Reload

# Few bookings and few seqs, so that commands repeat and overtake each other all the time.
BOOKINGS = [
    SeatBooking(
        id=UUID(int=number + 1),
        subsection=1 + number % 2,
        booked_at=NOW - timedelta(days=number // 3),
    )
    for number in range(BOOKING_COUNT)
]
RULES = SeatRules(rows=(1, 2), accessible=((0, 0), (6, 6)), companion=((1, 1),))
seqs = st.integers(1, 4)
positions = st.builds("{}-{}".format, st.integers(1, 4), st.integers(1, 5))
deadlines = st.sampled_from([NOW + timedelta(minutes=1)] * 5 + [NOW - timedelta(minutes=1)])


@st.composite
def seat_commands(draw: st.DrawFn) -> SeatCommand:
    epoch = EPOCH + draw(st.sampled_from([0] * 8 + [-1, 1]))
    booking = replace(draw(st.sampled_from(BOOKINGS)), epoch=epoch)
    seq = draw(seqs)
    match draw(st.sampled_from("bbmmBMrf")):
        case "B":
            rules = msgspec.structs.replace(RULES, accessible_seats=draw(st.integers(0, 1)))
            return booking.best_by(rules, draw(st.integers(1, 3)), seq=seq)
        case "M":
            named = draw(st.lists(positions, min_size=1, max_size=3, unique=True))
            rules = msgspec.structs.replace(RULES, rows=None, leave_no_single_seats=True)
            return booking.manual_by(rules, *named, seq=seq)
        case "b":
            return booking.best_available(
                draw(st.integers(1, 5)), seq=seq, deadline=draw(deadlines)
            )
        case "m":
            named = draw(st.lists(positions, min_size=1, max_size=3, unique=True))
            return booking.manual(*named, seq=seq, deadline=draw(deadlines))
        case "r":
            return booking.release(seq=seq)
        case _:
            return booking.finalize(seq=seq)


reloads = st.builds(Reload, st.integers(0, 1), st.integers(0, BOOKING_COUNT))
steps = st.lists(
    st.one_of(st.lists(seat_commands(), min_size=1, max_size=6), reloads), min_size=1, max_size=12
)


class Twins:
    """The fake and the real store, given the same and compared after every step."""

    def __init__(self, fake: SynchronousSeatStore, real: SynchronousSeatStore) -> None:
        self._fake, self._real = fake, real
        self._epoch = EPOCH
        self._install([snapshot(of, bytes(of.seat_count - 1) + b"\3") for of in HALLS])

    def _install(self, subsections: Sequence[SubsectionSnapshot]) -> None:
        for store in (self._fake, self._real):
            store.install(self._epoch, *subsections)

    def take(self, step: Step) -> None:
        if isinstance(step, Reload):
            self._epoch += step.epoch_step
            self._install([self._ledger(number, step.forgotten) for number in range(len(HALLS))])
        else:
            shift = self._epoch - EPOCH
            commands = [
                msgspec.structs.replace(command, epoch=command.epoch + shift) for command in step
            ]
            assert self._real.apply(commands, NOW) == self._fake.apply(commands, NOW)
        self._compare()

    def _ledger(self, number: int, forgotten: int) -> SubsectionSnapshot:
        of = HALLS[number]
        states = self._fake.states(of)
        holds = []
        for booking in BOOKINGS[:forgotten] + BOOKINGS[forgotten + 1 :]:
            seats = self._fake.holds(of, *DAYS).get(booking.id)
            if seats:
                sold = states[of.index_of(SeatPosition.parse(seats[0]))] == SeatState.SOLD
                holds.append(booking.held(*seats, seq=2, sold=sold))
        return snapshot(of, bytes(of.seat_count - 1) + b"\3", holds)

    def _compare(self) -> None:
        for of in HALLS:
            states, holds = self._real.states(of), self._real.holds(of, *DAYS)
            assert states == self._fake.states(of)
            assert holds == self._fake.holds(of, *DAYS)
            counted = SeatCounts(*(states.count(state) for state in SeatState))
            assert self._real.counts()[of.section, of.subsection] == counted
            held = sorted(
                of.index_of(SeatPosition.parse(position))
                for seats in holds.values()
                for position in seats
            )
            taken = [index for index, state in enumerate(states) if state in (1, 2)]
            assert held == taken


@pytest.fixture
def stores(redis_url: str) -> Iterator[tuple[SynchronousSeatStore, SynchronousSeatStore]]:
    with synchronous(InMemorySeatStore()) as fake, synchronous_redis(redis_url) as real:
        yield fake, real


@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps)
def test_script_and_fake_agree_and_every_taken_seat_has_one_holder(
    stores: tuple[SynchronousSeatStore, SynchronousSeatStore], taken: list[Step]
) -> None:
    twins = Twins(*stores)
    for step in taken:
        twins.take(step)
