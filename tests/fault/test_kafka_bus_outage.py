"""The bus on Kafka while its only broker is killed and comes back."""

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import MissingComponentError
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.supervisor import Supervisor
from onsale.platform.exceptions import UnavailableError
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.kafka_message_bus import KafkaMessageBus
from onsale.platform.message_queue.message_bus import ReceivedMessage
from tests.servers.protocol import JAR_CACHE
from tests.servers.waiting import eventually
from tests.support.message_buses import Received, consuming, numbered
from tests.support.missing import is_missing

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

TOPICS = KafkaTopicBuilder("outage")
COMMANDS, GROUP = TOPICS.seat_commands(), TOPICS.seat_reservation_group()
RECOVERY_SECONDS_MAX = 60.0


@pytest.fixture
def kafka(tmp_path: Path) -> EmbeddedKafka:
    """A broker that nobody else uses."""
    kafka = EmbeddedKafka(DataDirectory(tmp_path / "data"), jar_cache=JAR_CACHE)
    try:
        kafka.prepare()
    except MissingComponentError as error:
        is_missing(error)
    return kafka


@pytest.fixture
async def supervisor(tmp_path: Path, kafka: EmbeddedKafka) -> AsyncIterator[Supervisor]:
    async with Supervisor(DataDirectory(tmp_path / "data")) as supervisor:
        await supervisor.start(*kafka.processes())
        yield supervisor


@pytest.fixture
async def bus(kafka: EmbeddedKafka, supervisor: Supervisor) -> AsyncIterator[KafkaMessageBus]:
    bus = KafkaMessageBus(kafka.bootstrap, TOPICS, 4, publish_seconds_max=1.0, session_seconds=6.0)
    await bus.ensure_topics()
    yield bus
    await bus.close()


async def test_everything_goes_on_after_the_broker_was_killed(
    bus: KafkaMessageBus, supervisor: Supervisor
) -> None:
    received, may_end = Received(), asyncio.Event()

    async def handle(batch: Sequence[ReceivedMessage]) -> None:
        await received(batch)
        await may_end.wait()

    async with consuming(bus, COMMANDS, GROUP, handle):
        await bus.publish(COMMANDS, numbered("a", 3))
        await received.count_reaches(3)
        assert await bus.backlog(COMMANDS, GROUP) == 3

        supervisor.signal("kafka", signal.SIGKILL)
        with pytest.raises(UnavailableError):
            await bus.publish(COMMANDS, numbered("a", 1, first=3))
        with pytest.raises(UnavailableError):
            await bus.check()
        # The batch in hand is committed late: when the broker is there again.
        may_end.set()

        async def is_back() -> bool:
            try:
                await bus.publish(COMMANDS, numbered("a", 1, first=4))
            except UnavailableError:
                return False
            return True

        async def nothing_is_left() -> bool:
            try:
                return await bus.backlog(COMMANDS, GROUP) == 0
            except UnavailableError:
                return False

        await eventually(is_back, timeout_seconds=RECOVERY_SECONDS_MAX)
        await eventually(lambda: 4 in received.values_of("a"), timeout_seconds=RECOVERY_SECONDS_MAX)
        await eventually(nothing_is_left, timeout_seconds=RECOVERY_SECONDS_MAX)
        await bus.check()
    first_seen = list(dict.fromkeys(received.values_of("a")))
    assert first_seen in ([0, 1, 2, 4], [0, 1, 2, 3, 4])
