"""``ISeatStore`` and ``IHoldLookup`` on Kvrocks, or on Redis 6.2 and later."""

import asyncio
import hashlib
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from importlib import resources
from typing import Any, cast
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import NoScriptError
from redis.typing import EncodableT, FieldT

from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.seat_store.installation import (
    SubsectionWrite,
    chunks,
    writes_for,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.script_call import (
    ANSWERS_KEPT_SECONDS,
    ScriptCall,
    calls_for,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_bitmap import (
    packed_size_bytes,
    unpack_states,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.seat_keys import (
    SeatKeys,
    StoredLayout,
    parse_stats_field,
    stats_field,
)
from onsale.service.seat_reservation.driven_adapter.seat_store.store_errors import (
    DEPENDENCY,
    store_errors,
)
from onsale.service.shared_kernel.seat_messages import SeatCommand, SeatResult
from onsale.service.shared_kernel.seat_snapshot import SubsectionSnapshot, SubsectionStates
from onsale.service.shared_kernel.seating import SeatCounts, SeatPosition, SubsectionLayout

CHECK_TIMEOUT_SECONDS = 2
SUBSECTIONS_PER_READ_MAX = 500
EVENTS_PER_READ_MAX = 100

_SCRIPT_PARTS = ("subsection_seats.lua", "ruled_seats.lua", "apply_seat_commands.lua")

_Hash = dict[bytes, bytes]


def apply_seat_commands_script() -> str:
    """The text of the script that decides."""
    here = resources.files(__package__)
    return "\n".join(here.joinpath(part).read_text("utf-8") for part in _SCRIPT_PARTS)


class RedisSeatStore:
    """Needs a client that speaks RESP2 (``protocol=2``) and returns bytes.

    Only commands that Kvrocks has are used, and every key of a script is declared.
    """

    def __init__(self, client: Redis) -> None:
        self._client = client
        self._script = apply_seat_commands_script()
        self._script_sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()

    async def apply(self, commands: Sequence[SeatCommand], *, now: datetime) -> list[SeatResult]:
        calls = calls_for(commands)
        if not calls:
            return []
        with store_errors():
            try:
                replies = await self._run(calls, now)
            except NoScriptError:
                # Every call of the EXEC needed the same script, so nothing was done; and were it
                # not so, a repeat would get the first answers.
                await self._client.script_load(self._script)
                replies = await self._run(calls, now)
        by_place = dict(
            each for call, reply in zip(calls, replies, strict=True) for each in call.results(reply)
        )
        return [by_place[place] for place in range(len(commands))]

    async def _run(self, calls: Sequence[ScriptCall], now: datetime) -> list[Any]:
        async with self._client.pipeline(transaction=True) as pipe:
            for call in calls:
                keys, args = call.keys_and_args(now)
                pipe.evalsha(self._script_sha, len(keys), *keys, *args)
            # Raises the first error of any of the calls.
            replies: list[Any] = await pipe.execute()
        return replies

    async def install(
        self, event_id: int, epoch: int, subsections: Sequence[SubsectionSnapshot]
    ) -> None:
        # What stands is overwritten whatever its epoch. Older answers stay where they are: they
        # carry another generation, so nobody believes them, and their keys have an end.
        generation = secrets.token_hex(4)
        for chunk in chunks(writes_for(epoch, generation, subsections)):
            with store_errors():
                await self._write(SeatKeys(event_id), chunk)

    async def _write(self, keys: SeatKeys, chunk: Sequence[SubsectionWrite]) -> None:
        async with self._client.pipeline(transaction=True) as pipe:
            stats: dict[FieldT, EncodableT] = {}
            for each in chunk:
                section, subsection = each.section, each.subsection
                pipe.set(keys.bitmap(section, subsection), each.bitmap)
                pipe.set(keys.layout(section, subsection), each.layout)
                stats[stats_field(section, subsection)] = each.stats
                for day, answers in each.answers.items():
                    key = keys.answers(section, subsection, day)
                    pipe.hset(key, mapping=answers)
                    pipe.expire(key, ANSWERS_KEPT_SECONDS)
            pipe.hset(keys.stats(), mapping=stats)
            await pipe.execute()

    async def counts(self, event_id: int) -> dict[tuple[str, int], SeatCounts]:
        with store_errors():
            stats = cast("_Hash", await self._client.hgetall(SeatKeys(event_id).stats()))
        return {
            parse_stats_field(field.decode()): SeatCounts(*map(int, value.split(b",")))
            for field, value in stats.items()
        }

    async def any_available(self, event_ids: Collection[int]) -> dict[int, bool]:
        ids = list(event_ids)
        is_left: dict[int, bool] = {}
        # A hall may have thousands of subsections, so not all events are asked at once.
        for start in range(0, len(ids), EVENTS_PER_READ_MAX):
            chunk = ids[start : start + EVENTS_PER_READ_MAX]
            with store_errors():
                async with self._client.pipeline(transaction=False) as pipe:
                    for event_id in chunk:
                        pipe.hvals(SeatKeys(event_id).stats())
                    found: list[list[bytes]] = await pipe.execute()
            for event_id, stats in zip(chunk, found, strict=True):
                if stats:
                    # The first of the four counts.
                    is_left[event_id] = any(not value.startswith(b"0,") for value in stats)
        return is_left

    async def absent(self, event_ids: Sequence[int]) -> set[int]:
        """The events of which the store holds nothing."""
        with store_errors():
            async with self._client.pipeline(transaction=False) as pipe:
                for event_id in event_ids:
                    pipe.exists(SeatKeys(event_id).stats())
                found: list[int] = await pipe.execute()
        return {
            event_id for event_id, is_there in zip(event_ids, found, strict=True) if not is_there
        }

    async def states(
        self, event_id: int, subsections: Sequence[SubsectionLayout]
    ) -> list[SubsectionStates | None]:
        keys = SeatKeys(event_id)
        found: list[SubsectionStates | None] = []
        for start in range(0, len(subsections), SUBSECTIONS_PER_READ_MAX):
            chunk = subsections[start : start + SUBSECTIONS_PER_READ_MAX]
            names = [
                name
                for each in chunk
                for name in (
                    keys.layout(each.section, each.subsection),
                    keys.bitmap(each.section, each.subsection),
                )
            ]
            # One command, so that no layout is paired with the bitmap of another installation.
            with store_errors():
                values = cast("list[bytes | None]", await self._client.mget(names))
            found += map(_states, chunk, values[::2], values[1::2])
        return found

    async def holds(
        self, event_id: int, section: str, subsection: int, days: Sequence[str]
    ) -> dict[UUID, tuple[str, ...]]:
        keys = SeatKeys(event_id)
        with store_errors():
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.get(keys.layout(section, subsection))
                for day in days:
                    pipe.hgetall(keys.answers(section, subsection, day))
                stored, *answers = await pipe.execute()
        if stored is None:
            return {}
        layout = StoredLayout.parse(stored)
        return {
            UUID(booking.decode()): positions
            for of_day in answers
            for booking, answer in of_day.items()
            if (positions := _held_positions(layout, answer.decode()))
        }

    async def check(self) -> None:
        try:
            with store_errors():
                async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                    await self._client.ping()
        except TimeoutError as error:
            detail = f"no answer within {CHECK_TIMEOUT_SECONDS} s"
            raise UnavailableError(DEPENDENCY, detail) from error


def _states(
    asked: SubsectionLayout, stored: bytes | None, bitmap: bytes | None
) -> SubsectionStates | None:
    if stored is None or bitmap is None:
        return None
    layout = StoredLayout.parse(stored)
    if len(bitmap) != packed_size_bytes(layout.seat_count):
        return None
    return SubsectionStates(
        section=asked.section,
        subsection=asked.subsection,
        epoch=layout.epoch,
        rows=layout.rows,
        seats_per_row=layout.seats_per_row,
        states=unpack_states(bitmap, layout.seat_count),
    )


def _held_positions(layout: StoredLayout, answer: str) -> tuple[str, ...]:
    generation, _seq, state, indexes = answer.split(":")
    if generation != layout.generation or state not in ("held", "sold"):
        return ()
    return tuple(
        str(SeatPosition(index // layout.seats_per_row + 1, index % layout.seats_per_row + 1))
        for index in map(int, indexes.split(","))
    )
