"""Which commands the seat store uses, in its script too: Kvrocks does not have all of Redis."""

from collections import Counter
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis
from redis.asyncio.client import Monitor

from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand
from onsale.service.shared_kernel.seat_rules import SeatRules
from tests.builders.seats import EPOCH, EVENT, NOW, TODAY, SeatBooking, layout, snapshot

# What was seen to work on a real Kvrocks, or is plain enough for any server of the protocol.
KVROCKS_COMMANDS = (
    "EVAL EVALSHA SCRIPT GETRANGE SETRANGE SET HSET HMGET HINCRBY ZADD PUBLISH MULTI EXEC BITFIELD "
    "SUBSCRIBE PSUBSCRIBE EXPIRE SETEX SCAN GET MGET DEL EXISTS INCR HGET HGETALL HDEL HLEN TTL "
    "PING SADD SMEMBERS"
)
THE_END = "watched-until-here"
HALLS = [layout(2, 4, subsection=number) for number in (1, 2, 3)]


@dataclass(frozen=True)
class Seen:
    """A command as MONITOR shows it; only what stands before its first binary value is exact."""

    words: list[str]
    in_script: bool

    @property
    def name(self) -> str:
        return self.words[0].upper()

    @property
    def declared_keys(self) -> set[str]:
        return set(self.words[3 : 3 + int(self.words[2])])


async def seen_so_far(monitor: Monitor, client: Redis) -> list[Seen]:
    await client.get(THE_END)
    found: list[Seen] = []
    while True:
        command = await monitor.next_command()
        if THE_END in command["command"]:
            return found
        words = command["command"].split(" ")
        found.append(Seen(words, in_script=command["client_type"] == "lua"))


def all_kinds_of_commands() -> list[SeatCommand]:
    bookings = [SeatBooking(subsection=each.subsection) for each in HALLS]
    rules = SeatRules(accessible=((2, 3),), leave_no_single_seats=True)
    return [
        *(booking.best_available(2) for booking in bookings),
        *(booking.release() for booking in bookings[:1]),
        *(booking.finalize() for booking in bookings[1:]),
        *(SeatBooking(subsection=2).manual("1-1", "2-2") for _ in range(2)),
        SeatBooking(subsection=2).manual_by(rules, "2-3"),
        *(
            SeatBooking(subsection=2).best_by(msgspec.structs.replace(rules, accessible_seats=k))
            for k in range(2)
        ),
    ]


async def test_only_commands_that_kvrocks_has_are_used(redis_url: str) -> None:
    async with create_client(redis_url) as client, create_client(redis_url) as observer:
        store = RedisSeatStore(client)
        await store.check()  # connects: a handshake is the client's business
        await client.script_flush()
        async with observer.monitor() as monitor:
            holds = [SeatBooking().held("1-1")]
            await store.install(EVENT, EPOCH, [snapshot(HALLS[0], holds=holds)])
            await store.install(EVENT, EPOCH, [snapshot(each) for each in HALLS[1:]])
            await store.apply(all_kinds_of_commands(), now=NOW)
            await store.states(EVENT, HALLS)
            await store.counts(EVENT)
            await store.holds(EVENT, "A", 1, [TODAY])
            await store.check()
            seen = await seen_so_far(monitor, client)
    assert {each.name for each in seen} <= set(KVROCKS_COMMANDS.split())
    in_script = {each.name for each in seen if each.in_script}
    assert in_script == {"GET", "HMGET", "TTL", "SET", "HSET", "EXPIRE"}


async def test_the_script_touches_only_keys_that_it_declares(redis_url: str) -> None:
    async with create_client(redis_url) as client, create_client(redis_url) as observer:
        store = RedisSeatStore(client)
        await store.install(EVENT, EPOCH, [snapshot(each) for each in HALLS])
        async with observer.monitor() as monitor:
            await store.apply(all_kinds_of_commands(), now=NOW)
            seen = await seen_so_far(monitor, client)
    declared = {key for each in seen if each.name == "EVALSHA" for key in each.declared_keys}
    touched = {each.words[1] for each in seen if each.in_script}
    assert touched == declared
    assert all("{e42}" in key for key in declared)


async def test_a_batch_is_one_transaction_with_one_call_and_few_writes_per_subsection(
    redis_url: str,
) -> None:
    async with create_client(redis_url) as client, create_client(redis_url) as observer:
        store = RedisSeatStore(client)
        await store.install(EVENT, EPOCH, [snapshot(each) for each in HALLS])
        await store.apply([SeatBooking().release()], now=NOW)  # the script is loaded now
        async with observer.monitor() as monitor:
            await store.apply(all_kinds_of_commands() * 20, now=NOW)
            seen = await seen_so_far(monitor, client)
    sent = Counter(each.name for each in seen if not each.in_script)
    assert sent == {"MULTI": 1, "EVALSHA": len(HALLS), "EXEC": 1}
    written = Counter(each.name for each in seen if each.in_script)
    assert written["SET"] == len(HALLS)
    assert written["HSET"] == 2 * len(HALLS)
