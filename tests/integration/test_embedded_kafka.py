"""Kafka from Maven coordinates: jars that are what they claim, brokers that come back."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import MissingComponentError
from onsale.platform.embedded.jars import KAFKA_LOCK, read_lock, resolve_jars
from onsale.platform.embedded.java import find_java
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.supervisor import Supervisor
from tests.servers.protocol import JAR_CACHE
from tests.servers.waiting import eventually
from tests.support.missing import is_missing

pytestmark = pytest.mark.kafka

# Three brokers on two cores take their time to elect each other while other tests run.
_TIMEOUT_SECONDS = 75.0


@pytest.fixture(scope="module", autouse=True)
def _jars() -> None:
    try:
        resolve_jars(JAR_CACHE)
    except MissingComponentError as error:
        is_missing(error)


@pytest.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    async with Supervisor(DataDirectory(tmp_path / "data")) as supervisor:
        yield supervisor


@pytest.mark.long
async def test_a_message_goes_round_and_outlives_kill_9_of_the_broker(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    kafka = EmbeddedKafka(DataDirectory(tmp_path / "data"), jar_cache=JAR_CACHE)
    kafka.prepare()
    (broker,) = kafka.processes()
    await supervisor.start(broker)
    await asyncio.to_thread(_make_topic, kafka.bootstrap, 1)
    await asyncio.to_thread(_produce, kafka.bootstrap, [b"one", b"two"])
    killed = supervisor.pid("kafka")
    supervisor.signal("kafka", signal.SIGKILL)
    await eventually(lambda: supervisor.pid("kafka") not in {None, killed})
    await eventually(broker.ready, timeout_seconds=60)
    await asyncio.to_thread(_produce, kafka.bootstrap, [b"three"])
    assert await asyncio.to_thread(_consume, kafka.bootstrap, 3) == [b"one", b"two", b"three"]


def test_a_damaged_jar_is_fetched_again(tmp_path: Path) -> None:
    lock = _lock_of_one(tmp_path)
    (path,) = resolve_jars(tmp_path, lock)
    path.write_bytes(path.read_bytes()[:1000])
    assert resolve_jars(tmp_path, lock) == [path]
    assert read_lock(lock)[0].is_intact(tmp_path / "maven")


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    lock = _lock_of_one(tmp_path, sha256="0" * 64)
    with pytest.raises(MissingComponentError, match=r"org\.slf4j:slf4j-api:.* not those that were"):
        resolve_jars(tmp_path, lock)


def test_without_network_the_error_names_the_coordinates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("NO_PROXY", "")
    with pytest.raises(MissingComponentError, match=r"cannot fetch org\.slf4j:slf4j-api:"):
        resolve_jars(tmp_path, _lock_of_one(tmp_path))


def test_java_home_is_respected_only_if_recent_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    (tmp_path / "release").write_text('JAVA_VERSION="21.0.3"\n')
    assert find_java() == tmp_path / "bin" / "java"
    for old in ("11.0.22", "1.8.0_402"):
        (tmp_path / "release").write_text(f'JAVA_VERSION="{old}"\n')
        assert find_java() != tmp_path / "bin" / "java"


def _lock_of_one(directory: Path, sha256: str | None = None) -> Path:
    jar = next(jar for jar in read_lock(KAFKA_LOCK) if "slf4j-api" in jar.coordinates)
    lock = directory / "one.lock"
    lock.write_text(f"# one\n{jar.coordinates} {sha256 or jar.sha256}\n")
    return lock


def _make_topic(bootstrap: str, replicas: int) -> None:
    admin = AdminClient({"bootstrap.servers": bootstrap})
    topic = NewTopic("round", num_partitions=1, replication_factor=replicas)
    admin.create_topics([topic])["round"].result(_TIMEOUT_SECONDS)


def _produce(bootstrap: str, values: list[bytes]) -> None:
    errors: list[object] = []

    def delivered(error: object, _message: Message) -> None:
        if error is not None:
            errors.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True})
    for value in values:
        producer.produce("round", value, on_delivery=delivered)
    assert producer.flush(_TIMEOUT_SECONDS) == 0
    assert errors == []


def _consume(bootstrap: str, count: int) -> list[bytes | None]:
    consumer = Consumer(
        {"bootstrap.servers": bootstrap, "group.id": "round", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe(["round"])
    try:
        found: list[Message] = []
        while len(found) < count:
            batch = consumer.consume(count - len(found), _TIMEOUT_SECONDS)
            assert batch, f"only {len(found)} of {count}"
            for message in batch:
                if (error := message.error()) is not None:
                    raise KafkaException(error)
            found += batch
        return [message.value() for message in found]
    finally:
        consumer.close()
