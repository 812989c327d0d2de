"""Events that a seller has already: what a creation that was broken off need not make again."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self, TypeAlias

from onsale.client import Event, EventStatus, OnsaleClient

_Key: TypeAlias = tuple[str, str, datetime | None]


@dataclass(slots=True)
class EventsThere:
    """Each stands for one event of the files: two that are alike are there only if both were made.

    Alike are those of one name, venue and ``starts_at``. What was cancelled is not there.
    """

    _left: dict[_Key, list[Event]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, client: OnsaleClient) -> Self:
        """All events of whoever is signed in."""
        there = cls()
        with client.all_events(mine=True) as events:
            for event in events:
                if event.status is not EventStatus.CANCELLED:
                    key = (event.name, event.venue_name, event.starts_at)
                    there._left[key].append(event)
        return there

    def take(self, form: Mapping[str, Any]) -> Event | None:
        """One that is like this and was not taken before, the oldest first."""
        try:
            key = (str(form["name"]).strip(), str(form["venue_name"]).strip(), _starts_at(form))
        except (KeyError, ValueError, OverflowError):
            return None  # the service will say what is wrong with it
        left = self._left.get(key)
        return left.pop() if left else None


def _starts_at(form: Mapping[str, Any]) -> datetime | None:
    """The moment, in a file of YAML or JSON.

    Raises:
        ValueError, OverflowError: it is none that the service takes.
    """
    said = form.get("starts_at")
    if said is None:
        return None
    moment = said if isinstance(said, datetime) else datetime.fromisoformat(str(said).upper())
    if moment.tzinfo is None:
        raise ValueError("a time without a zone")
    return moment.astimezone(UTC)
