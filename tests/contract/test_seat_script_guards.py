"""Negative controls: take away a guard of the script, and what it is there to stop happens."""

from contextlib import AbstractContextManager

import pytest

from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    apply_seat_commands_script,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult, SeatsReserved
from tests.builders.seats import EPOCH, NOW, SeatBooking, drawing, layout, snapshot
from tests.contract.synchronous_seat_store import SynchronousSeatStore, synchronous_redis

ROW = layout(1, 4)


class Trial:
    """The same play with the script as it is and with one guard less."""

    def __init__(self, url: str) -> None:
        self._url = url

    def with_guard(self) -> AbstractContextManager[SynchronousSeatStore]:
        return synchronous_redis(self._url)

    def without(self, guard: str, instead: str) -> AbstractContextManager[SynchronousSeatStore]:
        script = apply_seat_commands_script()
        assert script.count(guard) == 1, f"the script no longer has the guard {guard!r}"
        return synchronous_redis(self._url, script=script.replace(guard, instead))


@pytest.fixture
def trial(redis_url: str) -> Trial:
    return Trial(redis_url)


def play(store: SynchronousSeatStore, *commands: SeatCommand) -> tuple[list[SeatResult], str]:
    """Load an empty row, apply the commands in one batch each, and tell answers and seats."""
    store.install(EPOCH, snapshot(ROW))
    results = [store.apply([command], NOW)[0] for command in commands]
    return results, drawing(store.states(ROW), 4)


def test_without_its_answers_a_redelivered_reserve_takes_seats_twice(trial: Trial) -> None:
    command = SeatBooking().best_available()
    with trial.with_guard() as store:
        (first, again), seats = play(store, command, command)
        assert first == again
        assert seats == "r..."
    with trial.without("if made_in == generation then", "if false then") as store:
        (first, again), seats = play(store, command, command)
        assert first != again
        assert seats == "rr.."


def test_without_its_answers_a_redelivered_release_frees_the_next_holders_seat(
    trial: Trial,
) -> None:
    mine, next_holder = SeatBooking(), SeatBooking()
    commands = (mine.manual("1-1"), mine.release(), next_holder.manual("1-1"), mine.release())
    with trial.with_guard() as store:
        assert play(store, *commands)[1] == "r..."
    with trial.without("answer(command, 'released', '')", "") as store:
        assert play(store, *commands)[1] == "...."


def test_without_the_tombstone_a_reserve_behind_its_release_takes_a_seat(trial: Trial) -> None:
    booking = SeatBooking()
    commands = (booking.release(), booking.best_available())
    with trial.with_guard() as store:
        assert play(store, *commands)[1] == "...."
    with trial.without("answer(command, 'released', '')", "") as store:
        (_, reserved), seats = play(store, *commands)
        assert isinstance(reserved, SeatsReserved)
        assert seats == "r..."


def test_without_the_order_of_seqs_an_overtaken_release_frees_seats(trial: Trial) -> None:
    booking = SeatBooking()
    commands = (booking.manual("1-1", seq=3), booking.release(seq=2))
    with trial.with_guard() as store:
        assert play(store, *commands)[1] == "r..."
    guard = "local overtaken = standing and command.seq < standing.seq"
    with trial.without(guard, "local overtaken = false") as store:
        assert play(store, *commands)[1] == "...."


def test_without_the_epoch_a_command_of_an_older_state_takes_a_seat(trial: Trial) -> None:
    command = SeatBooking(epoch=EPOCH - 1).best_available()
    with trial.with_guard() as store:
        assert play(store, command)[1] == "...."
    with trial.without("command.epoch ~= epoch and 'stale:'", "false") as store:
        assert play(store, command)[1] == "r..."


def test_without_the_generation_a_load_does_not_forget_the_holds_before_it(trial: Trial) -> None:
    booking, other = SeatBooking(), SeatBooking()

    def loaded_between(store: SynchronousSeatStore) -> str:
        play(store, booking.manual("1-1"))
        # The loader crashed before its commit, and the next one uses the same epoch.
        return play(store, other.manual("1-1"), booking.release())[1]

    with trial.with_guard() as store:
        assert loaded_between(store) == "r..."
    with trial.without("if made_in == generation then", "if made_in then") as store:
        assert loaded_between(store) == "...."


def test_without_the_check_for_taken_seats_two_bookings_hold_the_same_one(trial: Trial) -> None:
    commands = (SeatBooking().manual("1-2"), SeatBooking().manual("1-1", "1-2"))
    with trial.with_guard() as store:
        assert play(store, *commands)[1] == ".r.."
    with trial.without("if #taken > 0 then", "if false then") as store:
        (first, second), _ = play(store, *commands)
        assert isinstance(first, SeatsReserved)
        assert isinstance(second, SeatsReserved)
        assert set(first.positions) <= set(second.positions)
