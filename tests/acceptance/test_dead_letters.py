"""A message that nobody can process is set aside, shown, and sent again when asked."""

import asyncio
import re
from pathlib import Path

from onsale.bootstrap import open_message_bus
from onsale.platform.message_queue.message_bus import Message
from onsale.settings import Settings
from tests.support.both_buses import ON_BOTH_BUSES
from tests.support.onsale_up import OnsaleUp, run_onsale
from tests.support.polling import wait_for
from tests.support.visitors import Buyer

pytestmark = ON_BOTH_BUSES

SET_ASIDE = "message_dead_lettered"


async def test_a_poisonous_message_is_set_aside_and_can_be_sent_again(
    system: OnsaleUp, buyer: Buyer, event_id: int, tmp_path: Path
) -> None:
    poison = f'{{"type": "no such command", "of": {event_id}}}'
    set_aside = system.log_text("seat-reservation").count(SET_ASIDE)
    await publish_command(system, f"{event_id}:A-1", poison)

    # What lies behind it in the same partition goes on.
    assert (await buyer.hold(event_id, "1-1"))["status"] == "pending_payment"
    await set_aside_count(system, set_aside + 1)
    listed = await listed_with(system, poison)
    assert "UnreadableMessageError" in listed
    assert re.search(rf"onsale\.seat-commands +{event_id}:A-1", listed)

    # The broker is all that it takes.
    needed = "ONSALE_KAFKA_BOOTSTRAP" if system.bus == "kafka" else "ONSALE_SEAT_STORE_URL"
    broker = {name: system.settings[name] for name in ("ONSALE_BUS", needed)}
    elsewhere = run_onsale("dlq", "list", environment=broker, cwd=tmp_path)
    assert (elsewhere.stdout, elsewhere.stderr) == (listed, "")

    # To look was not to take. It is as poisonous as before, and so it comes back.
    assert "1 dead letters were sent again" in dlq(system, "redrive")
    await set_aside_count(system, set_aside + 2)
    await listed_with(system, poison)
    system.verify(event_id)


def dlq(system: OnsaleUp, *arguments: str) -> str:
    """What ``onsale dlq`` prints."""
    run = run_onsale("dlq", *arguments, "--data", system.data)
    assert run.returncode == 0, run.stderr
    return run.stdout


async def listed_with(system: OnsaleUp, text: str) -> str:
    """What is listed once this is: it is told in the log before it is among the letters."""
    return await wait_for(
        lambda: asyncio.to_thread(dlq, system, "list"), lambda listed: text in listed
    )


async def publish_command(system: OnsaleUp, key: str, value: str) -> None:
    """Put a message on the topic of seat commands, past everything that would check it."""
    settings = Settings.model_validate(
        {name.removeprefix("ONSALE_").lower(): value for name, value in system.settings.items()}
    )
    async with open_message_bus(settings) as (bus, topics):
        await bus.publish(topics.seat_commands(), [Message(key, value.encode())])


async def set_aside_count(system: OnsaleUp, count: int) -> None:
    """Wait until so many messages were set aside in all."""

    async def read() -> int:
        return system.log_text("seat-reservation").count(SET_ASIDE)

    await wait_for(read, lambda now: now >= count)
