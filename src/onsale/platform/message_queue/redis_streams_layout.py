"""Where a topic's messages, groups and leases lie in Redis."""

import zlib
from dataclasses import dataclass

from onsale.platform.message_queue.message_bus import ReceivedMessage


@dataclass(frozen=True, slots=True)
class StreamsLayout:
    """The keys of one topic, whose partitions are numbered from 0."""

    topic: str
    partition_count: int

    def partition_of(self, key: str) -> int:
        """The partition of a message key, the same in every process and release."""
        return zlib.crc32(key.encode()) % self.partition_count

    def stream(self, partition: int) -> str:
        """Stream of a partition's messages; an entry's id is its position."""
        return f"bus:{self.topic}:{partition}"

    def ends(self) -> str:
        """Hash: partition to the position of its last message."""
        return f"bus:{self.topic}:ends"

    def groups(self) -> str:
        """Sorted set: group to when it was last seen, in ms; +inf where it is never forgotten."""
        return f"bus:{self.topic}:groups"

    def members(self, group: str) -> str:
        """Sorted set: member's token to its last heartbeat, in ms."""
        return f"bus:{self.topic}:group:{group}:members"

    def offsets(self, group: str) -> str:
        """Hash: partition to the position of the last message that the group has consumed."""
        return f"bus:{self.topic}:group:{group}:offsets"

    def lease(self, group: str, partition: int) -> str:
        """String: token of the one member that may consume the partition; it expires."""
        return f"bus:{self.topic}:group:{group}:lease:{partition}"

    def leases(self, group: str) -> list[str]:
        """The lease of every partition, in order."""
        return [self.lease(group, partition) for partition in range(self.partition_count)]

    def received(
        self, partition: int, entry_id: bytes, fields: dict[bytes, bytes]
    ) -> ReceivedMessage:
        """An entry of a partition's stream, as the port calls it."""
        return ReceivedMessage(
            topic=self.topic,
            partition=partition,
            position=entry_id.partition(b"-")[0].decode(),
            key=fields[b"k"].decode(),
            value=fields[b"v"],
        )


def partition_count_key(topic: str) -> str:
    """String: how many partitions the topic was created with."""
    return f"bus:{topic}:partition-count"
