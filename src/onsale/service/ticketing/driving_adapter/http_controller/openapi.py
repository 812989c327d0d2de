"""Completes FastAPI's OpenAPI document with the schemas of requests and answers."""

from collections.abc import Sequence
from typing import Any

import msgspec
from pydantic.json_schema import models_json_schema

from onsale.service.ticketing.driving_adapter.http_controller.authentication import COOKIE_NAME
from onsale.service.ticketing.driving_adapter.http_controller.operation import REF
from onsale.service.ticketing.driving_adapter.schema.admission_schema import (
    AdmittedTicketBody,
    AdmitTicketRequest,
)
from onsale.service.ticketing.driving_adapter.schema.booking_schema import (
    BookingBody,
    BookingPageBody,
    BookingWithTicketsBody,
    CancelledBookingBody,
    CreateBookingRequest,
    PaidBookingBody,
    PayBookingRequest,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    AlternativesBody,
    CreateEventRequest,
    EventBody,
    EventPageBody,
    EventWithSectionsBody,
    LiveEventBody,
    SeatMapBody,
    UpdateEventRequest,
)
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel
from onsale.service.ticketing.driving_adapter.schema.operations_schema import (
    AliveBody,
    ReadyBody,
)
from onsale.service.ticketing.driving_adapter.schema.problem_schema import ProblemBody
from onsale.service.ticketing.driving_adapter.schema.sales_schema import (
    SalesBody,
    SeatsBody,
    SeatsRequest,
)
from onsale.service.ticketing.driving_adapter.schema.user_schema import (
    CurrentUserBody,
    LogInRequest,
    RegisterRequest,
    SessionBody,
    UserBody,
)
from onsale.service.ticketing.driving_adapter.schema.webhook_schema import (
    DeliveryBody,
    DeliveryPageBody,
    RegisterWebhookRequest,
    UpdateWebhookRequest,
    WebhookBody,
    WebhookPageBody,
    WebhookWithSecretBody,
)

DESCRIPTION = """\
Reserved seats, sold once each, when everyone wants the same ones in the same second.

Register, log in, and put the `access_token` into *Authorize*. Money is integer cents, times are
UTC. Whatever is refused is a problem document (RFC 9457) with a stable `code`.
"""
TAGS = [
    {"name": "users", "description": "Accounts and sessions"},
    {"name": "events", "description": "What is sold, and what is left of it"},
    {"name": "sales", "description": "What a seller sees and does while it is being sold"},
    {"name": "bookings", "description": "From seats to tickets"},
    {"name": "webhooks", "description": "Telling a seller's own systems"},
    {"name": "operations", "description": "For those who run the service"},
]
REQUESTS: Sequence[type[RequestModel]] = (
    RegisterRequest,
    LogInRequest,
    CreateEventRequest,
    UpdateEventRequest,
    CreateBookingRequest,
    PayBookingRequest,
    AdmitTicketRequest,
    SeatsRequest,
    RegisterWebhookRequest,
    UpdateWebhookRequest,
)
ANSWERS: Sequence[type[msgspec.Struct]] = (
    UserBody,
    CurrentUserBody,
    SessionBody,
    EventBody,
    EventWithSectionsBody,
    EventPageBody,
    AlternativesBody,
    SeatMapBody,
    LiveEventBody,
    SeatsBody,
    SalesBody,
    BookingBody,
    BookingWithTicketsBody,
    BookingPageBody,
    PaidBookingBody,
    CancelledBookingBody,
    AdmittedTicketBody,
    WebhookBody,
    WebhookWithSecretBody,
    WebhookPageBody,
    DeliveryBody,
    DeliveryPageBody,
    AliveBody,
    ReadyBody,
    ProblemBody,
)


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with all its components."""
    _, requests = models_json_schema(
        [(model, "validation") for model in REQUESTS], ref_template=REF.format(name="{model}")
    )
    _, answers = msgspec.json.schema_components(ANSWERS, ref_template=REF)
    schemas = {**requests["$defs"], **answers}
    components = document.setdefault("components", {})
    components["schemas"] = dict(sorted(schemas.items()))
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": COOKIE_NAME},
    }
    return document
