"""The ticketing worker's clockwork: holds, owed commands, loads, cancelled events, payments,
statuses, drift.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.service.ticketing.app.command.end_cancelled_events_use_case import (
    EndCancelledEventsUseCase,
)
from onsale.service.ticketing.app.command.find_stray_payments_use_case import (
    FindStrayPaymentsUseCase,
)
from onsale.service.ticketing.app.command.load_owing_events_use_case import (
    LoadOwingEventsUseCase,
)
from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.command.refund_payments_use_case import (
    BATCH_COUNT_MAX as REFUND_BATCH_COUNT_MAX,
)
from onsale.service.ticketing.app.command.refund_payments_use_case import (
    RefundPaymentsUseCase,
)
from onsale.service.ticketing.app.command.release_expired_holds_use_case import (
    ReleaseExpiredHoldsUseCase,
)
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    BATCH_COUNT_MAX as RESEND_BATCH_COUNT_MAX,
)
from onsale.service.ticketing.app.command.resend_owed_commands_use_case import (
    ResendOwedCommandsUseCase,
)
from onsale.service.ticketing.app.command.restore_lost_events_use_case import (
    RestoreLostEventsUseCase,
)
from onsale.service.ticketing.app.command.settle_payments_use_case import SettlePaymentsUseCase
from onsale.service.ticketing.app.command.watch_seat_drift_use_case import WatchSeatDriftUseCase
from onsale.service.ticketing.app.interface.i_event_upkeep import IEventUpkeep
from onsale.service.ticketing.driving_adapter.background.repeating import repeat

EXPIRY_SECONDS = 0.2
RESEND_SECONDS = 0.5
LOAD_SECONDS = 0.1
CANCELLATION_SECONDS = 0.5
STATUS_SECONDS = 0.5
PAYMENT_SECONDS = 5.0
REFUND_SECONDS = 2.0
STRAY_PAYMENT_SECONDS = 15.0
TIDY_SECONDS = 60.0
LOST_SECONDS = 1.0
DRIFT_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class UpkeepJobs:
    """Every job runs by itself: a fault of one is logged, waited out and does not stop another.

    ``on_run`` hears of each run of a job: its name, and one of ``OUTCOMES``.
    """

    upkeep: IEventUpkeep
    release_expired_holds: ReleaseExpiredHoldsUseCase
    resend_owed_commands: ResendOwedCommandsUseCase
    load_owing_events: LoadOwingEventsUseCase
    end_cancelled_events: EndCancelledEventsUseCase
    settle_payments: SettlePaymentsUseCase
    refund_payments: RefundPaymentsUseCase
    find_stray_payments: FindStrayPaymentsUseCase
    refresh_event_status: RefreshEventStatusUseCase
    restore_lost_events: RestoreLostEventsUseCase
    watch_seat_drift: WatchSeatDriftUseCase
    on_run: Callable[[str, str], None] = lambda _job, _outcome: None

    async def run(self, stop: asyncio.Event) -> None:
        """Run all jobs until ``stop`` is set; a job in hand is finished."""
        jobs: list[tuple[str, float, Callable[[], Awaitable[bool]]]] = [
            ("release_expired_holds", EXPIRY_SECONDS, self._expire),
            ("resend_owed_commands", RESEND_SECONDS, self._resend),
            ("load_owing_events", LOAD_SECONDS, self._load),
            (
                "end_cancelled_events",
                CANCELLATION_SECONDS,
                self.end_cancelled_events.execute,
            ),
            ("refresh_event_status", STATUS_SECONDS, self._refresh_status),
            ("settle_payments", PAYMENT_SECONDS, self._settle_payments),
            ("refund_payments", REFUND_SECONDS, self._refund_payments),
            ("find_stray_payments", STRAY_PAYMENT_SECONDS, self.find_stray_payments.execute),
            ("tidy", TIDY_SECONDS, self._tidy),
            ("restore_lost_events", LOST_SECONDS, self.restore_lost_events.execute),
            ("watch_seat_drift", DRIFT_SECONDS, self._watch_drift),
        ]
        # One for all of them: what is away keeps most jobs from their work.
        postponed = OccasionalLog()
        async with asyncio.TaskGroup() as tasks:
            for name, interval_seconds, job in jobs:
                tasks.create_task(
                    repeat(name, interval_seconds, job, stop, postponed, on_run=self.on_run)
                )

    async def _expire(self) -> bool:
        # A batch takes of each event its share, so one that is not full may have left some behind.
        return await self.release_expired_holds.execute() > 0

    async def _resend(self) -> bool:
        return await self.resend_owed_commands.execute() >= RESEND_BATCH_COUNT_MAX

    async def _load(self) -> bool:
        return await self.load_owing_events.execute()

    async def _refresh_status(self) -> bool:
        await self.refresh_event_status.execute()
        return False

    async def _settle_payments(self) -> bool:
        await self.settle_payments.execute()
        return False

    async def _refund_payments(self) -> bool:
        return await self.refund_payments.execute() == REFUND_BATCH_COUNT_MAX

    async def _watch_drift(self) -> bool:
        await self.watch_seat_drift.execute()
        return False

    async def _tidy(self) -> bool:
        await self.upkeep.tidy()
        return False
