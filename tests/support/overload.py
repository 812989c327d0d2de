"""A crowd in front of a system, one part of which stands still for a while in the middle."""

import asyncio
import itertools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx

from tests.support.booking_load import all_settled
from tests.support.onsale_up import OnsaleUp
from tests.support.open_loop import Call, OpenLoop
from tests.support.stall import Memory, memory_of, stalled
from tests.support.visitors import Buyer, Seller, connections, join_buyers, regular_hall

BUYER_COUNT = 8
SUBSECTION_COUNT = 40
SETTLE_SECONDS_MAX = 120.0
_BOOK, _EVENT, _MAP, _BOOKING = "book", "read event", "read seat map", "read booking"
# Half of the crowd books, the other half looks.
_MIX = (_BOOK, _EVENT, _BOOK, _BOOKING, _BOOK, _MAP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The process ``stalled`` stands still from ``stall_from`` for ``stall_seconds``."""

    rate: float
    seconds: float
    stalled: str
    stall_from: float
    stall_seconds: float


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of it. ``recovery_seconds``: from its going on to the last refusal, or to the first
    booking that is accepted, whichever is later.
    """

    plan: Plan
    load: OpenLoop
    memory: Memory
    recovery_seconds: float
    accepted: Sequence[str]
    verification: str

    def late_count(self, seconds_max: float) -> int:
        """How many waited for longer than this for whatever answer, or got none."""
        return sum(each.status == 0 or each.seconds > seconds_max for each in self.load.outcomes)


async def overload(system: OnsaleUp, plan: Plan) -> Trial:
    """Offer the load, stall, go on, wait until all has settled, and check it.

    Raises:
        AssertionError: an accepted booking is gone, or the stores contradict each other.
    """
    async with connections(system.base_url) as http:
        seller, buyers = await Seller.join(http), await join_buyers(http, BUYER_COUNT)
        hall = regular_hall(rows=25, cols=40, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        known = (await buyers[0].hold(event_id, quantity=1))["id"]
        pid = system.pid("api")
        assert pid is not None
        load = OpenLoop(system.port, plan.rate, _crowd(buyers, event_id, known))
        # What a process takes once, for its first requests, is not what it grows by.
        await OpenLoop(system.port, plan.rate / 4, _crowd(buyers, event_id, known)).run(2.0)
        async with memory_of(pid) as memory:
            resumed_at, _ = await asyncio.gather(_stall(system, plan, load), load.run(plan.seconds))
        assert system.pid("api") == pid, "the API was started again"
        accepted = [json.loads(each.body)["id"] for each in load.answers(httpx.codes.ACCEPTED)]
        await _all_are_there(buyers, accepted)
        verification = system.verify(event_id)
    recovery_seconds = _recovered_at(load, resumed_at) - resumed_at
    return Trial(plan, load, memory, recovery_seconds, accepted, verification)


def _crowd(buyers: Sequence[Buyer], event_id: int, known_booking: str) -> Callable[[], Call]:
    numbers = itertools.count()

    def next_call() -> Call:
        number = next(numbers)
        buyer = buyers[number % len(buyers)]
        subsection = number % SUBSECTION_COUNT + 1
        match _MIX[number % len(_MIX)]:
            case "book":
                order = buyer.order(event_id, quantity=1, subsection=subsection)
                return Call(_BOOK, "POST", "/api/booking", buyer.token, order)
            case "read event":
                return Call(_EVENT, "GET", f"/api/event/{event_id}")
            case "read seat map":
                path = f"/api/event/{event_id}/sections/A/subsection/{subsection}/seats"
                return Call(_MAP, "GET", path)
            case _:
                return Call(_BOOKING, "GET", f"/api/booking/{known_booking}", buyers[0].token)

    return next_call


async def _stall(system: OnsaleUp, plan: Plan, load: OpenLoop) -> float:
    await asyncio.sleep(plan.stall_from)
    with stalled(system, plan.stalled):
        await asyncio.sleep(plan.stall_seconds)
    return load.elapsed()


def _recovered_at(load: OpenLoop, resumed_at: float) -> float:
    """Both ends of what a client sees of the stall."""
    later = [each for each in load.outcomes if each.sent_at >= resumed_at]
    refused = [each.sent_at for each in later if each.status == httpx.codes.SERVICE_UNAVAILABLE]
    accepted = [
        each.sent_at + each.seconds for each in later if each.status == httpx.codes.ACCEPTED
    ]
    assert accepted, "nothing was accepted any more"
    return max(min(accepted), max(refused, default=resumed_at))


async def _all_are_there(buyers: Sequence[Buyer], accepted: Sequence[str]) -> None:
    found: set[str] = set()
    for buyer in buyers:
        bookings = await all_settled(buyer, (), seconds_max=SETTLE_SECONDS_MAX)
        found.update(booking["id"] for booking in bookings)
    missing = set(accepted) - found
    assert not missing, f"accepted, and then gone: {len(missing)}"
