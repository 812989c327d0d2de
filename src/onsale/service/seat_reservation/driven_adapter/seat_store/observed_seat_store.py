"""The seat store with every call told of, for metrics and traces."""

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from redis.asyncio import Redis
from typing_extensions import override

from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout

CALLS = ("apply", "install", "counts", "any_available", "absent", "states", "check")
Around = Callable[[str], AbstractContextManager[None]]
"""What is entered around a call, by the call's name."""


class ObservedSeatStore(RedisSeatStore):
    """See ``RedisSeatStore``."""

    def __init__(self, client: Redis, around: Around) -> None:
        super().__init__(client)
        self._around = around

    @override
    async def apply(self, commands: Sequence[SeatCommand], *, now: datetime) -> list[SeatResult]:
        with self._around("apply"):
            return await super().apply(commands, now=now)

    @override
    async def install(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        with self._around("install"):
            await super().install(event_id, epoch, subsections)

    @override
    async def counts(self, event_id: int) -> dict[tuple[str, int], SeatCounts]:
        with self._around("counts"):
            return await super().counts(event_id)

    @override
    async def any_available(self, event_ids: Collection[int]) -> dict[int, bool]:
        with self._around("any_available"):
            return await super().any_available(event_ids)

    @override
    async def absent(self, event_ids: Sequence[int]) -> set[int]:
        with self._around("absent"):
            return await super().absent(event_ids)

    @override
    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> list[SubsectionStates | None]:
        with self._around("states"):
            return await super().states(event_id, subsections)

    @override
    async def check(self) -> None:
        with self._around("check"):
            await super().check()
