"""Which commands of the Redis protocol the seat store uses, in its script too: Kvrocks has no others."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from redis.asyncio import Redis

from onsale.platform.state.redis_clients import create_client
from onsale.service.seat_reservation.driven_adapter.seat_store.redis_seat_store import (
    RedisSeatStore,
)
from tests.builders.seats import EPOCH, EVENT, NOW, TODAY, SeatBooking, layout, snapshot

# What was seen to work on a real Kvrocks, or is plain enough for any server of the protocol.
KVROCKS_COMMANDS = set(
    "EVAL EVALSHA SCRIPT GETRANGE SETRANGE SET HSET HMGET HINCRBY ZADD PUBLISH MULTI EXEC BITFIELD "
    "SUBSCRIBE PSUBSCRIBE EXPIRE SETEX SCAN GET MGET DEL EXISTS INCR HGET HGETALL HDEL HLEN TTL "
    "PING SADD SMEMBERS".split()
)
THE_END = "watched until here"


@dataclass(frozen=True)
class Seen:
    words: tuple[str, ...]
    in_script: bool

    @property
    def name(self) -> str:
        return self.words[0].upper()


class Watched:
    """A seat store on a server whose MONITOR is read."""

    def __init__(self, store: RedisSeatStore, client: Redis, observer: Redis) -> None:
        self.store = store
        self._client = client
        self._observer = observer

    async def watch(self) -> "Watched":
        # Connected before: a handshake is the client's business.
        await self.store.check()
        self._monitor = await self._observer.monitor().connect()
        return self

    async def seen(self) -> list[Seen]:
        await self._client.get(THE_END)
        found: list[Seen] = []
        while True:
            command = await self._monitor.next_command()
            words = tuple(command["command"].split(" "))
            if THE_END in command["command"]:
                return found
            found.append(Seen(words, in_script=command["client_type"] == "lua"))
