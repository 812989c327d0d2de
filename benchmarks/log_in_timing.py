"""Does the time of a refused log-in tell whether an address has an account?

    python benchmarks/log_in_timing.py http://127.0.0.1:8000

Asks in turns, so that whatever slows the machine slows all alike, and prints the median of each
kind and its ratio to that of a known address. Start the service with ``ONSALE_RATE_LIMITS=off``;
of one address fewer are asked than lock it.
"""

import argparse
import asyncio
import statistics
import time
import uuid

import httpx

PASSWORD = "correct horse"
# Fewer than the failures that make the service refuse to listen to one address.
COUNT_MAX = 45


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Median times of refused log-ins.")
    parser.add_argument("url", help="of a running service")
    parser.add_argument("--count", type=int, default=40, help=f"of each kind, at most {COUNT_MAX}")
    options = parser.parse_args()
    count = min(options.count, COUNT_MAX)
    async with httpx.AsyncClient(base_url=options.url, timeout=30) as client:
        known = f"{uuid.uuid4().hex}@benchmark.example"
        account = {"email": known, "password": PASSWORD, "name": "Somebody", "role": "buyer"}
        (await client.post("/api/user", json=account)).raise_for_status()
        seconds = await _measure(client, known, count)
    median_of = {kind: statistics.median(taken) for kind, taken in seconds.items()}
    base = median_of["known address"]
    print(f"{'refused log-in':24}{'median ms':>12}{'ratio':>8}   ({count} of each)")
    for kind, median in median_of.items():
        print(f"{kind:24}{median * 1_000:12.2f}{median / base:8.3f}")


async def _measure(client: httpx.AsyncClient, known: str, count: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {}
    for _ in range(count):
        unknown = f"{uuid.uuid4().hex}@benchmark.example"
        for kind, email, password in (
            ("known address", known, "wrong horse"),
            ("unknown address", unknown, PASSWORD),
            ("unknown, long password", unknown, "x" * 1_000),
        ):
            began_at = time.perf_counter()
            answer = await client.post(
                "/api/user/login", json={"email": email, "password": password}
            )
            seconds.setdefault(kind, []).append(time.perf_counter() - began_at)
            assert answer.status_code == httpx.codes.UNAUTHORIZED, answer.text
    return seconds


if __name__ == "__main__":
    asyncio.run(main())
