"""Which events' statuses follow their seats, and what becomes of them while a store is away."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.command import refresh_event_status_use_case
from onsale.service.ticketing.app.command.refresh_event_status_use_case import (
    RefreshEventStatusUseCase,
)
from onsale.service.ticketing.app.interface.i_event_upkeep import FollowedSeats


@dataclass
class Upkeep:
    """Follows whatever it is asked for, unless ``away`` is among it."""

    away: int | None = None
    followed: list[int] = field(default_factory=list)

    async def owing_load(self, event_id: int, limit: int) -> Sequence[int]:
        raise NotImplementedError

    async def owing_cancellation(self, event_id: int, limit: int) -> Sequence[int]:
        raise NotImplementedError

    async def opened_after(self, event_id: int, limit: int) -> Sequence[int]:
        return []

    async def follow_seats(self, event_ids: Collection[int]) -> FollowedSeats:
        if self.away in event_ids:
            raise UnavailableError("seat-store")
        self.followed += event_ids
        return FollowedSeats(set(), set())

    async def tidy(self) -> None:
        raise NotImplementedError


class Nobody:
    """Nobody is told, since nothing changes."""

    async def publish(self, **_: object) -> None:
        raise NotImplementedError


async def test_events_that_were_touched_are_followed_once_a_store_is_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refresh_event_status_use_case, "BATCH_COUNT_MAX", 2)
    upkeep = Upkeep(away=4)
    refresh = RefreshEventStatusUseCase(upkeep, Nobody())
    refresh.touch(range(1, 8))
    with pytest.raises(UnavailableError):
        await refresh.execute()
    assert upkeep.followed == [1, 2]
    upkeep.away = None
    await refresh.execute()
    assert upkeep.followed == [1, 2, 3, 4, 5, 6, 7]
    await refresh.execute()
    assert upkeep.followed == [1, 2, 3, 4, 5, 6, 7]
