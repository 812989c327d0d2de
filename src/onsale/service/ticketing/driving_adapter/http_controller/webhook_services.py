"""What the HTTP side needs for webhooks, made by the composition root."""

from dataclasses import dataclass

from onsale.service.ticketing.app.command.ping_webhook_use_case import PingWebhookUseCase
from onsale.service.ticketing.app.command.register_webhook_use_case import RegisterWebhookUseCase
from onsale.service.ticketing.app.command.remove_webhook_use_case import RemoveWebhookUseCase
from onsale.service.ticketing.app.command.resend_delivery_use_case import ResendDeliveryUseCase
from onsale.service.ticketing.app.command.rotate_webhook_secret_use_case import (
    RotateWebhookSecretUseCase,
)
from onsale.service.ticketing.app.command.update_webhook_use_case import UpdateWebhookUseCase
from onsale.service.ticketing.app.query.list_deliveries_use_case import ListDeliveriesUseCase
from onsale.service.ticketing.app.query.list_webhooks_use_case import ListWebhooksUseCase
from onsale.service.ticketing.app.service.webhook_keeper import WebhookKeeper


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookServices:
    """One for each call; ``find`` is for reading a single one."""

    register: RegisterWebhookUseCase
    find: WebhookKeeper
    list_all: ListWebhooksUseCase
    update: UpdateWebhookUseCase
    remove: RemoveWebhookUseCase
    rotate_secret: RotateWebhookSecretUseCase
    ping: PingWebhookUseCase
    list_deliveries: ListDeliveriesUseCase
    resend: ResendDeliveryUseCase
