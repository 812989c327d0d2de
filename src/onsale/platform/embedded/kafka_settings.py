"""The configuration of a Kafka broker that is also a controller."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_REPLICA_COUNT_MAX = 3
_INTERNAL_PARTITION_COUNT = 8

_LOGGING = """\
Configuration:
  status: warn
  shutdownHook: disable
  Appenders:
    Console:
      name: out
      target: SYSTEM_OUT
      PatternLayout:
        pattern: "%d{ISO8601} %p %m (%c)%n"
  Loggers:
    Root:
      level: warn
      AppenderRef:
        - ref: out
    Logger:
      # One line when a broker starts, one when it stops.
      - name: kafka.server.KafkaRaftServer
        level: info
"""


@dataclass(frozen=True, slots=True)
class KafkaNode:
    """A broker: its number, where it listens, where its files are."""

    node_id: int
    port: int
    controller_port: int
    directory: Path


def broker_settings(node: KafkaNode, nodes: Sequence[KafkaNode]) -> Mapping[str, str]:
    """What ``server.properties`` of ``node`` holds in a cluster of ``nodes``."""
    replicas = min(_REPLICA_COUNT_MAX, len(nodes))
    voters = ",".join(f"{each.node_id}@127.0.0.1:{each.controller_port}" for each in nodes)
    broker_listener = f"PLAINTEXT://127.0.0.1:{node.port}"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node.node_id),
        "controller.quorum.voters": voters,
        "listeners": f"{broker_listener},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": broker_listener,
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "log.dirs": str(node.directory / "logs"),
        # Topics are made on purpose, with their partitions, never by a misspelt name.
        "auto.create.topics.enable": "false",
        "num.partitions": "4",
        "default.replication.factor": str(replicas),
        "min.insync.replicas": str(max(1, replicas - 1)),
        "offsets.topic.replication.factor": str(replicas),
        "offsets.topic.num.partitions": str(_INTERNAL_PARTITION_COUNT),
        "transaction.state.log.replication.factor": str(replicas),
        "transaction.state.log.min.isr": str(max(1, replicas - 1)),
        "transaction.state.log.num.partitions": str(_INTERNAL_PARTITION_COUNT),
        "share.coordinator.state.topic.replication.factor": str(replicas),
        "share.coordinator.state.topic.min.isr": str(max(1, replicas - 1)),
        "share.coordinator.state.topic.num.partitions": str(_INTERNAL_PARTITION_COUNT),
        # A killed broker may register again only once its last session is over: the default of
        # nine seconds is the time that it would be away.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        # One of several that start on a busy machine would end itself after a minute alone.
        "initial.broker.registration.timeout.ms": "180000",
        # Nobody else will join in the next seconds: assign partitions at once.
        "group.initial.rebalance.delay.ms": "0",
        # What a broker acknowledged survives its death: it is in the kernel's memory. Only a
        # machine that loses power loses it, at most what came within this second, and of that
        # the bookings' own commands are sent again from the database.
        "log.flush.interval.ms": "1000",
        "log.flush.scheduler.interval.ms": "1000",
        "log.retention.hours": "168",
        "num.network.threads": "2",
        "num.io.threads": "4",
    }


def render(settings: Mapping[str, str]) -> str:
    """The settings as a Java properties file."""
    return "".join(f"{key}={_escaped(value)}\n" for key, value in settings.items())


def write_logging(path: Path) -> None:
    """Write the logging configuration: warnings to standard output, which the supervisor keeps."""
    path.write_text(_LOGGING)


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").encode("ascii", "backslashreplace").decode()
