"""Bookings by a client in this very process, for measurements that also do something else."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from benchmarks.http_load import HttpLoad
from benchmarks.load_process import LoadPlan, requests_of
from benchmarks.results import percentile
from tests.support.visitors import Buyer

CONNECTION_COUNT = 32


@dataclass(slots=True)
class BookingStream:
    """Books the best seats of these subsections of section A, in turn, for these sessions."""

    base_url: str
    tokens: Sequence[str]
    event_id: int
    subsections: Sequence[int]
    quantity: int = 2
    _load: HttpLoad = field(init=False)

    def __post_init__(self) -> None:
        address = urlsplit(self.base_url)
        orders = [
            Buyer.order(self.event_id, quantity=self.quantity, subsection=subsection)
            for subsection in self.subsections
        ]
        plan = LoadPlan(
            port=address.port or 80,
            count=sys.maxsize,
            tokens=list(self.tokens),
            bodies=[json.dumps(order) for order in orders],
        )
        self._load = HttpLoad(address.hostname or "", plan.port, requests_of(plan))

    @property
    def statuses(self) -> Counter[int]:
        """How many answers had which status."""
        return self._load.statuses

    @property
    def latencies_seconds(self) -> Sequence[float]:
        """From the moment at which each request was due to its answer."""
        return self._load.seconds

    @property
    def late_seconds_max(self) -> float:
        """By how much this client itself was late in sending."""
        return self._load.late_seconds_max

    @asynccontextmanager
    async def connected(self) -> AsyncIterator["BookingStream"]:
        """Connections are open within the block."""
        async with self._load.connected(CONNECTION_COUNT):
            yield self

    async def book(self, count: int) -> None:
        """So many bookings, as fast as the connections take them."""
        await self._load.saturate(count, in_flight=CONNECTION_COUNT)

    async def book_steadily(self, per_second: float, stop: asyncio.Event) -> None:
        """Send one every so often until told to stop; a request waits for no other's answer."""
        await self._load.offer(per_second, sys.maxsize, stop)


def percentiles(values: Sequence[float]) -> str:
    """The median, the 99th percentile and the largest, in milliseconds."""
    if not values:
        return "none"
    median, high = (round(1000 * percentile(values, share)) for share in (0.5, 0.99))
    return f"{median} ms median, {high} ms p99, {round(1000 * max(values))} ms worst"
