"""Where the names of receivers lead, and whether anything may be sent there."""

from collections.abc import Sequence

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.webhook_address import (
    IPAddress,
    IPNetwork,
    WebhookAddress,
    read_address,
    require_allowed,
)
from onsale.service.ticketing.driven_adapter.webhook.name_look_ups import NameLookUps


class CheckedAddresses:
    """Implements ``IWebhookAddresses``."""

    def __init__(self, allowed: Sequence[IPNetwork]) -> None:
        """``allowed`` are the networks in which the operator wants webhooks delivered."""
        self._allowed = allowed
        self._names = NameLookUps()

    def close(self) -> None:
        """Look nothing up any more; what is under way ends by itself."""
        self._names.close()

    async def require_deliverable(self, url: str, seller_id: int) -> str:
        address = read_address(url)
        try:
            await self.leads_to(address, seller_id)
        except TimeoutError as error:
            raise UnavailableError("name-resolution", str(error)) from error
        return str(address)

    async def leads_to(self, address: WebhookAddress, seller_id: int) -> Sequence[IPAddress]:
        """Every address of the host, each of them one to which something may be sent.

        Raises:
            WebhookAddressRefusedError: nothing may be sent there.
            TimeoutError: nobody answers for the name.
            UnavailableError: too many are being looked up, of this seller or of all.
        """
        literal = address.literal
        if literal is not None:
            found: Sequence[IPAddress] = [literal]
        else:
            found = await self._names.addresses_of(address.host, seller_id)
        require_allowed(address, found, self._allowed)
        return found
