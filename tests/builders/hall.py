"""One subsection in a seat store, with short words for what a test does and sees."""

from typing import Protocol

from onsale.service.seat_reservation.app.interface.i_seat_store import IHoldLookup, ISeatStore
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatCommand,
    SeatResult,
    SeatsRefused,
    SeatsReserved,
)
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout
from tests.builders.seats import EPOCH, EVENT, NOW, TODAY, drawing, snapshot


class SeatStore(ISeatStore, IHoldLookup, Protocol):
    """Both ports, as every adapter and the fake have them."""


class Hall:
    def __init__(self, store: SeatStore, of: SubsectionLayout) -> None:
        self.store = store
        self.layout = of

    async def load(self, states: bytes | None = None) -> None:
        await self.store.install(EVENT, EPOCH, [snapshot(self.layout, states)])

    async def apply(self, *commands: SeatCommand) -> list[SeatResult]:
        return await self.store.apply(commands, now=NOW)

    async def seats(self) -> str:
        """The seats as a drawing; the counters must agree with it."""
        (found,) = await self.store.states(EVENT, [self.layout])
        assert found is not None
        counts = (await self.store.counts(EVENT))[self.layout.section, self.layout.subsection]
        assert counts == SeatCounts(*(found.states.count(state) for state in range(4)))
        return drawing(found.states, self.layout.seats_per_row)

    async def holds(self) -> dict[str, tuple[str, ...]]:
        found = await self.store.holds(EVENT, "A", 1, [TODAY])
        return {str(booking): positions for booking, positions in found.items()}


def positions_of(result: SeatResult) -> tuple[str, ...]:
    assert isinstance(result, SeatsReserved)
    return result.positions


def refusal_of(result: SeatResult) -> tuple[RefusalReason, tuple[str, ...]]:
    assert isinstance(result, SeatsRefused)
    return result.reason, result.conflicts
