"""A consumer as a process of its own, so that a test can kill or freeze it.

Writes every message that its handler was given as a line ``key value`` to a file, and a line
``done`` when the handler returns. With ``wait`` as last argument the handler never returns.
"""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.platform.message_queue.message_bus import ReceivedMessage
from tests.support.message_buses import BusKind, open_bus


async def consume(kind: BusKind, address: str, prefix: str, path: Path, *, waits: bool) -> None:
    topics = KafkaTopicBuilder(prefix)
    bus = open_bus(kind, address, topics)
    with path.open("a", buffering=1) as report:

        async def handle(batch: Sequence[ReceivedMessage]) -> None:
            report.writelines(f"{message.key} {message.value.decode()}\n" for message in batch)
            if waits:
                await asyncio.Event().wait()
            report.write("done\n")

        group = topics.seat_reservation_group()
        await bus.consume(topics.seat_commands(), group, handle, stop=asyncio.Event())


if __name__ == "__main__":
    _, kind, address, prefix, path, *rest = sys.argv
    assert kind in {"redis", "kafka"}
    asyncio.run(
        consume(
            "redis" if kind == "redis" else "kafka", address, prefix, Path(path), waits=bool(rest)
        )
    )
