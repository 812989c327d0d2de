"""Webhooks of sellers, each call described once."""

from collections.abc import Sequence

from onsale.client import webhook_answers as a
from onsale.client.call import Call, Repeat, decoded, nothing, query
from onsale.client.words import DeliveryStatus, WebhookEvent

_WEBHOOKS = "/api/webhook"
_WEBHOOK = f"{_WEBHOOKS}/{{webhook_id}}"


def register_webhook(
    url: str, *, event_types: Sequence[WebhookEvent | str] | None = None
) -> Call[a.WebhookWithSecret]:
    """Have this address told, from now on, what becomes of one's sales: of these events, or of all.
    Keep the ``secret``: it is shown this once.
    """
    return Call(
        method="POST",
        template=_WEBHOOKS,
        status=201,
        body=_given(url=url, event_types=event_types),
        repeat=Repeat.UNHEARD,
        parse=decoded(a.WebhookWithSecret),
    )


def list_webhooks(*, limit: int | None = None, cursor: str | None = None) -> Call[a.WebhookPage]:
    """A page of one's webhooks, newest first."""
    return Call(
        method="GET",
        template=_WEBHOOKS,
        query=query(limit=limit, cursor=cursor),
        parse=decoded(a.WebhookPage),
    )


def get_webhook(webhook_id: int) -> Call[a.Webhook]:
    """One of one's webhooks."""
    return Call(
        method="GET",
        template=_WEBHOOK,
        path={"webhook_id": webhook_id},
        parse=decoded(a.Webhook),
    )


def update_webhook(
    webhook_id: int,
    *,
    url: str | None = None,
    event_types: Sequence[WebhookEvent | str] | None = None,
    is_active: bool | None = None,
) -> Call[a.Webhook]:
    """Change a webhook; what is left out stays. ``is_active=False`` gives up what it is owed."""
    return Call(
        method="PATCH",
        template=_WEBHOOK,
        path={"webhook_id": webhook_id},
        body=_given(url=url, event_types=event_types, is_active=is_active),
        # In between somebody else may have changed it otherwise.
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Webhook),
    )


def remove_webhook(webhook_id: int) -> Call[None]:
    """Remove a webhook with its log; what it is owed is not delivered any more."""
    return Call(
        method="DELETE",
        template=_WEBHOOK,
        status=204,
        path={"webhook_id": webhook_id},
        repeat=Repeat.UNHEARD,
        parse=nothing,
    )


def rotate_webhook_secret(webhook_id: int) -> Call[a.WebhookWithSecret]:
    """Give a webhook a new secret, which is shown this once; that before is good for a day more."""
    return Call(
        method="POST",
        template=f"{_WEBHOOK}/secret",
        path={"webhook_id": webhook_id},
        # A second rotation would end the secret that receivers have.
        repeat=Repeat.UNHEARD,
        parse=decoded(a.WebhookWithSecret),
    )


def ping_webhook(webhook_id: int) -> Call[a.Delivery]:
    """Send a webhook a ``ping``; what comes of that stands in its log."""
    return Call(
        method="POST",
        template=f"{_WEBHOOK}/test",
        status=202,
        path={"webhook_id": webhook_id},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Delivery),
    )


def list_deliveries(
    webhook_id: int,
    *,
    status: DeliveryStatus | str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Call[a.DeliveryPage]:
    """A page of what a webhook was told, newest first."""
    return Call(
        method="GET",
        template=f"{_WEBHOOK}/deliveries",
        path={"webhook_id": webhook_id},
        query=query(status=status, limit=limit, cursor=cursor),
        parse=decoded(a.DeliveryPage),
    )


def resend_delivery(webhook_id: int, delivery_id: int) -> Call[a.Delivery]:
    """Deliver something once more, at once and under the same ``webhook-id``."""
    return Call(
        method="POST",
        template=f"{_WEBHOOK}/deliveries/{{delivery_id}}/resend",
        status=202,
        path={"webhook_id": webhook_id, "delivery_id": delivery_id},
        repeat=Repeat.UNHEARD,
        parse=decoded(a.Delivery),
    )


def _given(**values: object) -> dict[str, object]:
    """The fields of a body that were given."""
    return {name: value for name, value in values.items() if value is not None}
