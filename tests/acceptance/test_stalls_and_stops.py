"""A part stands still, or a role is told to stop, while people book: nothing is lost."""

import asyncio
import json
import signal
from collections.abc import Iterator, Sequence

import pytest

from tests.support.booking_load import all_settled
from tests.support.crash import come_back
from tests.support.onsale_up import OnsaleUp, run_onsale, running_system
from tests.support.open_loop import Call, End, OpenLoop
from tests.support.overload import Plan, overload
from tests.support.polling import wait_for
from tests.support.stall import stalled
from tests.support.visitors import Buyer, Seller, connections, regular_hall

pytestmark = pytest.mark.slow

# Two seconds are promised; a machine that runs other tests beside may add to them.
ANSWER_SECONDS_MAX = 6.0
MEMORY_GROWTH_MEGABYTES_MAX = 60.0
SUBSECTION_COUNT = 4


@pytest.fixture(scope="module")
def victim() -> Iterator[OnsaleUp]:
    """A system of this module's own: its parts stand still."""
    with running_system("redis", environment={"ONSALE_RATE_LIMITS": "off"}) as system:
        yield system


@pytest.mark.parametrize(
    ("name", "down"), [("postgres", {"postgresql"}), ("redis", {"seat-store", "message-bus"})]
)
async def test_readiness_names_what_stands_still_and_turns_by_itself(
    victim: OnsaleUp, name: str, down: set[str]
) -> None:
    async with connections(victim.base_url) as http:

        async def readiness() -> tuple[int, set[str]]:
            answer = await http.get("/readyz", timeout=ANSWER_SECONDS_MAX)
            return answer.status_code, set(answer.json().get("down", ()))

        with stalled(victim, name):
            await wait_for(readiness, lambda now: now == (503, down))
        await wait_for(readiness, lambda now: now == (200, set()))


async def test_with_the_database_standing_still_a_crowd_is_refused_at_once_and_served_again(
    victim: OnsaleUp,
) -> None:
    plan = Plan(rate=60, seconds=14, stalled="postgres", stall_from=4, stall_seconds=5)

    trial = await overload(victim, plan)

    assert trial.load.tally().keys() <= {"200", "202", "503"}, trial.load.tally()
    assert trial.load.answers(503), "nobody noticed"
    assert trial.late_count(ANSWER_SECONDS_MAX) == 0
    assert trial.memory.growth < MEMORY_GROWTH_MEGABYTES_MAX
    assert trial.recovery_seconds < ANSWER_SECONDS_MAX


async def test_with_the_seat_store_standing_still_bookings_are_accepted(victim: OnsaleUp) -> None:
    plan = Plan(rate=40, seconds=8, stalled="redis", stall_from=2, stall_seconds=3)

    trial = await overload(victim, plan)

    refused = [each for each in trial.load.answers(503) if each.kind == "book"]
    assert not refused, "the row is the promise; it needs neither broker nor seat store"
    assert trial.late_count(ANSWER_SECONDS_MAX) == 0


@pytest.mark.parametrize("roles", [("api",), ("seat-reservation", "ticketing")])
async def test_a_role_that_is_told_to_stop_lets_nobody_down(
    victim: OnsaleUp, roles: tuple[str, ...]
) -> None:
    async with connections(victim.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        hall = regular_hall(rows=25, cols=40, subsections=SUBSECTION_COUNT)
        event_id = await seller.open_event(hall, hold_seconds=7_200)
        load = OpenLoop(victim.port, 60, lambda: _booking(buyer, event_id))
        _, stopped = await asyncio.gather(load.run(4.0), _stop_soon(victim, roles))
        for name, pid in stopped.items():
            await come_back(victim, name, pid, http)
        accepted = [json.loads(each.body)["id"] for each in load.answers(202)]

        bookings = await all_settled(buyer, accepted)

        assert {booking["status"] for booking in bookings} == {"pending_payment"}
        victim.verify(event_id)
    tally = load.tally()
    assert End.CUT_OFF.value not in tally, tally
    assert End.UNANSWERED.value not in tally, tally
    if "api" in roles:
        assert any(each.is_closing for each in load.outcomes), "nobody was asked to go"
        # A connection that was closed before an answer began had not been heard.
        assert len(bookings) == len(accepted)
    else:
        assert tally.keys() == {"202"}, tally
    letters = run_onsale("dlq", "list", "--data", victim.data).stdout
    assert "no dead letters" in letters, letters


async def test_a_stop_ends_streams_at_once(victim: OnsaleUp) -> None:
    async with connections(victim.base_url) as http:
        seller = await Seller.join(http)
        event_id = await seller.open_event()
        async with seller.follow(f"/api/event/{event_id}/sse") as stream:
            await stream.next()
            stopped = victim.send("api", signal.SIGTERM)
            await stream.rest(seconds_max=ANSWER_SECONDS_MAX)
        await come_back(victim, "api", stopped, http)


def _booking(buyer: Buyer, event_id: int) -> Call:
    order = buyer.order(event_id, quantity=1)
    return Call("book", "POST", "/api/booking", buyer.token, order)


async def _stop_soon(system: OnsaleUp, names: Sequence[str]) -> dict[str, int]:
    await asyncio.sleep(1.5)
    return {name: system.send(name, signal.SIGTERM) for name in names}
