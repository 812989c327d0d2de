"""Webhooks: ``/api/webhook``."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from onsale.service.ticketing.domain.entity.user_entity import Principal, UserRole
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryStatus
from onsale.service.ticketing.driving_adapter.http_controller import (
    webhook_operations as documented,
)
from onsale.service.ticketing.driving_adapter.http_controller.authentication import Authenticator
from onsale.service.ticketing.driving_adapter.http_controller.http_services import HttpServices
from onsale.service.ticketing.driving_adapter.http_controller.json_body import read_json
from onsale.service.ticketing.driving_adapter.http_controller.json_response import JsonResponse
from onsale.service.ticketing.driving_adapter.http_controller.operation import DirectRoute
from onsale.service.ticketing.driving_adapter.http_controller.request_values import (
    choice_of,
    delivery_id_of,
    id_cursor_of,
    limit_of,
    page_of,
    webhook_id_of,
)
from onsale.service.ticketing.driving_adapter.schema.webhook_schema import (
    DeliveryPageBody,
    RegisterWebhookRequest,
    UpdateWebhookRequest,
    WebhookPageBody,
    delivery_body,
    webhook_body,
    webhook_with_secret_body,
)


class WebhookController:
    """For sellers alone, each with their own."""

    def __init__(self, services: HttpServices, authenticator: Authenticator) -> None:
        self._services = services.webhooks
        self._authenticator = authenticator
        self._limits = services.rate_limits

    def routes(self) -> Sequence[DirectRoute]:
        """The calls and their documentation."""
        every, one = "/api/webhook", "/api/webhook/{webhook_id}"
        log = f"{one}/deliveries"
        return (
            DirectRoute("POST", every, self.register_webhook, documented.REGISTER),
            DirectRoute("GET", every, self.list_webhooks, documented.LIST),
            DirectRoute("GET", one, self.get_webhook, documented.GET),
            DirectRoute("PATCH", one, self.update_webhook, documented.UPDATE),
            DirectRoute("DELETE", one, self.remove_webhook, documented.REMOVE),
            DirectRoute("POST", f"{one}/secret", self.rotate_webhook_secret, documented.ROTATE),
            DirectRoute("POST", f"{one}/test", self.ping_webhook, documented.PING),
            DirectRoute("GET", log, self.list_deliveries, documented.DELIVERIES),
            DirectRoute(
                "POST", f"{log}/{{delivery_id}}/resend", self.resend_delivery, documented.RESEND
            ),
        )

    async def register_webhook(self, request: Request) -> Response:
        """Register an address."""
        principal = await self._changing(request)
        body = await read_json(request, RegisterWebhookRequest)
        webhook, secret = await self._services.register.execute(
            principal, body.url, body.event_types
        )
        return JsonResponse(
            webhook_with_secret_body(webhook, secret),
            201,
            [(b"location", b"/api/webhook/%d" % webhook.id)],
        )

    async def list_webhooks(self, request: Request) -> Response:
        """A page of the seller's webhooks."""
        principal = await self._seller(request)
        limit = limit_of(request)
        webhooks = await self._services.list_all.execute(
            principal, limit=limit + 1, before=id_cursor_of(request)
        )
        page, next_cursor = page_of(webhooks, limit, lambda webhook: webhook.id)
        return JsonResponse(WebhookPageBody([webhook_body(one) for one in page], next_cursor))

    async def get_webhook(self, request: Request) -> Response:
        """One webhook."""
        principal = await self._seller(request)
        return JsonResponse(
            webhook_body(await self._services.find.get(principal, webhook_id_of(request)))
        )

    async def update_webhook(self, request: Request) -> Response:
        """Change a webhook."""
        principal = await self._changing(request)
        webhook_id = webhook_id_of(request)
        body = await read_json(request, UpdateWebhookRequest)
        webhook = await self._services.update.execute(principal, webhook_id, body.to_changes())
        return JsonResponse(webhook_body(webhook))

    async def remove_webhook(self, request: Request) -> Response:
        """Remove a webhook."""
        principal = await self._changing(request)
        await self._services.remove.execute(principal, webhook_id_of(request))
        return Response(status_code=204)

    async def rotate_webhook_secret(self, request: Request) -> Response:
        """Give a webhook a new secret."""
        principal = await self._changing(request)
        webhook, secret = await self._services.rotate_secret.execute(
            principal, webhook_id_of(request)
        )
        return JsonResponse(webhook_with_secret_body(webhook, secret))

    async def ping_webhook(self, request: Request) -> Response:
        """Try a webhook out."""
        principal = await self._changing(request)
        delivery = await self._services.ping.execute(principal, webhook_id_of(request))
        return JsonResponse(delivery_body(delivery), 202)

    async def list_deliveries(self, request: Request) -> Response:
        """A page of a webhook's log."""
        principal = await self._seller(request)
        webhook_id, limit = webhook_id_of(request), limit_of(request)
        deliveries = await self._services.list_deliveries.execute(
            principal,
            webhook_id,
            status=choice_of(request, "status", DeliveryStatus),
            limit=limit + 1,
            before=id_cursor_of(request),
        )
        page, next_cursor = page_of(deliveries, limit, lambda delivery: delivery.id)
        return JsonResponse(DeliveryPageBody([delivery_body(one) for one in page], next_cursor))

    async def resend_delivery(self, request: Request) -> Response:
        """Deliver something once more."""
        principal = await self._changing(request)
        delivery = await self._services.resend.execute(
            principal, webhook_id_of(request), delivery_id_of(request)
        )
        return JsonResponse(delivery_body(delivery), 202)

    async def _seller(self, request: Request) -> Principal:
        return await self._authenticator.require(request, UserRole.SELLER)

    async def _changing(self, request: Request) -> Principal:
        principal = await self._seller(request)
        self._limits.webhook_by(principal.user_id)
        return principal
