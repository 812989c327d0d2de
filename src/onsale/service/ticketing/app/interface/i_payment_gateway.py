"""The port to whoever takes the money, in two steps: authorize, then capture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Authorized:
    """The card is good for the amount; no money has moved yet."""


@dataclass(frozen=True, slots=True)
class Captured:
    """The money was taken, once, under this name."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class Declined:
    """No money was taken and none will be under the same key: it is the card's fault, or its
    owner's. ``reason`` is one of the gateway's words, such as ``insufficient_funds``.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Voided:
    """No money was taken and none will be under the same key: the key was given up."""


AuthorizeOutcome = Authorized | Declined | Voided
FinalOutcome = Captured | Declined | Voided


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """Money that the gateway says it has taken: ``amount`` cents, under ``key``, at ``taken_at``
    by the gateway's clock.
    """

    payment_id: str
    key: UUID
    amount: int
    taken_at: datetime


class GatewayTimeoutError(Exception):
    """The gateway has not answered in time: what was asked may or may not have happened."""


class RefundRefusedError(Exception):
    """The gateway will not give the money back; somebody has to look at it."""


class IPaymentGateway(Protocol):
    """Every call is idempotent by its key, whoever repeats it, also at the same time.

    All of them raise ``GatewayTimeoutError`` when no answer came in time, and ``UnavailableError``
    when the gateway cannot be reached. Both leave open what has happened; :meth:`settle` tells.
    """

    async def authorize(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> AuthorizeOutcome:
        """Make sure of ``amount`` cents. A key that was authorized and captured stays so."""
        ...

    async def capture(self, key: UUID) -> FinalOutcome:
        """Take what was authorized. ``Declined``: the authorization is gone; ``Voided``: it was
        given up, or there has never been one.
        """
        ...

    async def settle(self, key: UUID) -> FinalOutcome:
        """What became of the key. Unless it was captured or declined it is voided for good, so
        that a request with the same key that arrives later can move nothing.
        """
        ...

    async def refund(self, key: UUID, *, payment_id: str, amount: int) -> None:
        """Give a payment back, the whole of its ``amount`` cents. ``key`` is the refund's own.

        Raises:
            RefundRefusedError: no such payment, another amount, or given back under another key.
        """
        ...

    async def payments_since(
        self, moment: datetime, *, after: str = "", limit: int
    ) -> Sequence[GatewayPayment]:
        """What was captured, by ``(taken_at, payment_id)``, as far as it lies behind
        ``(moment, after)``; at most ``limit`` payments. Those given back are still among them.
        """
        ...
