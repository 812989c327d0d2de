"""Apache Kafka without a distribution: its jars, one Java process for each broker, no ZooKeeper."""

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from onsale.platform.embedded.data_directory import DataDirectory
from onsale.platform.embedded.exceptions import EmbeddedError
from onsale.platform.embedded.jars import resolve_jars
from onsale.platform.embedded.java import find_java
from onsale.platform.embedded.kafka_settings import (
    KafkaNode,
    broker_settings,
    render,
    write_logging,
)
from onsale.platform.embedded.managed_process import ManagedProcess
from onsale.platform.embedded.ports import choose_port, stable_port

_FORMAT_TIMEOUT_SECONDS = 60.0
_ANSWER_TIMEOUT_SECONDS = 2.0
_STOP_TIMEOUT_SECONDS = 20.0
_COMPILE_QUICKLY = ("-XX:TieredStopAtLevel=1",)


@dataclass(frozen=True, slots=True)
class EmbeddedKafka:
    """A cluster of brokers below a data directory; each is also a controller (KRaft).

    ``node_ids`` decides how many: with three or more, topics have three replicas of which two
    must acknowledge, so that one broker may die at any moment. The brokers listen on the loopback
    address, at ports that stay the same over restarts.
    """

    directory: DataDirectory
    node_ids: Sequence[int] = (1,)
    jar_cache: Path | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    heap_megabytes: int = 512

    @property
    def data(self) -> Path:
        """Where the brokers keep their logs and configuration, a directory for each."""
        return self.directory.sub("kafka")

    @property
    def bootstrap(self) -> str:
        """``host:port`` of every broker, separated by commas."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes())

    def stored_node_ids(self) -> list[int]:
        """The brokers whose storage the data directory holds already, lowest number first."""
        found = self.data.glob("node-*/logs/meta.properties")
        return sorted(int(path.parts[-3].removeprefix("node-")) for path in found)

    def prepare(self) -> None:
        """Fetch the jars where missing, choose ports, write the configuration, format storage.

        Blocks: some seconds the first time, a tenth of one later. No broker may be running.

        Raises:
            EmbeddedError: no Java, no jars, no port, or the storage cannot be formatted.
        """
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        java = [str(find_java()), *_COMPILE_QUICKLY, "-cp", self._class_path()]
        for node_id in self.node_ids:
            choose_port(self.directory, _broker_port(node_id))
            choose_port(self.directory, _controller_port(node_id))
        write_logging(self._logging)
        nodes = self._nodes()
        for node in nodes:
            node.directory.mkdir(mode=0o700, exist_ok=True)
            settings = {**broker_settings(node, nodes), **self.settings}
            self._configuration(node).write_text(render(settings))
            if not (node.directory / "logs" / "meta.properties").exists():
                self._format(java, node)

    def processes(self) -> list[ManagedProcess]:
        """The brokers' processes, to be started together; call ``prepare`` before."""
        java = find_java()
        class_path = self._class_path()
        return [
            ManagedProcess(
                name=self.process_name(node.node_id),
                argv=[
                    str(java),
                    f"-Xmx{self.heap_megabytes}m",
                    f"-Xms{self.heap_megabytes // 2}m",
                    # Several share the cores of one machine: half of starting is compiling.
                    *(_COMPILE_QUICKLY if len(self.node_ids) > 1 else ()),
                    "-XX:+UseG1GC",
                    "-XX:MaxGCPauseMillis=20",
                    "-XX:+ExitOnOutOfMemoryError",
                    "-Djava.awt.headless=true",
                    f"-Dlog4j2.configurationFile={self._logging}",
                    *("-cp", class_path),
                    "kafka.Kafka",
                    str(self._configuration(node)),
                ],
                cwd=node.directory,
                ready=_Readiness(node).is_ready,
                ready_timeout_seconds=90.0,
                stop_signal=signal.SIGTERM,
                stop_timeout_seconds=_STOP_TIMEOUT_SECONDS,
            )
            for node in self._nodes()
        ]

    def process_name(self, node_id: int) -> str:
        """What the supervisor calls this broker: ``kafka``, or ``kafka-2`` where there are more."""
        return "kafka" if len(self.node_ids) == 1 else f"kafka-{node_id}"

    @property
    def _logging(self) -> Path:
        return self.data / "log4j2.yaml"

    def _class_path(self) -> str:
        jars = resolve_jars(self.jar_cache or self.directory.cache)
        return os.pathsep.join(str(jar) for jar in jars)

    def _nodes(self) -> list[KafkaNode]:
        return [
            KafkaNode(
                node_id=node_id,
                port=stable_port(self.directory, _broker_port(node_id)),
                controller_port=stable_port(self.directory, _controller_port(node_id)),
                directory=self.data / f"node-{node_id}",
            )
            for node_id in self.node_ids
        ]

    def _configuration(self, node: KafkaNode) -> Path:
        return node.directory / "server.properties"

    def _cluster_id(self) -> str:
        path = self.data / "cluster-id"
        if not path.exists():
            text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # A leading dash would be taken for an option.
            path.write_text(text.replace("-", "_"))
        return path.read_text()

    def _format(self, java: Sequence[str], node: KafkaNode) -> None:
        # What a formatting that was cut short has left is no data.
        shutil.rmtree(node.directory / "logs", ignore_errors=True)
        run = subprocess.run(
            [
                *java,
                "kafka.tools.StorageTool",
                "format",
                *("--cluster-id", self._cluster_id(), "--config", str(self._configuration(node))),
            ],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_FORMAT_TIMEOUT_SECONDS,
            check=False,
        )
        if run.returncode != 0:
            raise EmbeddedError(
                f"cannot format Kafka's storage: {(run.stderr or run.stdout).strip()}"
            )


class _Readiness:
    """Whether a broker takes part in the cluster, asked over its own port."""

    def __init__(self, node: KafkaNode) -> None:
        self._node = node

    async def is_ready(self) -> bool:
        """True once the broker itself lists itself among the live ones."""
        # The client logs every refused connection; so it is not asked before somebody listens.
        try:
            async with asyncio.timeout(_ANSWER_TIMEOUT_SECONDS):
                _, writer = await asyncio.open_connection("127.0.0.1", self._node.port)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return await asyncio.to_thread(self._lists_itself)

    def _lists_itself(self) -> bool:
        client = AdminClient({"bootstrap.servers": f"127.0.0.1:{self._node.port}", "log_level": 0})
        try:
            metadata = client.list_topics(timeout=_ANSWER_TIMEOUT_SECONDS)
        except KafkaException:
            return False
        return self._node.node_id in metadata.brokers


def _broker_port(node_id: int) -> str:
    return f"kafka-{node_id}"


def _controller_port(node_id: int) -> str:
    return f"kafka-{node_id}-controller"
