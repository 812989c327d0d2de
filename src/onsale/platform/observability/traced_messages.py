"""Traces across a message bus: what a publisher sends and a worker handles, without a header."""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from opentelemetry.trace import SpanKind

from onsale.platform.message_queue.message_bus import (
    BatchHandler,
    Message,
    MessagePublisher,
    ReceivedMessage,
)
from onsale.platform.observability.traces import (
    Step,
    Traces,
    around_here,
    new_span_id,
    span_id_of,
)

Peek = Callable[[bytes], bytes | None]
"""The text of the subject's id in an encoded message, found quickly."""
Describe = Callable[[bytes], tuple[UUID, str, str, Mapping[str, str | int]] | None]
"""Subject, step, the step that led to it, and what else is to be told of a message."""


class MessageTraces:
    """Finds those messages of many whose subjects are followed."""

    def __init__(self, traces: Traces, peek: Peek) -> None:
        self.traces = traces
        self._peek = peek

    def steps(self, values: Iterable[bytes], describe: Describe) -> list[Step]:
        """The step of each message that is followed."""
        return [
            _step(*described)
            for value in values
            if self._is_followed(value) and (described := describe(value)) is not None
        ]

    def _is_followed(self, value: bytes) -> bool:
        text = self._peek(value)
        try:
            return text is not None and self.traces.follows_text(text)
        except ValueError:
            return False  # no id, and so not one of ours


class TracedPublisher:
    """See ``MessagePublisher``; a span for each followed message, until it is acknowledged."""

    def __init__(self, bus: MessagePublisher, messages: MessageTraces, describe: Describe) -> None:
        self._bus = bus
        self._messages = messages
        self._describe = describe

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        """See :meth:`MessagePublisher.publish`."""
        steps = self._messages.steps((each.value for each in messages), self._describe)
        if not steps:
            await self._bus.publish(topic, messages)
            return
        with self._messages.traces.during(
            f"send {topic}",
            map(_where_it_is_sent_again, steps),
            kind=SpanKind.PRODUCER,
            attributes={
                "messaging.destination.name": topic,
                "messaging.batch.message_count": len(messages),
            },
        ):
            await self._bus.publish(topic, messages)


def traced_handler(
    handler: BatchHandler, messages: MessageTraces, describe: Describe
) -> BatchHandler:
    """A handler that records its batch once for each followed message in it. What they share is
    the batch's id; each hangs below the sending of its own message.
    """

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        steps = messages.steps((each.value for each in batch), describe)
        if not steps:
            await handler(batch)
            return
        topic = batch[0].topic
        with messages.traces.during(
            f"process {topic}",
            steps,
            kind=SpanKind.CONSUMER,
            attributes={
                "messaging.destination.name": topic,
                "messaging.batch.message_count": len(batch),
                "onsale.batch": secrets.token_hex(8),
            },
        ):
            await handler(batch)

    return handle


def _step(subject: UUID, step: str, below: str, attributes: Mapping[str, str | int]) -> Step:
    return Step(subject, span_id_of(subject, step), span_id_of(subject, below), attributes)


def _where_it_is_sent_again(step: Step) -> Step:
    """Sent as a part of something else than what led to it first, it is another span."""
    above = around_here(step.subject)
    if above is None or above == step.below:
        return step
    return Step(step.subject, new_span_id(), above, step.attributes)
