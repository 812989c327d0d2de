"""The ports of webhook deliveries: what is owed, and the way to those who are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault, DeliveryStatus

LEASE_SECONDS = 30.0
"""For so long nobody else takes a delivery that is in hand; far longer than an attempt lasts."""


@dataclass(frozen=True, slots=True)
class Look:
    """Which webhooks to look at: those ``among`` these, of all if that is ``None``, that are not
    ``besides``, beginning behind the id ``after`` and going round. ``is_quick`` tells for whose
    places it is.
    """

    is_quick: bool = False
    after: int = 0
    among: Collection[int] | None = None
    besides: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class DueWebhook:
    """A webhook to which something is due."""

    id: int
    seller_id: int


@dataclass(frozen=True, slots=True)
class OwedDelivery:
    """A delivery in hand, and all that is needed to try it. ``body`` is JSON. ``salts`` are those
    of the secrets to sign with. ``claimed_until`` tells this attempt from every other,
    ``webhook_updated_at`` the webhook as it was then from what its seller made of it since.
    """

    id: int
    webhook_id: int
    seller_id: int
    message_id: UUID
    url: str
    salts: tuple[bytes, ...]
    body: str
    attempt_count: int
    claimed_until: datetime
    webhook_updated_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is owed to all webhooks together, counted up to a bound; 0 seconds for nothing.

    ``waiting_seconds``: for how long a webhook to which something is due has waited for an attempt,
    that of the one which has waited longest. It grows if nobody delivers, not if receivers fail.
    """

    count: int
    oldest_seconds: float
    waiting_seconds: float


class IWebhookOutbox(Protocol):
    """What is owed to webhooks. Any number of workers share it: what one has in hand no other
    takes, until its lease is over.
    """

    async def due(self, look: Look) -> Sequence[DueWebhook]:
        """Active webhooks to which something is due, a bounded number in the order of the look."""
        ...

    async def claim(self, places: Mapping[int, int]) -> Sequence[OwedDelivery]:
        """Take what is due to these webhooks, up to so much of each, in hand for ``LEASE_SECONDS``,
        and count an attempt for each.

        Of a webhook's deliveries of one booking only the earliest that is owed is ever taken.
        """
        ...

    async def delivered(self, delivery: OwedDelivery, status: int) -> None:
        """It arrived; the next of its booking is due."""
        ...

    async def failed(
        self,
        delivery: OwedDelivery,
        status: int | None,
        fault: DeliveryFault,
        *,
        retry_seconds: float,
    ) -> DeliveryStatus:
        """It did not: it is due again after so long, or dead if its time is over; a webhook to
        which nothing has arrived for as long is disabled then. Nothing happens unless it is still
        in hand by this attempt.
        """
        ...

    async def gone(
        self, delivery: OwedDelivery, status: int, *, retry_seconds: float
    ) -> DeliveryStatus:
        """The receiver wants nothing any more: the delivery is dead, the webhook disabled. If its
        seller has changed the webhook since, it is a failure like any other.
        """
        ...

    async def backlog(self) -> Backlog:
        """How much is owed, and for how long."""
        ...

    async def tidy(self) -> bool:
        """Give up what is owed to webhooks that are disabled and what has been owed for too long,
        disable webhooks to which nothing arrives, and forget what is old or removed, a bounded
        number at a time; tell whether there is more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """What came of a request: an HTTP status, a fault, or both."""

    status: int | None
    fault: DeliveryFault | None


class IWebhookSender(Protocol):
    """The way to receivers."""

    async def send(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seller_id: int
    ) -> Attempt:
        """Post the body, unless the address is one that nothing is sent to; it ends in time and
        raises for nothing that a receiver can do. What it costs is counted as the seller's.
        """
        ...


class IWebhookAddresses(Protocol):
    """Judges addresses."""

    async def require_deliverable(self, url: str, seller_id: int) -> str:
        """The URL in its plain form, if something may be sent there.

        Raises:
            WebhookAddressRefusedError: nothing may.
            UnavailableError: nobody answers for the name, or too many are being looked up, of this
                seller or of all.
        """
        ...


class IWebhookSecrets(Protocol):
    """Derives secrets, and signs with them."""

    def new_salt(self) -> bytes:
        """What a new secret is derived from."""
        ...

    def secret(self, salt: bytes) -> str:
        """The secret as receivers are given it: ``whsec_`` and base64."""
        ...

    def signature(
        self, salts: Sequence[bytes], message_id: str, timestamp: int, body: bytes
    ) -> str:
        """``v1,`` and base64 for each secret, with spaces between."""
        ...


class IWebhookMeter(Protocol):
    """Counts what becomes of deliveries."""

    def attempted(self, outcome: str, seconds: float) -> None:
        """An attempt has ended: ``delivered``, ``failed`` or ``dead``."""
        ...

    def owed(self, backlog: Backlog) -> None:
        """What is owed now."""
        ...
