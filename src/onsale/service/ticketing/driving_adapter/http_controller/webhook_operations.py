"""The documentation of ``/api/webhook``."""

from onsale.service.ticketing.domain import exceptions as domain
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryStatus
from onsale.service.ticketing.driving_adapter.http_controller.operation import (
    Answer,
    Operation,
    path_parameter,
    query_parameter,
)
from onsale.service.ticketing.driving_adapter.http_controller.parameters import CURSOR, LIMIT
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_values import ID_MAX
from onsale.service.ticketing.driving_adapter.schema.webhook_schema import (
    DeliveryBody,
    DeliveryPageBody,
    RegisterWebhookRequest,
    UpdateWebhookRequest,
    WebhookBody,
    WebhookPageBody,
    WebhookWithSecretBody,
)

TAG = "webhooks"
_ID_SCHEMA = {"type": "integer", "minimum": 1, "maximum": ID_MAX}
_WEBHOOK_ID = path_parameter("webhook_id", _ID_SCHEMA, 1)
_DELIVERY_ID = path_parameter("delivery_id", _ID_SCHEMA, 1)
_STATUS = query_parameter(
    "status", {"type": "string", "enum": [status.value for status in DeliveryStatus]}, "only these"
)
_ITS_SELLERS = (domain.ForbiddenRoleError, domain.NotOwnerError, domain.WebhookNotFoundError)

REGISTER = Operation(
    summary="Register a webhook",
    description=(
        "From now on the address is told, signed, what becomes of your sales. The `secret` to "
        "verify signatures with is shown this once. Only addresses on the Internet at large are "
        "taken: `https`, port 443 or 8443, no user name in it."
    ),
    tag=TAG,
    body=RegisterWebhookRequest,
    examples={
        "everything": {"url": "https://example.com/hooks/onsale"},
        "only sales": {
            "url": "https://example.com/hooks/onsale",
            "event_types": ["booking.completed"],
        },
    },
    answers={201: Answer(description="Registered", schema=WebhookWithSecretBody)},
    problems=[
        domain.ForbiddenRoleError,
        domain.WebhookAddressRefusedError,
        domain.WebhookLimitReachedError,
        RateLimitedError,
    ],
    needs_session=True,
)
LIST = Operation(
    summary="List your webhooks",
    description="Newest first.",
    tag=TAG,
    parameters=[LIMIT, CURSOR],
    answers={200: Answer(description="A page", schema=WebhookPageBody)},
    problems=[domain.ForbiddenRoleError],
    needs_session=True,
)
GET = Operation(
    summary="Get a webhook",
    tag=TAG,
    parameters=[_WEBHOOK_ID],
    answers={200: Answer(description="The webhook", schema=WebhookBody)},
    problems=_ITS_SELLERS,
    needs_session=True,
)
UPDATE = Operation(
    summary="Change a webhook",
    description=(
        "What is owed already goes to the new address too. `is_active: false` gives up what is "
        "owed, `true` also puts one in use again that was disabled by its receiver's `410`."
    ),
    tag=TAG,
    parameters=[_WEBHOOK_ID],
    body=UpdateWebhookRequest,
    examples={"another address": {"url": "https://example.com/hooks/v2"}},
    answers={200: Answer(description="Changed", schema=WebhookBody)},
    problems=[*_ITS_SELLERS, domain.WebhookAddressRefusedError, RateLimitedError],
    needs_session=True,
)
REMOVE = Operation(
    summary="Remove a webhook",
    description="With its log. What is owed to it is not delivered any more.",
    tag=TAG,
    parameters=[_WEBHOOK_ID],
    answers={204: Answer(description="Removed")},
    problems=[*_ITS_SELLERS, RateLimitedError],
    needs_session=True,
)
ROTATE = Operation(
    summary="Give a webhook a new secret",
    description=(
        "It is shown this once. For a day deliveries are signed with the secret before as well; "
        "after a second rotation that one is good no more."
    ),
    tag=TAG,
    parameters=[_WEBHOOK_ID],
    answers={200: Answer(description="The webhook and its secret", schema=WebhookWithSecretBody)},
    problems=[*_ITS_SELLERS, RateLimitedError],
    needs_session=True,
)
PING = Operation(
    summary="Try a webhook out",
    description="It is sent a `ping`; what came of that stands in its log.",
    tag=TAG,
    parameters=[_WEBHOOK_ID],
    answers={202: Answer(description="Owed", schema=DeliveryBody)},
    problems=[*_ITS_SELLERS, domain.WebhookDisabledError, RateLimitedError],
    needs_session=True,
)
DELIVERIES = Operation(
    summary="List what a webhook was told",
    description="Newest first; what is over is kept for 30 days.",
    tag=TAG,
    parameters=[_WEBHOOK_ID, _STATUS, LIMIT, CURSOR],
    answers={200: Answer(description="A page", schema=DeliveryPageBody)},
    problems=_ITS_SELLERS,
    needs_session=True,
)
RESEND = Operation(
    summary="Deliver something once more",
    description=(
        "Under the same `webhook-id` and with the same body, at once, whatever became of it "
        "before. One that is being tried at this moment is answered as it is."
    ),
    tag=TAG,
    parameters=[_WEBHOOK_ID, _DELIVERY_ID],
    answers={202: Answer(description="Owed", schema=DeliveryBody)},
    problems=[
        *_ITS_SELLERS,
        domain.WebhookDeliveryNotFoundError,
        domain.WebhookDisabledError,
        RateLimitedError,
    ],
    needs_session=True,
)
