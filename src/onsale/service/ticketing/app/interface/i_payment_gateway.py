"""The port to whoever takes the money."""

from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Captured:
    """The money was taken, once, under this name."""

    payment_id: str


@dataclass(frozen=True, slots=True)
class Declined:
    """No money was taken and none will be under the same key."""

    reason: str


ChargeOutcome = Captured | Declined


class GatewayTimeoutError(Exception):
    """The gateway has not answered in time: the money may or may not have moved."""


class IPaymentGateway(Protocol):
    """Every call is idempotent by its key: one key moves money at most once."""

    async def charge(
        self, key: UUID, *, amount: int, currency: str, card_number: str
    ) -> ChargeOutcome:
        """Take ``amount`` cents.

        Raises:
            GatewayTimeoutError: no answer in time.
        """
        ...

    async def settle(self, key: UUID) -> ChargeOutcome:
        """What became of the key; one that was never charged is declined for good.

        Raises:
            GatewayTimeoutError: no answer in time.
        """
        ...
