"""How soon pages are to be seen, what they weigh, and whether a map answers while its seats change.

A real system and a browser without a screen are started. Each view is the first of somebody with an
empty cache, and is over once everything on the page has been painted. Then somebody moves about on
a map of 500 seats while others take seats there and give them up.

    python -m benchmarks.page_speed [--views 5] [--seconds 10] [--changes 1000] [--slower 1 4]
"""

import argparse
import asyncio
import contextlib
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from playwright.async_api import Browser, BrowserContext, Page

from benchmarks.results import percentile
from tests.support.browser import running_browser
from tests.support.onsale_up import OnsaleUp, data_directory
from tests.support.visitors import Buyer, Seller, connections, regular_hall

SEATS_PER_BOOKING = 10
CHANGES_PER_BOOKING = 2 * SEATS_PER_BOOKING
BUYER_COUNT = 20
HELD_SECONDS = 0.3
PEOPLE_COUNT_MAX = 60
"""Who would be one more stays away: a system that is behind is not to be buried."""
CANCEL_ATTEMPTS_MAX = 20
KEYS_PER_SECOND = 5
WARM_UP_SECONDS = 1.0
IN_SIGHT = 500
"""Of a large map no more than that need be drawn for a window to be full."""
_KEYS = ("ArrowRight", "ArrowDown", "ArrowLeft", "ArrowUp")

# When so many elements were painted, and which tasks held the page up until then or later.
_WATCH = """
window.bench = { long: [], keys: [] };
new PerformanceObserver((list) => bench.long.push(...list.getEntries().map((one) => one.duration)))
  .observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => bench.keys.push(
  ...list.getEntries().filter((one) => one.name === "keydown").map((one) => one.duration)
)).observe({ type: "event", durationThreshold: 16, buffered: true });
window.painted = (selector, count) => new Promise((resolve) => {
  const look = () => {
    if (document.querySelectorAll(selector).length < count) requestAnimationFrame(look);
    else requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
  };
  look();
});
"""
_MEASURE = """
async ([selector, count]) => {
  const seen = await painted(selector, count);
  const loads = ["navigation", "resource"].flatMap((type) => performance.getEntriesByType(type));
  const sum = (of) => loads.filter(of).reduce((total, one) => total + one.transferSize, 0);
  const isAnswer = (one) => new URL(one.name).pathname.startsWith("/api/");
  return {
    first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? seen,
    seen,
    files: sum((one) => !isAnswer(one)),
    answers: sum(isAnswer),
    requests: loads.length,
    longest: Math.max(0, ...bench.long),
  };
}
"""


class View(NamedTuple):
    """A page, and the elements that have to be painted."""

    name: str
    path: str
    selector: str
    elements: int


@dataclass(slots=True)
class Bench:
    """The system and the browser under measurement."""

    system: OnsaleUp
    browser: Browser
    slower: float

    async def context(self) -> BrowserContext:
        """Somebody's own browser, with an empty cache."""
        context = await self.browser.new_context(
            base_url=self.system.base_url, viewport={"width": 1280, "height": 860}
        )
        await context.add_init_script(_WATCH)
        return context

    async def page(self, context: BrowserContext) -> Page:
        """A window, on a processor that is so much slower."""
        page = await context.new_page()
        tools = await context.new_cdp_session(page)
        await tools.send("Emulation.setCPUThrottlingRate", {"rate": self.slower})
        return page

    async def view(self, view: View, times: int) -> None:
        """Look at a page for the first and for the second time, so often, and print both."""
        firsts: list[dict[str, float]] = []
        seconds: list[dict[str, float]] = []
        for _ in range(times):
            context = await self.context()
            for found in (firsts, seconds):
                page = await self.page(context)
                await page.goto(view.path)
                found.append(await page.evaluate(_MEASURE, [view.selector, view.elements]))
                await page.close()
            await context.close()

        def median(of: str, measured: Sequence[dict[str, float]] = firsts) -> float:
            return statistics.median(each[of] for each in measured)

        print(
            f"{view.name}: first paint after {median('first'):.0f} ms,"
            f" everything after {median('seen'):.0f} ms"
            f" (the second time {median('seen', seconds):.0f} ms),"
            f" longest task {told(median('longest'))};"
            f" {median('files') / 1000:.1f} kB of files, {median('answers') / 1000:.1f} kB of"
            f" answers, {median('requests'):.0f} requests",
            flush=True,
        )

    async def stay(self, view: View, event_id: int, tokens: Sequence[str], plan: "Plan") -> None:
        """Move about on a map while its seats change, and print how it answered."""
        context = await self.context()
        page = await self.page(context)
        reads: list[str] = []
        page.on(
            "requestfinished",
            lambda one: reads.append(one.url) if one.url.endswith("/seats") else None,
        )
        await page.goto(view.path)
        await page.evaluate(_MEASURE, [view.selector, view.elements])
        async with connections(self.system.base_url) as http:
            rush = Rush(event_id, [Buyer(http, token) for token in tokens])
            changing = asyncio.create_task(rush.go_on(plan.changes / CHANGES_PER_BOOKING))
            await asyncio.sleep(WARM_UP_SECONDS)
            await page.evaluate("() => { bench.long = []; bench.keys = []; }")
            await page.locator('.seat[tabindex="0"]').focus()
            before, read_before = rush.changes, len(reads)
            loop = asyncio.get_running_loop()
            began = loop.time()
            for number in range(int(plan.seconds * KEYS_PER_SECOND)):
                await page.keyboard.press(_KEYS[number % len(_KEYS)])
                await asyncio.sleep(max(0.0, began + (number + 1) / KEYS_PER_SECOND - loop.time()))
            elapsed = loop.time() - began
            changed, read = rush.changes - before, len(reads) - read_before
            found: dict[str, Any] = await page.evaluate("() => bench")
            changing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await changing
            await rush.end()
        await context.close()
        keys = [max(16.0, each) for each in found["keys"]]
        answered = (
            f"{percentile(keys, 0.5):.0f} ms median, {max(keys):.0f} ms worst of the {len(keys)}"
            " that took 16 ms or more"
            if keys
            else "all within 16 ms"
        )
        print(
            f"{view.name}, {changed / elapsed:,.0f} seats a second change, for {elapsed:.0f} s:"
            f" longest task {told(max(found['long'], default=0.0))}, {len(found['long'])} of 50 ms"
            f" or more; map read {read / elapsed:.1f} times a second;"
            f" {int(plan.seconds * KEYS_PER_SECOND)} keys answered: {answered}",
            flush=True,
        )


class Plan(NamedTuple):
    """How long, and how many seats a second."""

    seconds: float
    changes: float


class Rush:
    """People who take ten seats and give them up a moment later, again and again."""

    def __init__(self, event_id: int, buyers: Sequence[Buyer]) -> None:
        self._event_id = event_id
        self._buyers = buyers
        self._people: set[asyncio.Task[None]] = set()
        self.changes = 0

    async def go_on(self, per_second: float) -> None:
        """One comes every so often, until cancelled."""
        loop = asyncio.get_running_loop()
        began, number = loop.time(), 0
        while True:
            if len(self._people) < PEOPLE_COUNT_MAX:
                buyer = self._buyers[number % len(self._buyers)]
                person = asyncio.create_task(self._come_and_go(buyer))
                self._people.add(person)
                person.add_done_callback(self._people.discard)
            number += 1
            # Turns that are over are not made up for.
            number = max(number, int((loop.time() - began) * per_second))
            await asyncio.sleep(began + number / per_second - loop.time())

    async def end(self) -> None:
        """Wait until all have gone."""
        await asyncio.gather(*self._people)

    async def _come_and_go(self, buyer: Buyer) -> None:
        order = buyer.order(self._event_id, quantity=SEATS_PER_BOOKING)
        answer = await buyer.send("POST", "/api/booking", json=order)
        if answer.is_error:
            return
        for _ in range(CANCEL_ATTEMPTS_MAX):
            await asyncio.sleep(HELD_SECONDS)
            if (await buyer.cancel(answer.json()["id"])).is_success:
                self.changes += CHANGES_PER_BOOKING
                return


def told(milliseconds: float) -> str:
    """Browsers tell of tasks of 50 ms and more."""
    return f"{milliseconds:.0f} ms" if milliseconds else "below 50 ms"


async def run(system: OnsaleUp, views: int, plan: Plan, slownesses: Sequence[float]) -> None:
    """Measure on a running system and print a line for each thing."""
    async with connections(system.base_url) as http:
        seller = await Seller.join(http)
        tokens = [(await Buyer.join(http)).token for _ in range(BUYER_COUNT)]
        hall = regular_hall(rows=25, cols=20, subsections=100)
        hall_id = await seller.open_event(
            hall, max_tickets_per_booking=SEATS_PER_BOOKING, seconds_max=60
        )
        large_id = await seller.open_event(regular_hall(rows=100, cols=100), seconds_max=60)
    small_map = View("map of 500 seats", f"/events/{hall_id}/A/1", ".seats .seat", 500)
    async with running_browser(whole=True) as browser:
        for slower in slownesses:
            print(f"on a processor {slower:g} times slower" if slower > 1 else "on this processor")
            bench = Bench(system, browser, slower)
            await bench.view(
                View("hall of 50,000 seats", f"/events/{hall_id}", ".part-tile", 100), views
            )
            await bench.view(small_map, views)
            await bench.view(
                View("map of 10,000 seats", f"/events/{large_id}/A/1", ".seats .seat", IN_SIGHT),
                views,
            )
            await bench.stay(small_map, hall_id, tokens, plan)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure the pages in a browser.")
    parser.add_argument("--views", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="on the map")
    parser.add_argument("--changes", type=float, default=1_000.0, help="seats a second")
    parser.add_argument(
        "--slower", type=float, nargs="+", default=[1.0, 4.0], help="also so many times slower"
    )
    chosen = parser.parse_args()
    with data_directory() as data:
        system = OnsaleUp(data)
        system.environment = {"ONSALE_LOG_LEVEL": "info", "ONSALE_RATE_LIMITS": "off"}
        try:
            system.start()
            plan = Plan(chosen.seconds, chosen.changes)
            asyncio.run(run(system, chosen.views, plan, chosen.slower))
            system.stop()
        finally:
            system.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
