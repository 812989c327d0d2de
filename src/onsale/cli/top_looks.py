"""What ``onsale top`` reads: the counts of events, and the metrics of every process."""

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import msgspec

from onsale.cli.exposed_metrics import Samples, parse
from onsale.cli.options import DATA_DEFAULT
from onsale.cli.session_file import token_of
from onsale.cli.top_events import EventLook, EventWatch
from onsale.client import AsyncOnsaleClient, ClientOptions, OnsaleError
from onsale.client.core import is_passing

AWAY_SECONDS_MAX = 60.0
# A look is not waited for: the next one is due.
_ONE_ATTEMPT = ClientOptions(attempts_max=1, connect_seconds_max=2.0, answer_seconds_max=5.0)
_METRICS_PORT = "ONSALE_METRICS_PORT_"
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


class ProcessLook(msgspec.Struct, frozen=True, kw_only=True):
    """A process, where its metrics are, and whether it told them."""

    name: str
    url: str
    is_up: bool


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one moment. ``None`` is what nobody measures; rates are since the look before.

    ``away_seconds`` is for how long the API has not answered, if it does not: then ``events`` is
    what it told last. Holds (bookings), lag, owed commands, dead letters and drift are those of the
    whole service, whoever told them. ``events_not_shown`` are on sale too and sell less.
    """

    at: datetime
    url: str
    away_seconds: float | None
    accepted_per_second: float | None
    refused_per_second: float | None
    decided_per_second: float | None
    recorded_per_second: float | None
    viewers: float | None
    holds: float | None
    lag_messages: float | None
    owed_commands: float | None
    dead_letters: float | None
    drift_seats: float | None
    drift_events: float | None
    oldest_comparison_seconds: float | None
    events: Sequence[EventLook]
    events_not_shown: Sequence[int]
    processes: Sequence[ProcessLook]


@dataclass(slots=True)
class Lookout:
    """Looks again and again, and remembers the counters of the look before."""

    client: AsyncOnsaleClient
    watch: EventWatch
    processes: Mapping[str, AsyncOnsaleClient]
    _before: Mapping[str, Samples] = field(default_factory=dict)
    _before_at: float = 0.0
    _events_before: Sequence[EventLook] = ()
    _answered_at: float | None = None

    async def look(self) -> Look:
        """How it is now.

        Raises:
            OnsaleError: the API refuses, has not answered once, or not for ``AWAY_SECONDS_MAX``.
        """
        away_seconds = await self._look_at_events()
        told = await asyncio.gather(*map(_samples, self.processes.values()))
        now = time.monotonic()
        samples = {name: found for name, found in zip(self.processes, told, strict=True) if found}
        rates = Rates(samples, self._before, now - self._before_at)
        self._before, self._before_at = samples, now
        everything = list(samples.values())
        return Look(
            at=datetime.now(UTC),
            url=self.client.url,
            away_seconds=away_seconds,
            accepted_per_second=rates.of("onsale_http_requests_total", **_BOOKED, status="202"),
            refused_per_second=rates.of("onsale_http_requests_total", **_BOOKED, but_status="202"),
            decided_per_second=rates.of("onsale_worker_messages_total", begins="seat-reservation"),
            recorded_per_second=rates.of("onsale_worker_messages_total", begins="ticketing"),
            viewers=_sum(everything, "onsale_sse_viewers"),
            holds=agreed(everything, "onsale_holds"),
            lag_messages=agreed(everything, "onsale_consumer_lag_messages"),
            owed_commands=agreed(everything, "onsale_owed_commands"),
            dead_letters=agreed(everything, "onsale_dead_letters_waiting"),
            drift_seats=agreed(everything, "onsale_drift_seats"),
            drift_events=agreed(everything, "onsale_drift_events"),
            oldest_comparison_seconds=agreed(everything, "onsale_drift_oldest_check_seconds"),
            events=self._events_before,
            events_not_shown=self.watch.others,
            processes=[
                ProcessLook(name=name, url=client.url, is_up=name in samples)
                for name, client in self.processes.items()
            ],
        )

    async def _look_at_events(self) -> float | None:
        """Ask the API; for how long it has not answered if it does not, as when it is restarted."""
        try:
            self._events_before = await self.watch.look()
        except OnsaleError as error:
            if self._answered_at is None or not is_passing(error):
                raise
            away_seconds = time.monotonic() - self._answered_at
            if away_seconds > AWAY_SECONDS_MAX:
                raise
            return away_seconds
        self._answered_at = time.monotonic()
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        async with AsyncExitStack() as closing:
            for each in (self.client, *self.processes.values()):
                closing.push_async_callback(each.close)


_BOOKED = {"method": "POST", "route": "/api/booking"}


def lookout(
    url: str, data: Path | None, event_ids: Sequence[int], metrics: Sequence[str]
) -> Lookout:
    """Looks at these events of the service at ``url``, and at its workers where they are known.

    Raises:
        ValueError: one of the addresses is none.
    """
    addresses = {"api": url} | (
        {f"worker {number}": each for number, each in enumerate(metrics, 1)}
        if metrics
        else _workers_of(data or DATA_DEFAULT, url)
    )
    client = AsyncOnsaleClient(url, token=token_of(url), options=_ONE_ATTEMPT)
    return Lookout(
        client,
        EventWatch(client, event_ids),
        {
            name: AsyncOnsaleClient(
                address.removesuffix("/metrics").rstrip("/"), options=_ONE_ATTEMPT
            )
            for name, address in addresses.items()
        },
    )


def _workers_of(data: Path, url: str) -> dict[str, str]:
    """Where the workers of a data directory serve their metrics, if its API is the one asked."""
    try:
        environment = json.loads((data / "environment.json").read_text())
        asked = urlsplit(url)
        if asked.port != int(environment["ONSALE_PORT"]):
            return {}
        # Another machine's API has workers of its own, though its port may be the same.
        if asked.hostname not in {*_THIS_MACHINE, environment["ONSALE_HOST"]}:
            return {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {
        name.removeprefix(_METRICS_PORT).lower().replace("_", "-"): f"http://127.0.0.1:{port}"
        for name, port in sorted(environment.items())
        if name.startswith(_METRICS_PORT)
    }


async def _samples(process: AsyncOnsaleClient) -> Samples | None:
    """What a process tells; ``None`` if it does not."""
    try:
        return parse(await process.metrics())
    except (OnsaleError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Rates:
    """How fast counters grew, over the processes that were there both times."""

    samples: Mapping[str, Samples]
    before: Mapping[str, Samples]
    seconds: float

    def of(
        self, metric: str, *, begins: str = "", but_status: str | None = None, **labels: str
    ) -> float | None:
        """A second, of the processes whose name begins so and the samples with these labels."""
        names = [name for name in self.samples if name in self.before and name.startswith(begins)]
        if not any(metric in self.samples[name] for name in names):
            return None
        grown = sum(
            # A process that was started anew counts from nothing.
            max(0.0, value - self.before[name].get(metric, {}).get(sample, 0.0))
            for name in names
            for sample, value in self.samples[name].get(metric, {}).items()
            if labels.items() <= dict(sample).items()
            and (but_status is None or dict(sample).get("status") != but_status)
        )
        return grown / self.seconds


def agreed(told: Sequence[Samples], metric: str) -> float | None:
    """A gauge of what all processes share: of each sample the highest that any tells."""
    highest: dict[tuple[tuple[str, str], ...], float] = {}
    for samples in told:
        for labels, value in samples.get(metric, {}).items():
            highest[labels] = max(value, highest.get(labels, value))
    return sum(highest.values()) if highest else None


def _sum(told: Sequence[Samples], metric: str) -> float | None:
    """A gauge of which each process has its own."""
    values = [value for samples in told for value in samples.get(metric, {}).values()]
    return sum(values) if values else None
