"""Verify an event, cure what can be cured, and verify it once more."""

from dataclasses import dataclass

from onsale.service.shared_kernel.seat_snapshot import InconsistentSnapshotError
from onsale.service.ticketing.app.command.load_event_seats_use_case import (
    LoadedSeats,
    LoadEventSeatsUseCase,
)
from onsale.service.ticketing.app.interface.i_ticketing_unit_of_work import ITicketingUnitOfWork
from onsale.service.ticketing.app.query.verify_event_use_case import Verdict, VerifyEventUseCase


@dataclass(frozen=True, slots=True)
class Repair:
    """What was found, what was done (``refusal`` says why the store was not rebuilt), and what
    verification found afterwards.
    """

    before: Verdict
    after: Verdict
    loaded: LoadedSeats | None = None
    refusal: str | None = None
    hurried_count: int = 0


@dataclass(frozen=True, slots=True)
class RepairEventUseCase:
    """The ledger is the record, so the store follows it. Where rows of the ledger contradict each
    other nobody can tell which of them is right: those are left to a person.
    """

    verify: VerifyEventUseCase
    load_event_seats: LoadEventSeatsUseCase
    unit_of_work: ITicketingUnitOfWork

    async def execute(self, event_id: int, *, quiet_seconds_max: float) -> Repair:
        """Repair the event; ``quiet_seconds_max`` as for verification.

        Raises:
            UnavailableError: the ledger or the seat store is away.
        """
        before = await self.verify.execute(event_id, quiet_seconds_max=quiet_seconds_max)
        loaded, refusal, hurried_count = None, None, 0
        if before.owed_commands:
            hurried_count = await self.unit_of_work.run(
                lambda transaction: transaction.hurry_commands(event_id)
            )
        if before.store_differences:
            try:
                loaded = await self.load_event_seats.execute(event_id, always=True)
            except InconsistentSnapshotError as error:
                refusal = str(error)
        if loaded is None and not hurried_count:
            return Repair(before, before, refusal=refusal)
        after = await self.verify.execute(event_id, quiet_seconds_max=quiet_seconds_max)
        return Repair(before, after, loaded, refusal, hurried_count)
