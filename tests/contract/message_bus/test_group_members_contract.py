"""How the members of a group share the partitions, and what becomes of those of a dead one."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from onsale.platform.message_queue.message_bus import Message, MessageBus, ReceivedMessage
from tests.servers.protocol import PROJECT
from tests.servers.waiting import eventually
from tests.support.message_buses import (
    PARTITION_COUNT,
    SILENCE_SECONDS_MAX,
    Buses,
    Received,
    consuming,
    numbered,
)

KEYS = [f"event:{number}" for number in range(12)]
"""Enough keys that every partition has one."""
LEEWAY_SECONDS = 15.0
"""For a busy machine."""

with_processes = pytest.mark.parametrize(
    "buses", ["redis", pytest.param("kafka", marks=pytest.mark.kafka)], indirect=True
)
"""The fake lives in one process."""


async def publish_round(bus: MessageBus, topic: str, value: int) -> None:
    await bus.publish(topic, [Message(key, str(value).encode()) for key in KEYS])


async def test_two_members_share_the_partitions(buses: Buses, bus: MessageBus) -> None:
    one, two = Received(), Received()
    other_bus = buses.another()
    async with consuming(bus, buses.commands, buses.group, one):
        await publish_round(bus, buses.commands, 0)
        await one.count_reaches(len(KEYS))
        async with consuming(other_bus, buses.commands, buses.group, two):
            value = 1

            async def both_get_some() -> bool:
                nonlocal value
                await publish_round(bus, buses.commands, value)
                value += 1
                return len(two.partitions) == PARTITION_COUNT // 2

            await eventually(both_get_some, timeout_seconds=20)
            settled = len(one.messages)
            await publish_round(bus, buses.commands, value)

            def all_came() -> bool:
                return all(
                    set(one.values_of(key) + two.values_of(key)) == set(range(value + 1))
                    for key in KEYS
                )

            await eventually(all_came)
    newest = {message.partition for message in one.messages[settled:]}
    assert newest.isdisjoint(two.partitions)
    # Nobody died, so a handover repeats nothing and leaves nothing out.
    for key in KEYS:
        assert one.values_of(key) + two.values_of(key) == list(range(value + 1))


async def test_the_partitions_of_a_member_that_leaves_go_to_the_others(
    buses: Buses, bus: MessageBus
) -> None:
    leaver, stayer = Received(), Received()
    async with consuming(buses.another(), buses.commands, buses.group, stayer):
        async with consuming(bus, buses.commands, buses.group, leaver):
            await _until_both_have_partitions(bus, buses, leaver, stayer)
        handled_count = len(stayer.messages)
        await publish_round(bus, buses.commands, 1_000)

        def all_came() -> bool:
            return [message.value for message in stayer.messages[handled_count:]].count(
                b"1000"
            ) == len(KEYS)

        await eventually(all_came, timeout_seconds=15)


async def _until_both_have_partitions(
    bus: MessageBus, buses: Buses, one: Received, two: Received
) -> None:
    value = 0

    async def both_have_some() -> bool:
        nonlocal value
        await publish_round(bus, buses.commands, value)
        value += 1
        return bool(one.partitions and two.partitions)

    await eventually(both_have_some, timeout_seconds=20)


async def test_a_cancelled_consumer_leaves_its_group_with_nothing_committed(
    buses: Buses, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its silence alone would keep the messages from others for longer than the test waits.
    monkeypatch.setitem(SILENCE_SECONDS_MAX, buses.kind, 2 * LEEWAY_SECONDS)
    bus = buses.another()
    begun = asyncio.Event()

    async def never_return(_batch: Sequence[ReceivedMessage]) -> None:
        begun.set()
        await asyncio.Event().wait()

    await bus.publish(buses.commands, numbered("a", 3))
    consumer = asyncio.create_task(
        bus.consume(buses.commands, buses.group, never_return, stop=asyncio.Event())
    )
    await asyncio.wait_for(begun.wait(), 15)
    consumer.cancel()
    with suppress(asyncio.CancelledError):
        await consumer

    received = Received()
    async with consuming(buses.another(), buses.commands, buses.group, received):
        await received.count_reaches(3, timeout_seconds=LEEWAY_SECONDS)
    assert received.values_of("a") == [0, 1, 2]


@asynccontextmanager
async def member_process(
    buses: Buses, report: Path, *options: str
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A member in a process of its own."""
    report.touch()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.message_bus_member",
        buses.kind,
        buses.address,
        buses.topics.prefix,
        str(report),
        *options,
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@with_processes
async def test_the_batch_of_a_killed_member_comes_to_another(
    buses: Buses, bus: MessageBus, tmp_path: Path
) -> None:
    report, received = tmp_path / "report", Received()
    await bus.publish(buses.commands, numbered("a", 3))
    async with member_process(buses, report, "wait") as process:
        await eventually(lambda: "a 2" in report.read_text(), timeout_seconds=30)
        process.send_signal(signal.SIGKILL)
        await process.wait()
        async with consuming(bus, buses.commands, buses.group, received):
            await received.count_reaches(
                3, timeout_seconds=buses.silence_seconds_max + LEEWAY_SECONDS
            )
    assert received.values_of("a") == [0, 1, 2]


@with_processes
async def test_a_member_that_froze_past_its_lease_loses_nothing_and_sets_nothing_back(
    buses: Buses, bus: MessageBus, tmp_path: Path
) -> None:
    report, received = tmp_path / "report", Received()
    async with member_process(buses, report) as process:
        await bus.publish(buses.commands, numbered("a", 3))
        await eventually(lambda: "a 2\ndone" in report.read_text(), timeout_seconds=30)
        process.send_signal(signal.SIGSTOP)
        await bus.publish(buses.commands, numbered("a", 3, first=3))
        async with consuming(bus, buses.commands, buses.group, received):
            await received.count_reaches(
                3, timeout_seconds=buses.silence_seconds_max + LEEWAY_SECONDS
            )
            process.send_signal(signal.SIGCONT)
            await bus.publish(buses.commands, numbered("a", 3, first=6))

            def all_came() -> bool:
                lines = report.read_text().split("\n")
                frozen = [int(line.split()[1]) for line in lines if line.startswith("a ")]
                return set(received.values_of("a") + frozen) == set(range(9))

            await eventually(all_came, timeout_seconds=20)

            async def nothing_is_left() -> bool:
                return await bus.backlog(buses.commands, buses.group) == 0

            await eventually(nothing_is_left)
    first_seen = list(dict.fromkeys(received.values_of("a")))
    assert first_seen == sorted(first_seen)
