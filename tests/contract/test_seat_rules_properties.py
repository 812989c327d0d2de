"""Seats chosen by rules, in the script and in plain Python, against brute force."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from onsale.service.seat_reservation.domain.seat_selection import choose_best_available
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatCommand,
    SeatResult,
    SeatsRefused,
    SeatsReserved,
)
from onsale.service.shared_kernel.seat_rules import SeatRules, index_runs, indexes_in
from onsale.service.shared_kernel.seating import SeatPosition, SubsectionLayout
from onsale.service.shared_kernel.single_seats import needless_singles
from tests.builders.seats import EPOCH, NOW, SeatBooking, drawing, hall, layout, snapshot
from tests.contract.seat_oracle import accessible_oracle, oracle, orphan_oracle
from tests.contract.synchronous_seat_store import SynchronousSeatStore, synchronous_redis

ON_REDIS = settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@dataclass(frozen=True)
class Kinds:
    """A subsection of which some seats are gone, and some set aside."""

    layout: SubsectionLayout
    states: bytes
    accessible: frozenset[int]
    companion: frozenset[int]

    @property
    def set_aside(self) -> frozenset[int]:
        return self.accessible | self.companion

    def rules(
        self,
        *,
        rows: tuple[int, int] | None = None,
        accessible_seats: int = 0,
        leave_no_single_seats: bool = False,
    ) -> SeatRules:
        return SeatRules(
            rows=rows,
            accessible=index_runs(sorted(self.accessible)),
            companion=index_runs(sorted(self.companion)),
            accessible_seats=accessible_seats,
            leave_no_single_seats=leave_no_single_seats,
        )

    def best(self, left: bytes, rules: SeatRules, quantity: int) -> list[int] | None:
        """What the oracles say of a state of the seats."""
        rows = rules.rows or (1, self.layout.rows)
        width = self.layout.seats_per_row
        if rules.accessible_seats:
            return accessible_oracle(
                left,
                width,
                quantity,
                rules.accessible_seats,
                rows=rows,
                accessible=self.accessible,
                companion=self.companion,
            )
        return oracle(left, width, quantity, rows=rows, set_aside=self.set_aside)

    def __repr__(self) -> str:
        seats = drawing(self.states, self.layout.seats_per_row)
        return f"{seats} accessible {set(self.accessible)} companion {set(self.companion)}"


@st.composite
def kinds(draw: st.DrawFn) -> Kinds:
    of = layout(draw(st.integers(1, 8)), draw(st.integers(1, 12)))
    state = st.sampled_from(draw(st.sampled_from([(0, 1), (0, 0, 0, 2), (0, 1, 2, 3), (0,)])))
    states = bytes(draw(st.lists(state, min_size=of.seat_count, max_size=of.seat_count)))
    # Letters: a plain seat, an accessible one, a companion's.
    letter = st.sampled_from(draw(st.sampled_from(["ppppac", "pac", "ppppppppppa", "p"])))
    letters = draw(st.lists(letter, min_size=of.seat_count, max_size=of.seat_count))
    accessible = frozenset(at for at, each in enumerate(letters) if each == "a")
    companion = frozenset(at for at, each in enumerate(letters) if each == "c")
    return Kinds(of, states, accessible, companion)


@dataclass(frozen=True)
class Wish:
    """What a booking of best available seats asks for; row numbers are cut to the hall's."""

    quantity: int
    accessible_seats: int
    first_row: int
    row_count: int

    def rules(self, of: Kinds) -> SeatRules:
        first = min(self.first_row, of.layout.rows)
        rows = None if self.row_count == 0 else (first, first + self.row_count - 1)
        return of.rules(rows=rows, accessible_seats=min(self.accessible_seats, self.quantity))


wishes = st.builds(
    Wish,
    quantity=st.integers(1, 10),
    accessible_seats=st.sampled_from([0, 0, 0, 1, 1, 2, 3]),
    first_row=st.integers(1, 8),
    row_count=st.integers(0, 8),
)


def indexes_of(result: SeatResult, of: SubsectionLayout) -> list[int] | None:
    if isinstance(result, SeatsRefused):
        assert result.reason is RefusalReason.SOLD_OUT
        return None
    assert isinstance(result, SeatsReserved)
    return [of.index_of(SeatPosition.parse(position)) for position in result.positions]


@settings(deadline=None)
@given(kinds(), wishes)
def test_the_readable_rule_heeds_kinds_and_rows(of: Kinds, wish: Wish) -> None:
    rules = wish.rules(of)
    chosen = choose_best_available(of.states, of.layout.seats_per_row, wish.quantity, rules)
    assert chosen == of.best(of.states, rules, wish.quantity)


@st.composite
def choices(draw: st.DrawFn) -> tuple[Kinds, list[int]]:
    """A hall that has a free seat, and seats of it to name: free ones as a rule, often adjacent."""
    of = draw(kinds().filter(lambda of: 0 in of.states))
    free = [index for index, state in enumerate(of.states) if state == 0]
    first = draw(st.sampled_from(free))
    size = draw(st.integers(1, 6))
    adjacent = [seat for seat in range(first, first + size) if seat in free]
    scattered = st.lists(st.sampled_from(free), min_size=1, max_size=5, unique=True)
    return of, sorted(draw(st.one_of(st.just(adjacent), scattered)))


def drawn(text: str, *chosen: int, accessible: tuple[int, ...] = ()) -> tuple[Kinds, list[int]]:
    seats = hall(text)
    return Kinds(layout(1, len(seats)), seats, frozenset(accessible), frozenset()), [*chosen]


@settings(deadline=None, max_examples=500)
@given(choices())
@example(drawn("....", 1, 2))
@example(drawn("...", 1, 2))
@example(drawn("...", 1))
@example(drawn("..r..", 0))
@example(drawn("....", 1, 2, accessible=(0, 3)))
@example(drawn("....", 1, 2, accessible=(1, 2)))
def test_a_choice_is_refused_exactly_where_another_leaves_no_seat_alone(
    choice: tuple[Kinds, list[int]],
) -> None:
    of, chosen = choice
    width = of.layout.seats_per_row
    singles = needless_singles(of.states, width, chosen, of.set_aside)
    assert singles == orphan_oracle(of.states, width, frozenset(chosen), of.set_aside)


def test_runs_of_indexes_and_indexes_are_inverse() -> None:
    assert index_runs([0, 1, 2, 5, 7, 8]) == ((0, 2), (5, 5), (7, 8))
    assert [*indexes_in(((0, 2), (5, 5), (7, 8)))] == [0, 1, 2, 5, 7, 8]


@pytest.fixture
def redis_store(redis_url: str) -> Iterator[SynchronousSeatStore]:
    with synchronous_redis(redis_url) as store:
        yield store


@ON_REDIS
@given(of=kinds(), wanted=st.lists(st.tuples(wishes, st.booleans()), min_size=1, max_size=12))
def test_the_script_heeds_the_rules_of_each_booking_of_a_batch(
    redis_store: SynchronousSeatStore, of: Kinds, wanted: list[tuple[Wish, bool]]
) -> None:
    """Some bookings give their seats back within the batch, and some come without rules."""
    redis_store.install(EPOCH, snapshot(of.layout, of.states))
    bookings = [SeatBooking() for _ in wanted]
    commands: list[SeatCommand] = []
    for at, (booking, (wish, frees)) in enumerate(zip(bookings, wanted, strict=True)):
        commands.append(booking.best_by(wish.rules(of), wish.quantity))
        if frees:
            commands.append(bookings[at // 2].release())
            commands.append(SeatBooking().best_available(1))
    results = redis_store.apply(commands, NOW)
    left, held = bytearray(of.states), dict[object, list[int]]()
    wish_of = {booking.id: wish for booking, (wish, _) in zip(bookings, wanted, strict=True)}
    for command, result in zip(commands, results, strict=True):
        if command.seq == 2:
            for index in held.pop(command.booking_id, []):
                left[index] = 0
            continue
        asked = wish_of.get(command.booking_id)
        if asked is None:
            best = oracle(left, of.layout.seats_per_row, 1)
        else:
            best = of.best(bytes(left), asked.rules(of), asked.quantity)
        assert indexes_of(result, of.layout) == best
        held[command.booking_id] = best or []
        for index in best or ():
            left[index] = 1
    assert redis_store.states(of.layout) == bytes(left)


@ON_REDIS
@given(choice=choices(), taken_before=st.booleans())
@example(choice=drawn("....", 1, 2), taken_before=False)
@example(choice=drawn("...", 1), taken_before=True)
@example(choice=drawn("....", 1, 2, accessible=(0, 3)), taken_before=False)
@example(choice=drawn("....", 1, 2, accessible=(1, 2)), taken_before=False)
def test_the_script_refuses_exactly_what_leaves_a_seat_alone_without_need(
    redis_store: SynchronousSeatStore, choice: tuple[Kinds, list[int]], *, taken_before: bool
) -> None:
    of, chosen = choice
    redis_store.install(EPOCH, snapshot(of.layout, of.states))
    rules = of.rules(leave_no_single_seats=True)
    earlier = [SeatBooking().best_available(1)] if taken_before else []
    left = bytearray(of.states)
    for _ in earlier:
        for index in oracle(left, of.layout.seats_per_row, 1) or ():
            left[index] = 1
    named = [str(of.layout.position_at(index)) for index in chosen]
    command = SeatBooking().manual_by(rules, *named)
    *_, result = redis_store.apply([*earlier, command], NOW)
    taken = [index for index in chosen if left[index] != 0]
    singles = orphan_oracle(left, of.layout.seats_per_row, frozenset(chosen), of.set_aside)
    if taken or singles:
        assert isinstance(result, SeatsRefused)
        reason = RefusalReason.SEAT_CONFLICT if taken else RefusalReason.ORPHAN_SEAT
        assert result.reason is reason
        conflicts = [of.layout.index_of(SeatPosition.parse(text)) for text in result.conflicts]
        assert conflicts == (taken or singles)
    else:
        assert indexes_of(result, of.layout) == chosen
    # Whatever the answer was, it is the answer to the same command from then on.
    assert redis_store.apply([command], NOW) == [result]
