"""What is written for a subsection when its seats are installed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redis.typing import EncodableT, FieldT

from onsale.service.seat_reservation.domain.snapshot_rules import seat_indexes
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_bitmap import pack_states
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_keys import (
    StoredLayout,
    day_of,
)
from onsale.service.shared_kernel.seat_snapshot import HeldSeats, SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatState

# One EXEC keeps every other client waiting, so an event is installed in many.
SUBSECTIONS_PER_EXEC_MAX = 100
BYTES_PER_EXEC_MAX = 256 * 1024
_BYTES_PER_ANSWER = 96


@dataclass(frozen=True, slots=True)
class SubsectionWrite:
    """The values of one subsection; ``answers`` by day, then by booking."""

    section: str
    subsection: int
    layout: str
    bitmap: bytes
    stats: str
    answers: dict[str, dict[FieldT, EncodableT]]

    @property
    def size_bytes(self) -> int:
        """Roughly how much is sent."""
        return len(self.bitmap) + _BYTES_PER_ANSWER * sum(map(len, self.answers.values()))


def writes_for(
    epoch: int, generation: str, subsections: Iterable[SubsectionSnapshot]
) -> Iterator[SubsectionWrite]:
    """Make the values of each subsection; one at a time, as an event can be large."""
    for snapshot in subsections:
        layout = snapshot.layout
        stored = StoredLayout(epoch, layout.rows, layout.seats_per_row, generation)
        yield SubsectionWrite(
            section=layout.section,
            subsection=layout.subsection,
            layout=str(stored),
            bitmap=pack_states(snapshot.states),
            stats=",".join(str(snapshot.states.count(state)) for state in SeatState),
            answers=_answers(snapshot, generation),
        )


def chunks(writes: Iterable[SubsectionWrite]) -> Iterator[Sequence[SubsectionWrite]]:
    """Split into what one EXEC takes; a subsection is never torn apart."""
    chunk: list[SubsectionWrite] = []
    size_bytes = 0
    for write in writes:
        full = len(chunk) == SUBSECTIONS_PER_EXEC_MAX
        if chunk and (full or size_bytes + write.size_bytes > BYTES_PER_EXEC_MAX):
            yield chunk
            chunk, size_bytes = [], 0
        chunk.append(write)
        size_bytes += write.size_bytes
    if chunk:
        yield chunk


def _answers(snapshot: SubsectionSnapshot, generation: str) -> dict[str, dict[FieldT, EncodableT]]:
    if not snapshot.holds:
        return {}
    index_of = seat_indexes(snapshot.layout.rows, snapshot.layout.seats_per_row)
    answers: dict[str, dict[FieldT, EncodableT]] = {}
    for hold in snapshot.holds:
        of_day = answers.setdefault(day_of(hold.booked_at), {})
        indexes = sorted(index_of[position] for position in hold.positions)
        of_day[str(hold.booking_id).encode()] = _answer(hold, generation, indexes)
    return answers


def _answer(hold: HeldSeats, generation: str, indexes: Sequence[int]) -> bytes:
    state = "sold" if hold.sold else "held"
    return f"{generation}:{hold.seq}:{state}:{','.join(map(str, indexes))}".encode()
