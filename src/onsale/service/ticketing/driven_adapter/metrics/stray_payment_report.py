"""Tells an operator of money that the gateway took under a key of nobody."""

import structlog
from prometheus_client import CollectorRegistry, Counter

from onsale.service.ticketing.app.interface.i_payment_gateway import GatewayPayment

_log = structlog.get_logger()


class StrayPaymentReport:
    """Counts and logs each; the rows are in ``stray_payment``."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._found = Counter(
            "onsale_stray_payments",
            "Payments found at the gateway under a key that the ledger does not know",
            registry=registry,
        )

    def tell(self, payment: GatewayPayment) -> None:
        """Somebody has to look at this one; it is not given back by itself."""
        self._found.inc()
        _log.warning(
            "stray_payment",
            payment_id=payment.payment_id,
            key=str(payment.key),
            amount_cents=payment.amount,
            taken_at=payment.taken_at.isoformat(),
        )
