"""The steps of a booking's way through both services, by name.

Each service knows by these names below which of the other's steps its own belong, so that no
message has to say it. ``seq`` is the booking's command number.

    booked                              the request, in the API
      sent/1                            its reserve, to the broker
        decided/1                       the seat worker's batch
          answered/1                    the result, to the broker
            applied/1                   the ticketing worker's batch
      owed/2                            a later command becomes due: paid, cancelled, expired
        sent/2 …                        and goes the same way
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import UnreadableMessageError, decode_head

BOOKED = "booked"
FIRST_SEQ = 1


class MessageStep(NamedTuple):
    """A message's part in a booking's way: its step, and the one that led to it."""

    booking_id: UUID
    step: str
    below: str
    attributes: Mapping[str, str | int]


def owed(seq: int) -> str:
    """The command becomes due."""
    return BOOKED if seq == FIRST_SEQ else f"owed/{seq}"


def sent(seq: int) -> str:
    """The command goes to the broker."""
    return f"sent/{seq}"


def decided(seq: int) -> str:
    """The seat worker has it in its hands."""
    return f"decided/{seq}"


def answered(seq: int) -> str:
    """Its result goes to the broker."""
    return f"answered/{seq}"


def applied(seq: int) -> str:
    """Its result is written into the ledger."""
    return f"applied/{seq}"


def of_sent_command(value: bytes) -> MessageStep | None:
    """Of a command on its way to the broker; ``None`` if it is unreadable, as of the others."""
    return _step(value, sent, owed)


def of_decided_command(value: bytes) -> MessageStep | None:
    """Of a command that came to the seat worker."""
    return _step(value, decided, sent)


def of_sent_result(value: bytes) -> MessageStep | None:
    """Of a result on its way to the broker."""
    return _step(value, answered, decided)


def of_applied_result(value: bytes) -> MessageStep | None:
    """Of a result that came to the ticketing worker."""
    return _step(value, applied, answered)


def _step(
    value: bytes, step: Callable[[int], str], below: Callable[[int], str]
) -> MessageStep | None:
    try:
        head = decode_head(value)
    except UnreadableMessageError:
        return None
    told: dict[str, str | int] = {"onsale.message": head.type, "onsale.command_seq": head.seq}
    return MessageStep(head.booking_id, step(head.seq), below(head.seq), told)
