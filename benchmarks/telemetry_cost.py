"""What metrics and traces cost a sell-out: `make telemetry-cost`.

The same hall is sold out in systems that differ in nothing else: without meters, with meters that
somebody scrapes, and besides with traces as `onsale up` has them, and of every booking. They
take turns, each time in a fresh system and beginning with another, so that a machine that slows
down slows all of them. What counts are the ratios to the first within a round.

    python -m benchmarks.telemetry_cost [--bookings 50000] [--rounds 3] [--bus kafka]
"""

import argparse
import asyncio
import json
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from benchmarks.stage import Sale, Stage, staged
from benchmarks.unmetered import COMMAND
from tests.support.onsale_up import ONSALE, Bus

SUBSECTION_COUNT = 100
WARM_UP_SHARE = 0.2
SCRAPE_SECONDS = 5.0
"""Twice as often as the configuration of Prometheus in deploy/ does."""
OFF = "off"
_CONTENT_LENGTH = re.compile(rb"^content-length: *(\d+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mode:
    """How much a system tells of itself."""

    name: str
    trace_ratio: float = 0.0

    def settings(self, endpoint: str) -> dict[str, str]:
        """What its processes are told, with the address of a collector."""
        if self.trace_ratio == 0:
            return {}
        return {
            "ONSALE_TRACE_RATIO": str(self.trace_ratio),
            "ONSALE_TRACE_ENDPOINT": endpoint,
        }


MODES = (
    Mode(OFF),
    Mode("metrics"),
    Mode("metrics, traces of 0.01 and 5 a second", 0.01),
    Mode("metrics, traces of all", 1.0),
)


def main() -> int:
    """Run as the options say."""
    parser = argparse.ArgumentParser(description="Measure what telemetry costs.")
    parser.add_argument("--bus", choices=("redis", "kafka"), default="kafka")
    parser.add_argument("--bookings", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    asyncio.run(_measure(options.bus, options.bookings, options.rounds))
    return 0


async def _measure(bus: Bus, bookings: int, rounds: int) -> None:
    sales: defaultdict[str, list[Sale]] = defaultdict(list)
    async with _collector() as endpoint:
        for number in range(rounds):
            first = number % len(MODES)
            for mode in (*MODES[first:], *MODES[:first]):
                sale = await _sell(bus, mode, endpoint, bookings)
                sales[mode.name].append(sale)
                print(
                    f"round {number + 1}, {mode.name}: {sale.final_per_second:,.0f} /s,"
                    f" {sale.system_us:.0f} us of processor time a booking",
                    flush=True,
                )
    _tell(sales)


async def _sell(bus: Bus, mode: Mode, endpoint: str, bookings: int) -> Sale:
    command = COMMAND if mode.name == OFF else (str(ONSALE),)
    async with staged(
        bus, lambda _: None, settings=mode.settings(endpoint), command=command
    ) as stage:
        await _sell_out(stage, int(bookings * WARM_UP_SHARE))
        if mode.name == OFF:
            return await _sell_out(stage, bookings)
        async with _scraped(stage):
            return await _sell_out(stage, bookings)


async def _sell_out(stage: Stage, count: int) -> Sale:
    event_id = await stage.open_hall(count, SUBSECTION_COUNT)
    plan = stage.plan([event_id], SUBSECTION_COUNT, count)
    sale = await stage.sell(plan, [event_id], "sell-out")
    await stage.require_held([event_id], count)
    return sale


@asynccontextmanager
async def _scraped(stage: Stage) -> AsyncIterator[None]:
    """Every process is asked for its metrics now and then within the block."""
    groups = json.loads((stage.system.data / "metrics-targets.json").read_text())
    targets = [target for group in groups for target in group["targets"]]

    async def scrape() -> None:
        while True:
            for target in targets:
                answer = await stage.http.get(f"http://{target}/metrics")
                assert "onsale_build_info" in answer.text
            await asyncio.sleep(SCRAPE_SECONDS)

    scraping = asyncio.create_task(scrape())
    try:
        yield
    finally:
        scraping.cancel()
        with suppress(asyncio.CancelledError):
            await scraping


@asynccontextmanager
async def _collector() -> AsyncIterator[str]:
    """The address of something that takes spans and forgets them."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _CONTENT_LENGTH.search(head)
                assert length is not None, head
                await reader.readexactly(int(length[1]))
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/traces"


def _tell(sales: Mapping[str, list[Sale]]) -> None:
    """The ratios of each round to the same round without meters, and the one in the middle."""
    print(f"\n{'':<26}{'bookings/s':>12}{'of those without':>18}{'processor time':>18}")
    for mode in MODES:
        pairs = list(zip(sales[mode.name], sales[OFF], strict=True))
        rate = statistics.median(sale.final_per_second for sale, _ in pairs)
        kept = statistics.median(
            sale.final_per_second / off.final_per_second for sale, off in pairs
        )
        spent = statistics.median(sale.system_us / off.system_us for sale, off in pairs)
        print(f"{mode.name:<26}{rate:>12,.0f}{kept:>17.2f}x{spent:>17.2f}x")


if __name__ == "__main__":
    sys.exit(main())
