"""The names of the keys of an event, and the small texts that stand in them."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache

_DAYS_REMEMBERED_MAX = 64


@dataclass(frozen=True, slots=True)
class SeatKeys:
    """Every key carries the event as hash tag, so that a cluster keeps an event on one node."""

    event_id: int

    def bitmap(self, section: str, subsection: int) -> str:
        """String: 2 bits a seat."""
        return f"seats:{{e{self.event_id}}}:{section}-{subsection}"

    def layout(self, section: str, subsection: int) -> str:
        """String: ``epoch:rows:seats_per_row:generation``."""
        return f"layout:{{e{self.event_id}}}:{section}-{subsection}"

    def answers(self, section: str, subsection: int, day: str) -> str:
        """Hash: booking to ``generation:seq:state:seats``, for the bookings made on ``day``."""
        return f"answers:{{e{self.event_id}}}:{section}-{subsection}:{day}"

    def stats(self) -> str:
        """Hash: ``section-subsection`` to ``available,reserved,sold,blocked``."""
        return f"stats:{{e{self.event_id}}}"


def day_of(moment: datetime) -> str:
    """The UTC day that names a hash of answers, as ``YYYYMMDD``."""
    return _day_text(moment.astimezone(UTC).date())


@lru_cache(maxsize=_DAYS_REMEMBERED_MAX)
def _day_text(day: date) -> str:
    return day.strftime("%Y%m%d")


def stats_field(section: str, subsection: int) -> str:
    """The field of a subsection in the statistics."""
    return f"{section}-{subsection}"


def parse_stats_field(field: str) -> tuple[str, int]:
    """The inverse of :func:`stats_field`; a section's name may itself hold hyphens."""
    section, _, subsection = field.rpartition("-")
    return section, int(subsection)


@dataclass(frozen=True, slots=True)
class StoredLayout:
    """What stands beside a bitmap.

    ``epoch`` is the ledger's; ``generation`` is new with every installation, so that no answer
    given before it is believed after it, even if the ledger was restored and its epochs repeat.
    """

    epoch: int
    rows: int
    seats_per_row: int
    generation: str

    @classmethod
    def parse(cls, value: bytes) -> "StoredLayout":
        """Read the stored form."""
        epoch, rows, seats_per_row, generation = value.decode().split(":")
        return cls(int(epoch), int(rows), int(seats_per_row), generation)

    def __str__(self) -> str:
        return f"{self.epoch}:{self.rows}:{self.seats_per_row}:{self.generation}"

    @property
    def seat_count(self) -> int:
        """How many seats the bitmap speaks of."""
        return self.rows * self.seats_per_row
