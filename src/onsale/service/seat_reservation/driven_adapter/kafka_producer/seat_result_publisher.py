"""Publishes the results of seat commands to the message broker."""

from collections.abc import Sequence

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import Message, MessagePublisher
from onsale.service.shared_kernel.seat_messages import SeatResult, encode


class SeatResultPublisher:
    """``ISeatResultPublisher`` on the topic of seat results.

    The key is the subsection's, as it was the commands', so that results keep their order too.
    """

    def __init__(self, bus: MessagePublisher, topics: KafkaTopicBuilder) -> None:
        self._bus = bus
        self._topics = topics

    async def publish(self, results: Sequence[SeatResult]) -> None:
        """Return once the broker has acknowledged every result.

        Raises:
            UnavailableError: the broker is away.
        """
        await self._bus.publish(
            self._topics.seat_results(),
            [
                Message(
                    key=self._topics.subsection_key(
                        result.event_id, result.section, result.subsection
                    ),
                    value=encode(result),
                )
                for result in results
            ],
        )
