"""How far consumers are behind, seen from outside: also when none of them runs."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Gauge

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.message_bus import MessageBus
from onsale.platform.observability.perishable_figures import PerishableFigures

LOOK_SECONDS = 10.0


class Consumption(NamedTuple):
    """A topic, and the group that consumes it."""

    topic: str
    group: str


class LagWatch:
    """Asks the broker now and then. A look that fails leaves the figures as they were until they
    perish, and the time of the last good one tells how old they are. Every process that looks sees
    the same.
    """

    def __init__(
        self,
        bus: MessageBus,
        watched: Sequence[Consumption],
        dead_letters: Consumption,
        registry: CollectorRegistry,
        on_error: Callable[[Exception], None],
    ) -> None:
        self._bus = bus
        self._watched = watched
        self._dead_letters = dead_letters
        self._on_error = on_error
        self._figures = PerishableFigures(registry)
        self._lag = Gauge(
            "onsale_consumer_lag_messages",
            "Messages that a group has yet to consume",
            ("topic", "group", "partition"),
            registry=self._figures.registry,
        )
        self._waiting = Gauge(
            "onsale_dead_letters_waiting",
            "Messages set aside and not sent again",
            registry=self._figures.registry,
        )
        self._looked_at = Gauge(
            "onsale_consumer_lag_looked_timestamp_seconds",
            "When the broker last told how far consumers are",
            registry=registry,
        )

    async def look(self) -> None:
        """Look once.

        Raises:
            UnavailableError: the broker does not tell.
        """
        for topic, group in self._watched:
            for partition, count in (await self._bus.lag(topic, group)).items():
                self._lag.labels(topic, group, str(partition)).set(count)
        self._waiting.set(await self._bus.backlog(*self._dead_letters))
        self._looked_at.set(time.time())
        self._figures.renew()

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except UnavailableError as error:
                self._on_error(error)
            await asyncio.sleep(LOOK_SECONDS)
