"""Members of one group come, leave, die and freeze while messages arrive."""

import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from tests.servers.waiting import eventually
from tests.support.group_member import MemberProcess, MemberReport, member_process
from tests.support.message_buses import PARTITION_COUNT, Buses, Received, consuming
from tests.support.ordered_traffic import Consuming, publishing

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

HAND_OVER_SECONDS_MAX = 30.0
"""For which a partition may lie idle; see the figures of a run for what it is where nothing else
runs: a second for a member that comes or goes in order, its silence for one that dies."""


@pytest.fixture(
    params=["redis", pytest.param("kafka", marks=[pytest.mark.kafka, pytest.mark.long])]
)
async def buses(request: pytest.FixtureRequest, topic_prefix: str) -> AsyncIterator[Buses]:
    fixture = "kafka_bootstrap" if request.param == "kafka" else "redis_url"
    address = request.getfixturevalue(fixture)
    buses = Buses(request.param, address, KafkaTopicBuilder(topic_prefix))
    await buses.another().ensure_topics()
    yield buses
    await buses.close()


async def test_no_message_is_lost_or_out_of_order_while_members_come_and_go(
    buses: Buses, tmp_path: Path
) -> None:
    report = MemberReport(tmp_path / "report", Consuming())
    async with AsyncExitStack() as members:

        async def join(name: str) -> MemberProcess:
            return await members.enter_async_context(member_process(buses, report, name))

        async with publishing(buses.another(), buses.commands) as told:
            await _come_and_go(report, join)
        await report.consumed.all_of(told, refresh=report.refresh)
    await _nothing_is_left(buses)


async def _come_and_go(
    report: MemberReport, join: Callable[[str], Awaitable[MemberProcess]]
) -> None:
    first, second = await join("first"), await join("second")
    await _all_go_on(report, "first", "second")
    async with _hand_over(report, "a member joins", "first", "second", "third"):
        third = await join("third")
    async with _hand_over(report, "a member leaves", "first", "third"):
        await second.leave()
    async with _hand_over(report, "a member is killed", "first"):
        third.send(signal.SIGKILL)
    async with _hand_over(report, "a new member joins", "first", "fourth"):
        await join("fourth")
    async with _hand_over(report, "a member freezes", "fourth"):
        first.send(signal.SIGSTOP)
    # It wakes with a batch in hand, and with more that it had fetched, of partitions that
    # belong to another by now: what it commits late must not set anything back or skip it.
    async with _hand_over(report, "a frozen member wakes", "first", "fourth"):
        first.send(signal.SIGCONT)


@asynccontextmanager
async def _hand_over(report: MemberReport, what: str, *workers: str) -> AsyncIterator[None]:
    """After the block, wait until these members, and no others, keep all partitions going."""
    began = time.monotonic()
    yield
    await _all_go_on(report, *workers)
    gap_seconds = report.consumed.longest_gap_seconds(began)
    print(f"{what}: a partition lay idle for up to {gap_seconds:.1f} s")  # noqa: T201 - a figure
    assert gap_seconds < HAND_OVER_SECONDS_MAX


async def _all_go_on(report: MemberReport, *workers: str) -> None:
    since = time.monotonic()

    def all_go_on() -> bool:
        report.refresh()
        new = [each for each in report.consumed.handled if each.at > since]
        members, partitions = {each.member for each in new}, {each.partition for each in new}
        return members >= set(workers) and len(partitions) == PARTITION_COUNT

    await eventually(all_go_on, timeout_seconds=HAND_OVER_SECONDS_MAX * 2)


async def _nothing_is_left(buses: Buses) -> None:
    """What was handled last counts as consumed too."""
    received = Received()
    async with consuming(buses.another(), buses.commands, buses.group, received):

        async def is_empty() -> bool:
            return await buses.opened[0].backlog(buses.commands, buses.group) == 0

        await eventually(is_empty, timeout_seconds=HAND_OVER_SECONDS_MAX)
