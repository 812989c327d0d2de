"""Replace the seat state of an event by the ledger's."""

from collections.abc import Sequence

from onsale.service.seat_reservation.app.interface.i_seat_store import ISeatStore
from onsale.service.seat_reservation.domain.snapshot_rules import reject_inconsistent
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot


class InstallEventSeatsUseCase:
    """The first load of an event and its rebuild alike."""

    def __init__(self, store: ISeatStore) -> None:
        self._store = store

    async def execute(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        """Install the snapshot under ``epoch``; commands of any other epoch are stale from then on.

        A failure half-way leaves some subsections under the old epoch and some under the new one,
        each consistent in itself; running it again repairs that.

        Raises:
            InconsistentSnapshotError: the snapshot contradicts itself; nothing was changed.
            UnavailableError: the store is away.
        """
        reject_inconsistent(subsections)
        await self._store.install(event_id, epoch, subsections)
