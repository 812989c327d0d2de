"""Which webhooks may have how many deliveries in hand, and whose turn it is."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    DueWebhook,
    Look,
    OwedDelivery,
)

IN_HAND_MAX = 200
"""Deliveries that one process has in hand, each with a connection."""
QUICK_IN_HAND_MAX = 100
"""Of these, those of webhooks whose last delivery arrived at once; all others have the rest."""
PER_SELLER_MAX = 20
PER_WEBHOOK_MAX = 4
PER_UNPROVEN_WEBHOOK_MAX = 1
"""Of a webhook that failed last, or that this process has not tried yet."""
QUICK_SECONDS_MAX = 2.0
REMEMBERED_COUNT_MAX = 10_000
"""Webhooks of which it is known how they did; who was tried longest ago is forgotten first."""


class Standing(Enum):
    """How a webhook did last."""

    QUICK = auto()
    SLOW = auto()
    FAILING = auto()


@dataclass(slots=True)
class WebhookPlaces:
    """One for a process. Those that are quick and all others go round apart, each in places of
    their own: however many receivers take their time, they keep no other waiting.
    """

    _in_hand: Counter[int] = field(default_factory=Counter)
    _of_seller: Counter[int] = field(default_factory=Counter)
    _standings: dict[int, Standing] = field(default_factory=dict)
    _last_quick: int = 0
    _last_other: int = 0

    def looks(self) -> Iterator[Look]:
        """Where to look for what is due, while there are places for it."""
        full = [each for each, count in self._in_hand.items() if count >= self._bound(each)]
        quick = [each for each in self._standings if self._is_quick(each)]
        if quick and self._free(is_quick=True):
            yield Look(is_quick=True, after=self._last_quick, among=quick, besides=full)
        if self._free(is_quick=False):
            yield Look(is_quick=False, after=self._last_other, besides=[*full, *quick])

    def allot(self, look: Look, due: Sequence[DueWebhook]) -> dict[int, int]:
        """Places for what is due: one for each webhook in its turn, then a second for each."""
        free = self._free(is_quick=look.is_quick)
        of_seller = Counter(self._of_seller)
        places: dict[int, int] = {}
        for _ in range(PER_WEBHOOK_MAX):
            for webhook in due:
                has = places.get(webhook.id, 0)
                is_full = self._in_hand[webhook.id] + has >= self._bound(webhook.id)
                if is_full or of_seller[webhook.seller_id] >= PER_SELLER_MAX or not free:
                    continue
                places[webhook.id] = has + 1
                of_seller[webhook.seller_id] += 1
                free -= 1
        return places

    def begin(self, look: Look, due: Sequence[DueWebhook], claimed: Sequence[OwedDelivery]) -> None:
        """These are in hand now. The next look goes on behind the last of their webhooks, or, if
        nobody could have anything, behind all that were looked at.
        """
        for delivery in claimed:
            self._in_hand[delivery.webhook_id] += 1
            self._of_seller[delivery.seller_id] += 1
        served = {delivery.webhook_id for delivery in claimed}
        ids = [webhook.id for webhook in due]
        last = next((each for each in reversed(ids) if each in served), ids[-1] if ids else 0)
        if look.is_quick:
            self._last_quick = last
        else:
            self._last_other = last

    def end(self, delivery: OwedDelivery, standing: Standing | None) -> None:
        """It is not in hand any more. ``None`` says nothing of its receiver."""
        for counter, number in (
            (self._in_hand, delivery.webhook_id),
            (self._of_seller, delivery.seller_id),
        ):
            counter[number] -= 1
            if not counter[number]:
                del counter[number]
        if standing is not None:
            self._standings.pop(delivery.webhook_id, None)
            self._standings[delivery.webhook_id] = standing
            if len(self._standings) > REMEMBERED_COUNT_MAX:
                del self._standings[next(iter(self._standings))]

    def _free(self, *, is_quick: bool) -> int:
        used = sum(
            count for each, count in self._in_hand.items() if self._is_quick(each) == is_quick
        )
        bound = QUICK_IN_HAND_MAX if is_quick else IN_HAND_MAX - QUICK_IN_HAND_MAX
        # Of both together too: a webhook may have been quick until it had all its places.
        return max(0, min(bound - used, IN_HAND_MAX - self._in_hand.total()))

    def _bound(self, webhook_id: int) -> int:
        standing = self._standings.get(webhook_id, Standing.FAILING)
        return PER_UNPROVEN_WEBHOOK_MAX if standing is Standing.FAILING else PER_WEBHOOK_MAX

    def _is_quick(self, webhook_id: int) -> bool:
        return self._standings.get(webhook_id) is Standing.QUICK
