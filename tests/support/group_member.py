"""A member of a consumer group as a process: it reports, leaves when asked, can be killed.

All members of a test append to one file, a line for each message at the moment in which the
handler gets it; short lines appended at once keep the order in which the members worked.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from onsale.platform.embedded.supervisor import stop_on_signals
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import ReceivedMessage
from tests.servers.protocol import PROJECT
from tests.support.message_buses import Buses, BusKind, open_bus
from tests.support.ordered_traffic import Consuming, Handled

HANDLER_SECONDS = 0.02
"""So that a member that is frozen is likely to have a batch in hand."""
LEAVE_SECONDS_MAX = 30.0


@dataclass(slots=True)
class MemberProcess:
    """One member, seen by the test."""

    process: asyncio.subprocess.Process

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    async def leave(self) -> None:
        """Ask it to leave its group in order."""
        self.send(signal.SIGTERM)
        async with asyncio.timeout(LEAVE_SECONDS_MAX):
            assert await self.process.wait() == 0

    async def end(self) -> None:
        """End it whatever state it is in."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


@dataclass(slots=True)
class MemberReport:
    """The file of all members, and what was read of it so far."""

    path: Path
    consumed: Consuming
    _read_bytes: int = 0

    def refresh(self) -> None:
        """Read what was added."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read_bytes)
            whole = file.read().rpartition(b"\n")[0]
        self._read_bytes += len(whole) + 1 if whole else 0
        for line in whole.decode().splitlines():
            member, partition, key, value, at = line.split()
            handled = Handled(int(partition), key, int(value), float(at), member)
            self.consumed.handled.append(handled)

    def handled_by(self, member: str) -> bool:
        """Whether this member has handled anything."""
        self.refresh()
        return any(each.member == member for each in self.consumed.handled)


@asynccontextmanager
async def member_process(
    buses: Buses, report: MemberReport, name: str
) -> AsyncIterator[MemberProcess]:
    """A member within the block; it is killed at its end unless it has left."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.group_member", buses.kind, buses.address),
        *(buses.topics.prefix, str(report.path), name),
        cwd=PROJECT,
        env={**os.environ, "PYTHONPATH": str(PROJECT / "src")},
    )
    member = MemberProcess(process)
    try:
        yield member
    finally:
        await member.end()


async def consume(kind: BusKind, address: str, prefix: str, path: Path, name: str) -> None:
    """Be a member until SIGTERM."""
    topics = KafkaTopicBuilder(prefix)
    bus = open_bus(kind, address, topics)
    stop = asyncio.Event()
    with path.open("a", buffering=1 << 16) as report, stop_on_signals(stop):

        async def handle(batch: Sequence[ReceivedMessage]) -> None:
            now = time.monotonic()
            for each in batch:
                value = each.value.decode()
                report.write(f"{name} {each.partition} {each.key} {value} {now}\n")
            report.flush()
            await asyncio.sleep(HANDLER_SECONDS)

        group = topics.seat_reservation_group()
        await bus.consume(topics.seat_commands(), group, handle, stop=stop)
    await bus.close()


if __name__ == "__main__":
    _, kind, address, prefix, path, name = sys.argv
    assert kind in {"redis", "kafka"}
    asyncio.run(consume("redis" if kind == "redis" else "kafka", address, prefix, Path(path), name))
