"""A seat store for property tests, which call it many times in one test and do not await."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot
from onsale.service.shared_kernel.seating import SeatCounts, SubsectionLayout
from tests.builders.hall import SeatStore
from tests.builders.seats import EVENT


class SynchronousSeatStore:
    """One event's seats."""

    def __init__(self, runner: asyncio.Runner, store: SeatStore) -> None:
        self._runner = runner
        self._store = store

    def apply(self, commands: Sequence[SeatCommand], now: datetime) -> list[SeatResult]:
        return self._runner.run(self._store.apply(commands, now=now))

    def install(self, epoch: int, *subsections: SubsectionSnapshot) -> None:
        self._runner.run(self._store.install(EVENT, epoch, subsections))

    def states(self, layout: SubsectionLayout) -> bytes:
        (found,) = self._runner.run(self._store.states(EVENT, [layout]))
        assert found is not None
        return found.states

    def counts(self) -> dict[tuple[str, int], SeatCounts]:
        return self._runner.run(self._store.counts(EVENT))

    def holds(self, layout: SubsectionLayout, *days: str) -> dict[UUID, tuple[str, ...]]:
        return self._runner.run(self._store.holds(EVENT, layout.section, layout.subsection, days))


@contextmanager
def synchronous(store: SeatStore) -> Iterator[SynchronousSeatStore]:
    with asyncio.Runner() as runner:
        yield SynchronousSeatStore(runner, store)


@contextmanager
def synchronous_redis(url: str) -> Iterator[SynchronousSeatStore]:
    with asyncio.Runner() as runner:
        client = create_client(url)
        try:
            yield SynchronousSeatStore(runner, RedisSeatStore(client))
        finally:
            runner.run(client.aclose())
