"""Who may have what in hand, against a crowd of receivers that take their time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from onsale.service.ticketing.app.interface.i_webhook_delivery import (
    DueWebhook,
    Look,
    OwedDelivery,
)
from onsale.service.ticketing.app.service import webhook_places
from onsale.service.ticketing.app.service.webhook_places import (
    IN_HAND_MAX,
    PER_SELLER_MAX,
    PER_WEBHOOK_MAX,
    QUICK_IN_HAND_MAX,
    Standing,
    WebhookPlaces,
)

OTHERS_IN_HAND_MAX = IN_HAND_MAX - QUICK_IN_HAND_MAX
LOOKED_AT_MAX = 50


def delivery(webhook: DueWebhook) -> OwedDelivery:
    return OwedDelivery(
        id=0,
        webhook_id=webhook.id,
        seller_id=webhook.seller_id,
        message_id=uuid4(),
        url="",
        salts=(),
        body="",
        attempt_count=1,
        claimed_until=datetime.now(UTC),
        webhook_updated_at=datetime.now(UTC),
    )


def crowd(count: int, *, first: int = 1, per_seller: int = 1) -> list[DueWebhook]:
    return [DueWebhook(number, number // per_seller) for number in range(first, first + count)]


@dataclass
class World:
    """There is always something due to each of these webhooks."""

    webhooks: Sequence[DueWebhook]
    places: WebhookPlaces = field(default_factory=WebhookPlaces)
    in_hand: list[OwedDelivery] = field(default_factory=list)
    turns: Counter[int] = field(default_factory=Counter)

    def take(self) -> None:
        for look in self.places.looks():
            due = self._due(look)
            places = self.places.allot(look, due)
            claimed = [delivery(each) for each in due for _ in range(places.get(each.id, 0))]
            self.places.begin(look, due, claimed)
            self.in_hand += claimed
            self.turns.update(each.webhook_id for each in claimed)

    def end(self, one: OwedDelivery, standing: Standing | None) -> None:
        self.in_hand.remove(one)
        self.places.end(one, standing)

    def prove(self, *webhooks: DueWebhook, standing: Standing = Standing.QUICK) -> None:
        """Each of them did so well once."""
        for each in webhooks:
            self.places.begin(Look(), [each], [delivery(each)])
            self.places.end(delivery(each), standing)

    def has(self, webhook: DueWebhook) -> int:
        return sum(each.webhook_id == webhook.id for each in self.in_hand)

    def _due(self, look: Look) -> list[DueWebhook]:
        found = [
            each
            for each in self.webhooks
            if (look.among is None or each.id in look.among) and each.id not in look.besides
        ]
        behind = [each for each in found if each.id > look.after]
        return (behind + [each for each in found if each.id <= look.after])[:LOOKED_AT_MAX]


def test_a_process_has_so_many_in_hand_and_who_did_not_arrive_at_once_half_of_them() -> None:
    world = World(crowd(300))
    for _ in range(20):
        world.take()
    assert len(world.in_hand) == OTHERS_IN_HAND_MAX

    quick = crowd(300, first=1_000)
    world.webhooks = [*world.webhooks, *quick]
    world.prove(*quick)
    for _ in range(20):
        world.take()
    assert len(world.in_hand) == IN_HAND_MAX
    assert sum(world.has(each) for each in quick) == QUICK_IN_HAND_MAX


def test_who_is_quick_leaves_the_other_half_to_who_is_not() -> None:
    world = World(crowd(300))
    world.prove(*world.webhooks)
    for _ in range(20):
        world.take()
    assert len(world.in_hand) == QUICK_IN_HAND_MAX


def test_those_that_turned_slow_with_all_they_had_do_not_make_it_more_than_all() -> None:
    webhooks = crowd(400)
    world = World(webhooks)
    world.prove(*webhooks[:200])
    for _ in range(20):
        world.take()
    for one in list(world.in_hand)[:QUICK_IN_HAND_MAX]:
        world.prove(DueWebhook(one.webhook_id, one.seller_id), standing=Standing.FAILING)
    for _ in range(20):
        world.take()
    assert len(world.in_hand) == IN_HAND_MAX


@pytest.mark.parametrize(
    ("standing", "places"),
    [
        (Standing.QUICK, PER_WEBHOOK_MAX),
        (Standing.SLOW, PER_WEBHOOK_MAX),
        (Standing.FAILING, 1),
        (None, 1),
    ],
)
def test_a_webhook_has_few_places_and_one_until_something_arrives(
    standing: Standing | None, places: int
) -> None:
    (webhook,) = crowd(1)
    world = World([webhook])
    if standing is not None:
        world.prove(webhook, standing=standing)
    for _ in range(5):
        world.take()
    assert world.has(webhook) == places


def test_one_that_failed_has_its_places_again_once_something_arrives() -> None:
    (webhook,) = crowd(1)
    world = World([webhook])
    world.prove(webhook, standing=Standing.FAILING)
    world.take()
    world.end(world.in_hand[0], Standing.QUICK)
    world.take()
    assert world.has(webhook) == PER_WEBHOOK_MAX


def test_an_attempt_that_says_nothing_of_its_receiver_leaves_it_as_it_was() -> None:
    (webhook,) = crowd(1)
    world = World([webhook])
    world.prove(webhook)
    world.take()
    for one in list(world.in_hand):
        world.end(one, None)
    world.take()
    assert world.has(webhook) == PER_WEBHOOK_MAX


def test_a_seller_has_so_many_in_hand_and_leaves_the_rest_to_others() -> None:
    theirs = crowd(10, first=1_000, per_seller=50)
    others = crowd(10)
    world = World([*others, *theirs])
    world.prove(*theirs, *others)
    for _ in range(20):
        world.take()
    assert sum(world.has(each) for each in theirs) == PER_SELLER_MAX
    assert all(world.has(each) == PER_WEBHOOK_MAX for each in others)


@pytest.mark.parametrize("standing", list(Standing))
def test_every_one_has_its_turn_however_many_there_are_and_however_it_did(
    standing: Standing,
) -> None:
    """Places become free one by one, as receivers take their time."""
    world = World(crowd(3 * IN_HAND_MAX))
    world.prove(*world.webhooks, standing=standing)
    world.turns.clear()
    for _ in range(7 * IN_HAND_MAX):
        world.take()
        world.end(world.in_hand[0], standing)
    assert set(world.turns) == {each.id for each in world.webhooks}
    # Nobody goes round twice while another waits.
    assert max(world.turns.values()) - min(world.turns.values()) <= PER_WEBHOOK_MAX


def test_the_quick_go_on_while_more_are_slow_than_anybody_looks_at() -> None:
    """They have the highest ids, and every one of the others is due all the while."""
    slow, quick = crowd(4 * LOOKED_AT_MAX), crowd(3, first=10_000)
    world = World([*slow, *quick])
    world.prove(*slow, standing=Standing.SLOW)
    world.prove(*quick)
    for _ in range(5):
        world.take()
    assert [world.has(each) for each in quick] == [PER_WEBHOOK_MAX] * 3


def test_who_is_new_has_its_turn_among_those_that_fail() -> None:
    failing = crowd(4 * LOOKED_AT_MAX)
    world = World(failing)
    world.prove(*failing, standing=Standing.FAILING)
    for _ in range(10):
        world.take()
    (new,) = crowd(1, first=10_000)
    world.webhooks = [*failing, new]
    for _ in range(len(failing) + 1):
        world.end(world.in_hand[0], Standing.FAILING)
        world.take()
    assert world.turns[new.id] >= 1


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_places, "REMEMBERED_COUNT_MAX", 3)
    webhooks = crowd(5)
    world = World(webhooks)
    world.prove(*webhooks)
    (look, _) = world.places.looks()
    assert list(look.among or ()) == [3, 4, 5]
