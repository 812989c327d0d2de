"""A booking's way over the bus, without a word in any message."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, ReceivedMessage
from onsale.platform.observability.traced_messages import (
    MessageTraces,
    TracedPublisher,
    traced_handler,
)
from onsale.platform.observability.traces import Step, span_id_of
from onsale.service.shared_kernel import booking_steps
from onsale.service.shared_kernel.seat_messages import (
    FinalizeSeats,
    SeatsFinalized,
    encode,
    peek_booking_id,
)
from tests.fakes.in_memory_message_bus import InMemoryMessageBus
from tests.support.kept_spans import KeptSpans

TOPIC = "onsale.seat-commands"


def command(booking_id: UUID, seq: int = 1) -> Message:
    message = FinalizeSeats(
        booking_id=booking_id,
        event_id=1,
        section='"A"',
        subsection=1,
        epoch=1,
        seq=seq,
        booked_at=datetime.now(UTC),
    )
    return Message("1:A-1", encode(message))


def received(message: Message) -> ReceivedMessage:
    return ReceivedMessage(TOPIC, 0, "0", message.key, message.value)


def messages_of(kept: KeptSpans, ratio: float = 1.0) -> MessageTraces:
    return MessageTraces(kept.traces(ratio), peek_booking_id)


def bus() -> InMemoryMessageBus:
    return InMemoryMessageBus(KafkaTopicBuilder())


def test_the_id_is_found_in_every_kind_of_message() -> None:
    booking_id = uuid7()
    result = SeatsFinalized(
        booking_id=booking_id, event_id=1, section="A", subsection=1, epoch=1, seq=1
    )
    for value in (command(booking_id).value, encode(result)):
        assert peek_booking_id(value) == str(booking_id).encode()
    for value in (b"", b"{}", b"no JSON at all"):
        assert peek_booking_id(value) is None


async def test_a_command_hangs_below_what_made_it_due_and_its_batch_below_it() -> None:
    kept, booking_id = KeptSpans(), uuid7()
    messages, sent = messages_of(kept), command(booking_id, seq=2)
    publisher = TracedPublisher(bus(), messages, booking_steps.of_sent_command)
    await publisher.publish(TOPIC, [sent, command(booking_id=uuid7())])

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        await asyncio.sleep(0)

    handler = traced_handler(handle, messages, booking_steps.of_decided_command)
    await handler([received(sent)])
    of_booking = [span for span in kept.spans if span.step.subject == booking_id]
    sending, batch = of_booking
    assert sending.step.below == span_id_of(booking_id, booking_steps.owed(2))
    assert batch.step.below == sending.step.span_id
    assert sending.attributes["messaging.batch.message_count"] == 2
    assert batch.attributes["onsale.message"] == "finalize_seats/1"
    assert batch.attributes["onsale.batch"]


async def test_what_is_sent_again_is_another_span() -> None:
    kept, booking_id = KeptSpans(), uuid7()
    messages = messages_of(kept)
    publisher = TracedPublisher(bus(), messages, booking_steps.of_sent_command)
    await publisher.publish(TOPIC, [command(booking_id)])
    with messages.traces.during("send again", [Step(booking_id, 7)]):
        await publisher.publish(TOPIC, [command(booking_id)])
    first, again, _ = kept.spans
    assert first.step.span_id != again.step.span_id
    assert again.step.below == 7


async def test_what_is_not_followed_is_handed_on_as_it_is() -> None:
    kept = KeptSpans()
    messages = messages_of(kept, ratio=0)
    handled: list[Sequence[ReceivedMessage]] = []

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        handled.append(batch)

    batch = [received(command(uuid7()))]
    await traced_handler(handle, messages, booking_steps.of_decided_command)(batch)
    assert handled == [batch]
    assert handled[0] is batch
    assert kept.spans == []


async def test_what_cannot_be_read_reaches_its_handler() -> None:
    kept = KeptSpans()
    handled: list[ReceivedMessage] = []

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        handled.extend(batch)

    handler = traced_handler(handle, messages_of(kept), booking_steps.of_decided_command)
    foreign = [
        b"",
        b"{",
        b'"booking_id":"',
        b'{"booking_id":"not an id of any kind, but long eno"}',
    ]
    foreign.append(b'{"booking_id":"01a21450-9b29-75e8-b304-1a48bc2e5067"}')
    await handler([received(Message("k", value)) for value in foreign])
    assert len(handled) == len(foreign)
    assert kept.spans == []
