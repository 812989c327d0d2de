"""One member of a consumer group on Redis Streams: leases, batches, fenced commits."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.backoff import Backoff, wait_until_set
from onsale.platform.message_queue.message_bus import BatchHandler, ReceivedMessage
from onsale.platform.message_queue.occasional_log import OccasionalLog
from onsale.platform.message_queue.redis_streams_client import Argument, StreamsClient
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout
from onsale.platform.pace import Pace
from onsale.platform.tasks import end

BLOCK_SECONDS = 0.25
"""How long a quiet member waits in one go, and so how late it notices that it shall stop."""
HEARTBEATS_PER_LEASE = 5
TRIM_INTERVAL_SECONDS = 1.0
RECONNECT_SECONDS_MAX = 1.0
GROUP_RETENTION_SECONDS = 24 * 60 * 60
"""A group that nobody has declared permanent holds messages back this long after its last sign."""


@dataclass(slots=True)
class _Partition:
    """A partition in hand: the group's offset in it, and what was read beyond."""

    committed: int
    read: int
    waiting: deque[ReceivedMessage] = field(default_factory=deque)


class StreamsMember:
    """Consumes the partitions that it holds a lease on, one batch at a time.

    ``token`` tells this member from every other; a lease is a key that holds it. The member takes
    and gives up partitions only between batches, and renews its leases while a batch is in hand.
    """

    def __init__(
        self,
        client: StreamsClient,
        layout: StreamsLayout,
        group: str,
        *,
        token: str,
        lease_seconds: float,
        batch_count_max: int,
    ) -> None:
        self._client = client
        self._layout = layout
        self._group = group
        self._token = token
        self._lease_seconds = lease_seconds
        self._batch_count_max = batch_count_max
        self._pace = Pace(batch_count_max)
        self._held: dict[int, _Partition] = {}
        self._next_heartbeat = 0.0
        self._next_trim = 0.0
        self._has_trimmable = False
        self._backoff = Backoff(seconds_max=RECONNECT_SECONDS_MAX)
        self._log = OccasionalLog()

    async def run(self, handler: BatchHandler, stop: asyncio.Event) -> None:
        """Consume until ``stop`` is set; see :meth:`MessageBus.consume`."""
        try:
            while not stop.is_set():
                batch = await self._attempt_gather(stop)
                if batch:
                    async with self._renewing():
                        await handler(batch)
                    await self._attempt_commit(batch, stop)
        finally:
            await asyncio.shield(self._leave())

    async def _attempt_gather(self, stop: asyncio.Event) -> list[ReceivedMessage]:
        try:
            await self._heartbeat_if_due()
            await self._trim_if_due()
            if not any(partition.waiting for partition in self._held.values()):
                await asyncio.sleep(self._pace.seconds_to_wait())
                await self._read(stop)
            self._backoff.reset()
        except UnavailableError as error:
            await self._start_over(error, stop)
            return []
        batch = self._take()
        self._pace.begin(len(batch))
        return batch

    async def _attempt_commit(self, batch: Sequence[ReceivedMessage], stop: asyncio.Event) -> None:
        try:
            await self._commit(batch)
        except UnavailableError as error:
            await self._start_over(error, stop)

    async def _start_over(self, error: UnavailableError, stop: asyncio.Event) -> None:
        """Forget what was read: the next heartbeat tells what is held and from where to read."""
        self._log.warning("consumer_cut_off", topic=self._layout.topic, error=str(error))
        self._held.clear()
        self._next_heartbeat = 0.0
        await self._backoff.wait(stop)

    async def _heartbeat_if_due(self) -> None:
        if asyncio.get_running_loop().time() >= self._next_heartbeat:
            await self._heartbeat(settles=True)

    async def _heartbeat(self, *, settles: bool) -> None:
        layout, group = self._layout, self._group
        answer = await self._client.run(
            "share",
            [
                layout.members(group),
                layout.groups(),
                layout.offsets(group),
                *layout.leases(group),
            ],
            [self._token, int(self._lease_seconds * 1000), group, int(settles)],
        )
        if settles:
            self._hold(zip(answer[::3], map(int, answer[1::3]), answer[2::3], strict=True))
        wait_seconds = self._lease_seconds / HEARTBEATS_PER_LEASE
        if not self._held:
            # Waiting for others to give up a share: ask more often.
            wait_seconds = min(wait_seconds, BLOCK_SECONDS)
        self._next_heartbeat = asyncio.get_running_loop().time() + wait_seconds

    def _hold(self, shares: Iterable[tuple[int, int, int]]) -> None:
        """Take up partitions, each with the group's offset and whether its lease was kept."""
        before, self._held = self._held, {}
        for partition, committed, is_kept in shares:
            known = before.get(partition)
            # A new lease or another offset: somebody else had the partition in between, or the
            # server lost all it had and counts its messages from the beginning again. Mostly
            # both show it; by itself the lease shows a loss before anything was committed, and the
            # offset one that was set back under a lease that was kept.
            if known is None or not is_kept or known.committed != committed:
                known = _Partition(committed=committed, read=committed)
            self._held[partition] = known

    async def _read(self, stop: asyncio.Event) -> None:
        """Wait for messages of any partition held, for at most ``BLOCK_SECONDS``."""
        if not self._held:
            await wait_until_set(stop, BLOCK_SECONDS)
            return
        streams = {self._layout.stream(index).encode(): index for index in self._held}
        command: list[Argument] = ["XREAD", "COUNT", self._batch_count_max]
        command += ["BLOCK", int(BLOCK_SECONDS * 1000), "STREAMS", *streams]
        command += [f"{partition.read}-0" for partition in self._held.values()]
        for stream, entries in await self._client.execute(*command) or []:
            index = streams[stream]
            partition = self._held[index]
            for entry_id, fields in entries:
                message = self._layout.received(index, entry_id, fields)
                partition.read = int(message.position)
                partition.waiting.append(message)

    def _take(self) -> list[ReceivedMessage]:
        """A batch of what was read, every partition that has something getting its share."""
        batch: list[ReceivedMessage] = []
        ready = [partition.waiting for partition in self._held.values() if partition.waiting]
        for taken_count, waiting in enumerate(sorted(ready, key=len)):
            room = self._batch_count_max - len(batch)
            share = -(-room // (len(ready) - taken_count))
            batch += [waiting.popleft() for _ in range(min(share, len(waiting)))]
        return batch

    async def _commit(self, batch: Sequence[ReceivedMessage]) -> None:
        last_of = {message.partition: int(message.position) for message in batch}
        arguments: list[Argument] = [self._token]
        for partition, position in last_of.items():
            arguments += (partition, position)
        refused = await self._client.run(
            "commit",
            [
                self._layout.offsets(self._group),
                *(self._layout.lease(self._group, partition) for partition in last_of),
            ],
            arguments,
        )
        for partition in refused:
            # The lease ran out while the batch was in hand: its next holder repeats it.
            self._log.warning("lease_lost", topic=self._layout.topic, partition=partition)
            del self._held[partition]
        for partition in last_of.keys() - set(refused):
            self._held[partition].committed = last_of[partition]
        self._has_trimmable = True

    async def _trim_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        if not self._has_trimmable or now < self._next_trim or not self._held:
            return
        layout = self._layout
        before, _, after = layout.offsets("\0").partition("\0")
        await self._client.run(
            "trim",
            [layout.groups(), *map(layout.stream, self._held)],
            [before, after, GROUP_RETENTION_SECONDS * 1000, *self._held],
        )
        self._has_trimmable = False
        self._next_trim = now + TRIM_INTERVAL_SECONDS

    @asynccontextmanager
    async def _renewing(self) -> AsyncIterator[None]:
        renewal = asyncio.create_task(self._renew(), name="lease-renewal")
        try:
            yield
        finally:
            await end(renewal)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(self._lease_seconds / HEARTBEATS_PER_LEASE)
            try:
                await self._heartbeat(settles=False)
            except UnavailableError as error:
                self._log.warning("lease_not_renewed", topic=self._layout.topic, error=str(error))

    async def _leave(self) -> None:
        keys = [self._layout.members(self._group), *self._layout.leases(self._group)]
        try:
            await self._client.run("leave", keys, [self._token])
        except UnavailableError as error:
            # The leases run out by themselves.
            self._log.warning("group_not_left", topic=self._layout.topic, error=str(error))
