"""Brokers that a test kills, stops, pauses and starts again, one by one.

They have no supervisor, which would start a killed broker again at once: here it stays away until
the test says otherwise.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from confluent_kafka import ElectionType, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import TopicMetadata

from onsale.platform.embedded import exec_child
from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.jars import resolve_jars
from onsale.platform.embedded.java import find_java
from onsale.platform.embedded.kafka import EmbeddedKafka
from onsale.platform.embedded.managed_process import ManagedProcess
from tests.servers.protocol import JAR_CACHE

TOOLS_LOCK = Path(__file__).with_name("kafka_tools.lock")
HEAP_MEGABYTES = 256
# Generous: other tests run beside on few cores.
START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 60.0
IN_SYNC_SECONDS_MAX = 90.0
TOOL_SECONDS_MAX = 90.0
_ANSWER_SECONDS_MAX = 5.0
_POLL_SECONDS = 0.1


@dataclass(slots=True)
class KafkaCluster:
    """A cluster of three below ``directory``; every method blocks until it is done."""

    directory: Path
    node_ids: tuple[int, ...] = (1, 2, 3)
    settings: Mapping[str, str] = field(default_factory=dict)
    _kafka: EmbeddedKafka = field(init=False)
    _running: dict[int, subprocess.Popen[bytes]] = field(default_factory=dict)
    _paused: set[int] = field(default_factory=set)
    # A broker is tied to the thread that starts it, and those of a test's loop end with the test.
    _spawner: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))

    def __post_init__(self) -> None:
        self._kafka = EmbeddedKafka(
            DataDirectory(self.directory),
            self.node_ids,
            JAR_CACHE,
            settings=self.settings,
            heap_megabytes=HEAP_MEGABYTES,
        )

    @property
    def bootstrap(self) -> str:
        return self._kafka.bootstrap

    def prepare(self) -> None:
        """Write the configuration and format the storage of every broker."""
        self._kafka.prepare()

    def start(self, *node_ids: int) -> None:
        """Start these together and return once each answers."""
        processes = dict(zip(self.node_ids, self._kafka.processes(), strict=True))
        for node_id in node_ids:
            spawned = self._spawner.submit(self._spawn, processes[node_id])
            self._running[node_id] = spawned.result()
        for node_id in node_ids:
            self._wait(partial(self._answers, node_id), START_SECONDS_MAX)

    def _spawn(self, process: ManagedProcess) -> subprocess.Popen[bytes]:
        with (self.directory / f"{process.name}.log").open("ab") as log:
            return subprocess.Popen(
                [
                    # Tied to this process, so that a test run that is killed leaves none.
                    *(sys.executable, "-I", "-S", str(Path(exec_child.__file__))),
                    *(str(os.getpid()), str(int(signal.SIGKILL)), ""),
                    *process.argv,
                ],
                cwd=process.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def kill(self, *node_ids: int) -> None:
        """As ``kill -9`` does it, all in one moment."""
        for node_id in node_ids:
            self._running[node_id].kill()
        for node_id in node_ids:
            self._ended(node_id)

    def stop(self, node_id: int) -> None:
        """As an operator does it: the broker hands its partitions over and ends."""
        self._running[node_id].terminate()
        self._ended(node_id)

    def pause(self, *node_ids: int) -> None:
        """They stand still, with their connections open, until resumed."""
        for node_id in node_ids:
            self._running[node_id].send_signal(signal.SIGSTOP)
            self._paused.add(node_id)

    def resume(self, *node_ids: int) -> None:
        """Let them go on."""
        for node_id in node_ids:
            self._running[node_id].send_signal(signal.SIGCONT)
            self._paused.discard(node_id)

    def heal(self) -> None:
        """Return once all run and every partition has all of its replicas in sync."""
        self.resume(*self._paused & self._running.keys())
        missing = [node_id for node_id in self.node_ids if node_id not in self._running]
        self.start(*missing)
        self.wait_until_in_sync()

    def end(self) -> None:
        """Kill what runs; nothing of it is needed any more."""
        self.kill(*self._running)
        self._spawner.shutdown()

    def wait_until_in_sync(self) -> None:
        """Return once every running broker sees all replicas of every partition in sync."""
        self._wait(self._is_in_sync, IN_SYNC_SECONDS_MAX)

    def leader(self, topic: str, partition: int = 0) -> int:
        """Which broker leads the partition; -1 while none does."""
        leader: int = self._topic(topic).partitions[partition].leader
        return leader

    def replicas(self, topic: str, partition: int = 0) -> list[int]:
        """Which brokers keep the partition, the preferred leader first."""
        replicas: list[int] = self._topic(topic).partitions[partition].replicas
        return replicas

    def coordinator(self, group: str) -> int:
        """Which broker looks after the consumer group, once one does."""
        admin = self._admin()
        found: list[int] = []

        def is_found() -> bool:
            described = admin.describe_consumer_groups([group])[group]
            try:
                found.append(described.result(_ANSWER_SECONDS_MAX).coordinator.id)
            except (KafkaException, TimeoutError):
                return False
            return True

        self._wait(is_found, IN_SYNC_SECONDS_MAX)
        return found[0]

    def controller(self) -> int:
        """Which broker is the active controller, as the newest vote on disk tells."""
        votes = []
        for node_id in self._running:
            logs = self._kafka.data / f"node-{node_id}" / "logs"
            vote = json.loads((logs / "__cluster_metadata-0" / "quorum-state").read_text())
            votes.append((int(vote["leaderEpoch"]), int(vote["leaderId"])))
        return max(votes)[1]

    def elect_anyone(self, topic: str) -> None:
        """Let any copy lead the topic's first partition, also one that may lack messages."""
        partition = TopicPartition(topic, 0)

        def is_elected() -> bool:
            # A new client each time: one that met the controller's change may not get over it.
            admin = self._admin()
            try:
                admin.elect_leaders(ElectionType.UNCLEAN, [partition]).result(_ANSWER_SECONDS_MAX)
                return self.leader(topic) in self._running
            except (KafkaException, TimeoutError):
                return False

        self._wait(is_elected, IN_SYNC_SECONDS_MAX)

    def run_tool(self, main_class: str, *arguments: str | Path) -> str:
        """Run one of Kafka's own command-line tools; returns what it printed."""
        jars = [*resolve_jars(JAR_CACHE), *resolve_jars(JAR_CACHE, TOOLS_LOCK)]
        run = subprocess.run(
            [
                *(str(find_java()), "-Xmx128m", "-XX:TieredStopAtLevel=1"),
                *("-cp", os.pathsep.join(map(str, jars)), main_class),
                *("--bootstrap-server", self.bootstrap),
                *map(str, arguments),
            ],
            capture_output=True,
            text=True,
            timeout=TOOL_SECONDS_MAX,
            check=False,
        )
        assert run.returncode == 0, f"{main_class}:\n{run.stdout}{run.stderr}"
        return run.stdout

    def _answers(self, node_id: int) -> bool:
        return self._topics(node_id) is not None

    def _ended(self, node_id: int) -> None:
        self._paused.discard(node_id)
        self._running.pop(node_id).wait(STOP_SECONDS_MAX)

    def _is_in_sync(self) -> bool:
        addresses = dict(zip(self.node_ids, self.bootstrap.split(","), strict=True))
        return all(is_in_sync(addresses[node_id]) for node_id in self._running)

    def _topic(self, name: str) -> TopicMetadata:
        return self._admin().list_topics(name, _ANSWER_SECONDS_MAX).topics[name]

    def _admin(self, bootstrap: str | None = None) -> AdminClient:
        return AdminClient({"bootstrap.servers": bootstrap or self.bootstrap, "log_level": 0})

    def _topics(self, node_id: int) -> Mapping[str, TopicMetadata] | None:
        """All topics as this broker knows them; nothing unless it counts itself as alive."""
        addresses = dict(zip(self.node_ids, self.bootstrap.split(","), strict=True))
        admin = self._admin(addresses[node_id])
        try:
            metadata = admin.list_topics(timeout=2.0)
        except KafkaException:
            return None
        topics: Mapping[str, TopicMetadata] = metadata.topics
        return topics if node_id in metadata.brokers else None

    def _wait(self, condition: Callable[[], bool], seconds_max: float) -> None:
        deadline = time.monotonic() + seconds_max
        while not condition():
            assert time.monotonic() < deadline, f"the cluster is not well after {seconds_max} s"
            time.sleep(_POLL_SECONDS)


def is_in_sync(bootstrap: str) -> bool:
    """Whether the first broker that answers sees all copies of every partition in sync."""
    try:
        metadata = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0}).list_topics(
            timeout=2.0
        )
    except KafkaException:
        return False
    return all(
        partition.leader >= 0 and set(partition.isrs) == set(partition.replicas)
        for topic in metadata.topics.values()
        for partition in topic.partitions.values()
    )


@contextmanager
def running_cluster(directory: Path) -> Iterator[KafkaCluster]:
    """Three brokers within the block."""
    cluster = KafkaCluster(directory)
    cluster.prepare()
    try:
        cluster.start(*cluster.node_ids)
        yield cluster
    finally:
        cluster.end()
