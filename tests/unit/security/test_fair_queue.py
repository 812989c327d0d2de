"""Slow work in turns: no client delays another, every queue and every wait has an end."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.driven_adapter.security.fair_queue import FairQueue
from tests.servers.waiting import eventually


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


async def test_whoever_asks_once_is_served_after_one_job_of_whoever_floods(
    executor: ThreadPoolExecutor,
) -> None:
    queue, done = FairQueue(executor, 1), list[str]()
    flood = [asyncio.create_task(queue.run(lambda: done.append("flood"), "a")) for _ in range(40)]
    await asyncio.sleep(0)
    others = [
        asyncio.create_task(queue.run(lambda who=who: done.append(who), who))  # type: ignore[misc]
        for who in ("b", "c")
    ]
    await asyncio.gather(*flood, *others)

    assert max(done.index("b"), done.index("c")) <= 4
    assert len(done) == 42


async def test_a_queue_of_first_come_first_served_lets_the_flood_delay_everybody(
    executor: ThreadPoolExecutor,
) -> None:
    """What the turns are for: with one client's name for all there are none."""
    queue, done = FairQueue(executor, 1), list[str]()
    flood = [asyncio.create_task(queue.run(lambda: done.append("flood"), "")) for _ in range(40)]
    await asyncio.sleep(0)
    await asyncio.gather(queue.run(lambda: done.append("b"), ""), *flood)

    assert done.index("b") == 40


async def test_too_much_work_is_sent_away_and_places_come_free_again(
    executor: ThreadPoolExecutor,
) -> None:
    queue = FairQueue(executor, 1, waiting_count_max=3, per_client_count_max=2)
    may_go_on = threading.Event()
    running = [asyncio.create_task(queue.run(lambda: may_go_on.wait(10), "a")) for _ in range(3)]
    await asyncio.sleep(0)

    with pytest.raises(UnavailableError, match="too many"):
        await queue.run(int, "a")  # one runs and two wait: as many as one client may have
    running.append(asyncio.create_task(queue.run(lambda: may_go_on.wait(10), "b")))
    await asyncio.sleep(0)
    with pytest.raises(UnavailableError, match="too many"):
        await queue.run(int, "c")  # as many as there may be in all

    running[1].cancel()  # it waits, so its place is free
    await asyncio.wait({running[1]})
    assert queue.waiting_count == 2
    may_go_on.set()
    await asyncio.gather(*running, return_exceptions=True)
    assert await queue.run(int, "a") == 0


async def test_a_turn_that_does_not_come_in_time_is_given_up(executor: ThreadPoolExecutor) -> None:
    queue = FairQueue(executor, 1, wait_seconds_max=0.05)
    may_go_on = threading.Event()
    running = asyncio.create_task(queue.run(lambda: may_go_on.wait(10), "a"))
    await asyncio.sleep(0)

    with pytest.raises(UnavailableError, match="no turn"):
        await queue.run(int, "b")

    assert queue.waiting_count == 0
    may_go_on.set()
    assert await running, "what has begun takes the time that it takes"


async def test_work_that_fails_fails_its_caller_and_frees_its_thread(
    executor: ThreadPoolExecutor,
) -> None:
    queue = FairQueue(executor, 1)

    with pytest.raises(ValueError, match="invalid literal"):
        await queue.run(lambda: int("x"), "a")

    assert await queue.run(int, "a") == 0


async def test_a_caller_that_goes_away_does_not_give_its_thread_to_another(
    executor: ThreadPoolExecutor,
) -> None:
    queue, may_go_on = FairQueue(executor, 1), threading.Event()
    gone = asyncio.create_task(queue.run(lambda: may_go_on.wait(10), "a"))
    await asyncio.sleep(0)
    next_one = asyncio.create_task(queue.run(int, "b"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait({gone})
    assert queue.waiting_count == 1

    may_go_on.set()
    await eventually(next_one.done)
    assert next_one.result() == 0
