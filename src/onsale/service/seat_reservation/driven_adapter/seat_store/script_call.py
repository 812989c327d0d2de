"""One call of the script: a subsection's commands on their way in, their answers on the way out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import msgspec

from onsale.service.seat_reservation.domain.result_head import head_of
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_keys import (
    SeatKeys,
    day_of,
    stats_field,
)
from onsale.service.shared_kernel.seat_messages import (
    FinalizeSeats,
    RefusalReason,
    ReleaseSeats,
    ReserveSeats,
    ReserveSeatsByRules,
    SeatCommand,
    SeatResult,
    SeatsFinalized,
    SeatsRefused,
    SeatsReleased,
    SeatsReserved,
    SeatStateStale,
)
from onsale.service.shared_kernel.seat_rules import SeatRules
from onsale.service.shared_kernel.seating import SEATS_PER_SUBSECTION_MAX, SeatPosition

# Longer than the broker keeps a command and than any hold lasts: until then a repeat gets its
# first answer.
ANSWERS_KEPT_SECONDS = 30 * 24 * 60 * 60


@dataclass(slots=True)
class ScriptCall:
    """The commands of one subsection, and where each stands in the batch."""

    event_id: int
    section: str
    subsection: int
    places: list[int] = field(default_factory=list)
    commands: list[SeatCommand] = field(default_factory=list)

    def keys_and_args(self, now: datetime) -> tuple[list[str], list[str | bytes | int]]:
        """What the script takes as KEYS and ARGV."""
        keys = SeatKeys(self.event_id)
        days: dict[str, int] = {}
        encoded = [
            _encoded(command, days.setdefault(day_of(command.booked_at), len(days) + 1), now)
            for command in self.commands
        ]
        names = [
            keys.layout(self.section, self.subsection),
            keys.bitmap(self.section, self.subsection),
            keys.stats(),
            *(keys.answers(self.section, self.subsection, day) for day in days),
        ]
        args: list[str | bytes | int] = [
            msgspec.msgpack.encode(encoded),
            stats_field(self.section, self.subsection),
            ANSWERS_KEPT_SECONDS,
        ]
        return names, args

    def results(self, reply: Sequence[int | bytes]) -> Iterator[tuple[int, SeatResult]]:
        """What the script returned, each result with its command's place in the batch."""
        seats_per_row, *answers = reply
        for place, command, answer in zip(self.places, self.commands, answers, strict=True):
            yield place, _result(command, bytes(answer).decode(), int(seats_per_row))


def calls_for(commands: Sequence[SeatCommand]) -> list[ScriptCall]:
    """Sort a batch by subsection; within one the order stays."""
    calls: dict[tuple[int, str, int], ScriptCall] = {}
    for place, command in enumerate(commands):
        target = (command.event_id, command.section, command.subsection)
        call = calls.get(target)
        if call is None:
            call = calls[target] = ScriptCall(*target)
        call.places.append(place)
        call.commands.append(command)
    return list(calls.values())


def _encoded(command: SeatCommand, day: int, now: datetime) -> tuple[object, ...]:
    head = (day, command.booking_id, command.epoch, command.seq)
    match command:
        case ReserveSeats():
            late = now > command.deadline
            seats: list[int] = []
            for text in command.positions:
                position = SeatPosition.parse(text)
                seats += (position.row, position.seat)
            reserve = (command.mode.value, *head, late, command.quantity, seats)
            if isinstance(command, ReserveSeatsByRules):
                return (*reserve, _encoded_rules(command.rules))
            return reserve
        case ReleaseSeats():
            return ("release", *head)
        case FinalizeSeats():
            return ("finalize", *head)


def _encoded_rules(rules: SeatRules) -> tuple[object, ...]:
    first_row, last_row = rules.rows or (1, SEATS_PER_SUBSECTION_MAX)
    return (
        first_row,
        last_row,
        list(chain.from_iterable(rules.accessible)),
        list(chain.from_iterable(rules.companion)),
        rules.accessible_seats,
        rules.leave_no_single_seats,
    )


def _result(command: SeatCommand, answer: str, seats_per_row: int) -> SeatResult:
    word, _, indexes = answer.partition(":")
    head = head_of(command)
    match word:
        case "reserved":
            return SeatsReserved(**head, positions=_positions(indexes, seats_per_row))
        case "released":
            return SeatsReleased(**head)
        case "finalized":
            return SeatsFinalized(**head)
        case "stale":
            return SeatStateStale(**head)
        case _:
            return SeatsRefused(
                **head,
                reason=RefusalReason(word),
                conflicts=_positions(indexes, seats_per_row),
            )


def _positions(indexes: str, seats_per_row: int) -> tuple[str, ...]:
    if not indexes:
        return ()
    return tuple(
        f"{index // seats_per_row + 1}-{index % seats_per_row + 1}"
        for index in map(int, indexes.split(","))
    )
