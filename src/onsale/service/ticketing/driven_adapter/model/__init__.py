"""Every table, so that importing this package registers the whole schema."""

from onsale.service.ticketing.driven_adapter.model.booking_model import (
    BookingModel,
    BookingTicketModel,
)
from onsale.service.ticketing.driven_adapter.model.event_model import EventModel
from onsale.service.ticketing.driven_adapter.model.mock_gateway_model import (
    MockGatewayChargeModel,
    MockGatewayPaymentModel,
    MockGatewayRefundModel,
)
from onsale.service.ticketing.driven_adapter.model.payment_model import (
    GatewaySweepModel,
    PaymentAttemptModel,
    PaymentRefundModel,
    StrayPaymentModel,
)
from onsale.service.ticketing.driven_adapter.model.ticket_model import TicketModel
from onsale.service.ticketing.driven_adapter.model.user_model import (
    RevokedTokenModel,
    UserModel,
)
from onsale.service.ticketing.driven_adapter.model.webhook_model import (
    WebhookDeliveryModel,
    WebhookModel,
)

__all__ = [
    "BookingModel",
    "BookingTicketModel",
    "EventModel",
    "GatewaySweepModel",
    "MockGatewayChargeModel",
    "MockGatewayPaymentModel",
    "MockGatewayRefundModel",
    "PaymentAttemptModel",
    "PaymentRefundModel",
    "RevokedTokenModel",
    "StrayPaymentModel",
    "TicketModel",
    "UserModel",
    "WebhookDeliveryModel",
    "WebhookModel",
]
