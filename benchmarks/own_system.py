"""Measurements that start a system of their own and book all the while."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable

from tests.support.onsale_up import OnsaleUp, data_directory


def measure_own_system(
    what: str,
    run: Callable[[OnsaleUp, int, float, int], Awaitable[None]],
    *,
    rate: float,
    rounds: int,
) -> None:
    """Read the command line, and have ``run`` measure a fresh system with these numbers of holds,
    bookings a second meanwhile, and rounds; ``what`` it does is the command's help. The system is
    gone afterwards.
    """
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--holds", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=rate, help="bookings a second meanwhile")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--bus", choices=("redis", "kafka"), default="redis")
    parser.add_argument("--rounds", type=int, default=rounds)
    chosen = parser.parse_args()

    async def measured() -> None:
        await run(system, chosen.holds, chosen.rate, chosen.rounds)

    with data_directory() as data:
        system = OnsaleUp(data, chosen.bus, workers=chosen.workers)
        system.environment = {"ONSALE_LOG_LEVEL": "info", "ONSALE_RATE_LIMITS": "off"}
        try:
            system.start()
            asyncio.run(measured())
            system.stop()
        finally:
            system.kill()
