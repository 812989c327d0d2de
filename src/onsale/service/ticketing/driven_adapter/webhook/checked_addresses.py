"""Where the names of receivers lead, and whether anything may be sent there."""

import asyncio
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.webhook_address import (
    IPAddress,
    IPNetwork,
    WebhookAddress,
    read_address,
    require_allowed,
)

LOOK_UP_SECONDS_MAX = 5.0
LOOK_UPS_AT_ONCE_MAX = 64
"""Each a thread, for the system's resolver blocks: one that is slow must not keep others."""
LOOK_UPS_WAITING_MAX = 200


class CheckedAddresses:
    """Implements ``IWebhookAddresses``."""

    def __init__(self, allowed: Sequence[IPNetwork]) -> None:
        """``allowed`` are the networks in which the operator wants webhooks delivered."""
        self._allowed = allowed
        self._threads = ThreadPoolExecutor(LOOK_UPS_AT_ONCE_MAX, thread_name_prefix="look-up")
        self._count = 0

    def close(self) -> None:
        """Look nothing up any more; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def require_deliverable(self, url: str) -> str:
        address = read_address(url)
        await self.leads_to(address)
        return str(address)

    async def leads_to(self, address: WebhookAddress) -> Sequence[IPAddress]:
        """Every address of the host, each of them one to which something may be sent.

        Raises:
            WebhookAddressRefusedError: nothing may be sent there.
            UnavailableError: too many are being looked up.
        """
        literal = address.literal
        found = [literal] if literal is not None else await self._look_up(address.host)
        require_allowed(address, found, self._allowed)
        return found

    async def _look_up(self, host: str) -> Sequence[IPAddress]:
        if self._count >= LOOK_UPS_WAITING_MAX:
            raise UnavailableError("name-resolution", "too many names are being looked up")
        self._count += 1
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS_MAX):
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(self._threads, _resolved, host)
        except (TimeoutError, OSError, UnicodeError):
            return []
        finally:
            self._count -= 1


def _resolved(host: str) -> list[IPAddress]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(where[0]) for *_, where in found))
