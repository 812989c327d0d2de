"""Deliveries to webhooks as metrics."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from onsale.platform.observability.perishable_figures import PerishableFigures
from onsale.service.ticketing.app.interface.i_webhook_delivery import Backlog

OUTCOMES = ("delivered", "failed", "dead")
BUCKETS_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class PrometheusWebhookMeter:
    """See ``IWebhookMeter``. No metric carries a receiver; their sellers see the log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Every metric stands at once, so that a rate of a counter sees its first step."""
        self._attempts = Counter(
            "onsale_webhook_attempts",
            "Attempts to deliver to webhooks",
            ("outcome",),
            registry=registry,
        )
        for outcome in OUTCOMES:
            self._attempts.labels(outcome)
        self._seconds = Histogram(
            "onsale_webhook_attempt_duration_seconds",
            "Time of an attempt to deliver to a webhook",
            buckets=BUCKETS_SECONDS,
            registry=registry,
        )
        self._figures = PerishableFigures(registry)
        figures = self._figures.registry
        self._owed = Gauge(
            "onsale_webhook_deliveries_owed",
            "Deliveries that webhooks are owed, counted up to 10,000",
            registry=figures,
        )
        self._oldest = Gauge(
            "onsale_webhook_oldest_owed_seconds",
            "How long the oldest delivery has been owed",
            registry=figures,
        )
        self._waiting = Gauge(
            "onsale_webhook_longest_wait_seconds",
            "How long a webhook has waited for an attempt to deliver what is due to it",
            registry=figures,
        )
        self._looked_at = Gauge(
            "onsale_webhook_looked_timestamp_seconds",
            "When PostgreSQL last told what webhooks are owed",
            registry=registry,
        )

    def attempted(self, outcome: str, seconds: float) -> None:
        self._attempts.labels(outcome).inc()
        self._seconds.observe(seconds)

    def owed(self, backlog: Backlog) -> None:
        self._owed.set(backlog.count)
        self._oldest.set(backlog.oldest_seconds)
        self._waiting.set(backlog.waiting_seconds)
        self._looked_at.set_to_current_time()
        self._figures.renew()
