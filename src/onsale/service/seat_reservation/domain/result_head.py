"""What every result repeats of the command that it answers."""

from typing import TypedDict
from uuid import UUID

from onsale.service.shared_kernel.seat_messages import SeatCommand


class ResultHead(TypedDict):
    """The fields that a command and its result share."""

    booking_id: UUID
    event_id: int
    section: str
    subsection: int
    epoch: int
    seq: int


def head_of(command: SeatCommand) -> ResultHead:
    """The head of the answer to ``command``: its sender clears only what bears the same seq."""
    return ResultHead(
        booking_id=command.booking_id,
        event_id=command.event_id,
        section=command.section,
        subsection=command.subsection,
        epoch=command.epoch,
        seq=command.seq,
    )
