from collections.abc import Sequence
from itertools import count

import msgspec
import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, ReceivedMessage
from onsale.service.seat_reservation.app.command.apply_seat_commands_use_case import (
    ApplySeatCommandsUseCase,
)
from onsale.service.seat_reservation.domain.seat_command_rules import MalformedSeatCommandError
from onsale.service.seat_reservation.driven_adapter.kafka_producer.seat_result_publisher import (
    SeatResultPublisher,
)
from onsale.service.seat_reservation.driving_adapter.mq_consumer.seat_reservation_mq_consumer import (  # noqa: E501
    SeatReservationMqConsumer,
)
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatCommand,
    SeatResult,
    SeatsRefused,
    SeatsReserved,
    UnreadableMessageError,
    decode_result,
    encode,
)
from tests.builders.seats import EPOCH, EVENT, NOW, SeatBooking, layout, snapshot
from tests.fakes.in_memory_seat_store import InMemorySeatStore

TOPICS = KafkaTopicBuilder("test")


class RecordingPublisher:
    """A broker that keeps what it is given, or is away."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Message]] = []
        self.is_away = False

    async def publish(self, topic: str, messages: Sequence[Message]) -> None:
        if self.is_away:
            raise UnavailableError("message-bus")
        self.published += [(topic, message) for message in messages]

    def results(self) -> list[SeatResult]:
        return [decode_result(message.value) for _, message in self.published]


class Service:
    """The seat-reservation service between a store and a broker that it is told about."""

    def __init__(self) -> None:
        self.store = InMemorySeatStore()
        self.broker = RecordingPublisher()
        results = SeatResultPublisher(self.broker, TOPICS)
        apply_seat_commands = ApplySeatCommandsUseCase(self.store, results, lambda: NOW)
        self.consumer = SeatReservationMqConsumer(apply_seat_commands, results)
        self._positions = count()

    def message(self, value: bytes) -> ReceivedMessage:
        return ReceivedMessage(TOPICS.seat_commands(), 0, str(next(self._positions)), "key", value)

    async def handle(self, *commands: SeatCommand) -> None:
        await self.consumer.handle([self.message(encode(command)) for command in commands])


@pytest.fixture
async def service() -> Service:
    made = Service()
    halls = [snapshot(layout(1, 2)), snapshot(layout(1, 2, subsection=2))]
    await made.store.install(EVENT, EPOCH, halls)
    return made


async def test_every_command_of_a_batch_is_answered_under_its_subsections_key(
    service: Service,
) -> None:
    first, second = SeatBooking(), SeatBooking(subsection=2)
    await service.handle(first.best_available(), second.manual("1-2"), first.finalize())
    assert [result.booking_id for result in service.broker.results()] == [
        first.id,
        second.id,
        first.id,
    ]
    assert [(topic, message.key) for topic, message in service.broker.published] == [
        ("test.seat-results", "42:A-1"),
        ("test.seat-results", "42:A-2"),
        ("test.seat-results", "42:A-1"),
    ]


async def test_an_unreadable_message_raises_before_anything_is_done(service: Service) -> None:
    good = service.message(encode(SeatBooking().best_available()))
    with pytest.raises(UnreadableMessageError):
        await service.consumer.handle([good, service.message(b'{"type":"reserve_seats/9"}')])
    assert service.broker.published == []
    assert (await service.store.counts(EVENT))["A", 1].available == 2


async def test_a_malformed_command_raises_before_anything_is_done(service: Service) -> None:
    with pytest.raises(MalformedSeatCommandError):
        await service.handle(SeatBooking().best_available(), SeatBooking().manual("1-1", "1-1"))
    assert service.broker.published == []
    assert (await service.store.counts(EVENT))["A", 1].available == 2


async def test_a_batch_whose_results_were_not_taken_is_answered_the_same_when_it_comes_again(
    service: Service,
) -> None:
    booking = SeatBooking()
    service.broker.is_away = True
    with pytest.raises(UnavailableError, match="message-bus"):
        await service.handle(booking.best_available())
    service.broker.is_away = False
    await service.handle(SeatBooking().best_available(), booking.best_available())
    (_, again) = service.broker.results()
    assert isinstance(again, SeatsReserved)
    assert again.positions == ("1-1",)


async def test_a_reserve_that_ends_as_a_dead_letter_is_refused(service: Service) -> None:
    command = msgspec.structs.replace(SeatBooking().best_available(seq=3), quantity=99)
    dead = service.message(encode(command))
    await service.consumer.on_dead_letter(dead, MalformedSeatCommandError("quantity"))
    (result,) = service.broker.results()
    assert isinstance(result, SeatsRefused)
    assert result.reason is RefusalReason.UNPROCESSABLE
    assert (result.booking_id, result.seq, result.epoch) == (command.booking_id, 3, EPOCH)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(encode(SeatBooking().release()), id="release"),
        pytest.param(encode(SeatBooking().finalize()), id="finalize"),
        pytest.param(b"\xff not json", id="no JSON"),
        pytest.param(b"", id="nothing"),
        pytest.param(b'{"type":"reserve_seats/2"}', id="another version"),
    ],
)
async def test_any_other_dead_letter_gets_no_answer(service: Service, value: bytes) -> None:
    await service.consumer.on_dead_letter(service.message(value), RuntimeError("poison"))
    assert service.broker.published == []


async def test_a_refusal_that_the_broker_did_not_take_is_not_forgotten(service: Service) -> None:
    service.broker.is_away = True
    dead = service.message(encode(SeatBooking().best_available()))
    with pytest.raises(UnavailableError, match="message-bus"):
        await service.consumer.on_dead_letter(dead, RuntimeError("poison"))
