"""Publishing to Redis Streams: calls that wait together travel together."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.message_bus import Message, require_publishable
from onsale.platform.message_queue.redis_streams_client import Argument, StreamsClient
from onsale.platform.message_queue.redis_streams_layout import StreamsLayout

ROUND_COUNT_MAX = 2_000
"""Messages in one round trip, unless a single call has more."""
WAITING_COUNT_MAX = 20_000


@dataclass(frozen=True, slots=True)
class _Call:
    keys: list[str]
    arguments: list[Argument]
    message_count: int
    # An error is a result here, not an exception: a caller that was cancelled never asks for it.
    outcome: "asyncio.Future[UnavailableError | None]"


class StreamsPublisher:
    """Keeps the order of calls: one round trip at a time, with all calls made meanwhile in it.

    Each call is atomic in the server, and with ``appendfsync always`` durable once answered.
    """

    def __init__(
        self, client: StreamsClient, *, publish_seconds_max: float, backlog_count_max: int
    ) -> None:
        self._client = client
        self._publish_seconds_max = publish_seconds_max
        self._backlog_count_max = backlog_count_max
        self._calls: deque[_Call] = deque()
        self._waiting_count = 0
        self._sender: asyncio.Task[None] | None = None

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """See :meth:`MessagePublisher.publish`."""
        if not messages:
            return
        require_publishable(messages)
        if self._waiting_count and self._waiting_count + len(messages) > WAITING_COUNT_MAX:
            raise UnavailableError("message-bus", "the local queue is full")
        outcome: UnavailableError | None
        try:
            async with asyncio.timeout(self._publish_seconds_max):
                layout = await self._client.layout(topic)
                outcome = await self._enqueue(layout, messages)
        except TimeoutError as error:
            raise UnavailableError("message-bus", "no acknowledgement in time") from error
        if outcome is not None:
            raise outcome

    async def close(self) -> None:
        """Wait for the calls under way, each of which is bounded."""
        if self._sender is not None:
            await asyncio.wait([self._sender], timeout=self._publish_seconds_max)

    def _enqueue(
        self, layout: StreamsLayout, messages: Sequence[Message]
    ) -> "asyncio.Future[UnavailableError | None]":
        index_of: dict[int, int] = {}
        entries: list[Argument] = []
        for message in messages:
            partition = layout.partition_of(message.key)
            index = index_of.setdefault(partition, len(index_of) + 1)
            key = message.key.encode()
            entries += (index, key, message.value)
        outcome = asyncio.get_running_loop().create_future()
        self._calls.append(
            _Call(
                keys=[layout.ends(), *map(layout.stream, index_of)],
                arguments=[self._backlog_count_max, *index_of, *entries],
                message_count=len(messages),
                outcome=outcome,
            )
        )
        self._waiting_count += len(messages)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_waiting(), name="streams-publisher")
        return outcome

    async def _send_waiting(self) -> None:
        while self._calls:
            calls = self._take_round()
            try:
                answers = await self._client.run_each(
                    "publish", [(call.keys, call.arguments) for call in calls]
                )
            except UnavailableError as error:
                answers = [error] * len(calls)
            for call, answer in zip(calls, answers, strict=True):
                if not call.outcome.done():
                    call.outcome.set_result(_failure(answer))

    def _take_round(self) -> list[_Call]:
        taken: list[_Call] = []
        count = 0
        while self._calls and (
            not taken or count + self._calls[0].message_count <= ROUND_COUNT_MAX
        ):
            call = self._calls.popleft()
            self._waiting_count -= call.message_count
            # Nobody waits for a call that was cancelled or timed out before it left.
            if not call.outcome.done():
                taken.append(call)
                count += call.message_count
        return taken


def _failure(answer: object) -> UnavailableError | None:
    if not isinstance(answer, Exception):
        return None
    # One for each call: several waiting callers must not share a traceback.
    return UnavailableError("message-bus", str(answer))
