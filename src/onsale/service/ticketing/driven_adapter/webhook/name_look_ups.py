"""Looks names up with the system's resolver, which blocks, and for long if nobody answers."""

import asyncio
import socket
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.webhook_address import IPAddress

LOOK_UP_SECONDS_MAX = 5.0
"""For so long somebody waits for one. The resolver may go on by itself for half a minute."""
LOOK_UPS_AT_ONCE_MAX = 200
"""Each a thread."""
LOOK_UPS_WAITING_MAX = 100
LOOK_UPS_PER_SELLER_MAX = 8
"""Of names that nobody looks up already."""


class NameLookUps:
    """A look-up counts until the resolver is done with it, whether anybody waits for it or not; a
    second one of the same name joins it.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._threads = ThreadPoolExecutor(LOOK_UPS_AT_ONCE_MAX, thread_name_prefix="look-up")
        self._under_way: dict[str, asyncio.Future[list[IPAddress]]] = {}
        self._of_seller: Counter[int] = Counter()

    def close(self) -> None:
        """Look nothing up any more; what is under way ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def addresses_of(self, host: str, seller_id: int) -> Sequence[IPAddress]:
        """Where the name leads; nowhere, if it leads nowhere or is none.

        Raises:
            TimeoutError: nobody has answered for it.
            UnavailableError: too many are being looked up, of this seller or of all.
        """
        look_up = self._under_way.get(host) or self._begun(host, seller_id)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS_MAX):
                return await asyncio.shield(look_up)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise TimeoutError(f"nobody answers for {host}") from error
            return []
        except UnicodeError:
            return []

    def _begun(self, host: str, seller_id: int) -> asyncio.Future[list[IPAddress]]:
        is_full = len(self._under_way) >= LOOK_UPS_AT_ONCE_MAX + LOOK_UPS_WAITING_MAX
        if is_full or self._of_seller[seller_id] >= LOOK_UPS_PER_SELLER_MAX:
            raise UnavailableError("name-resolution", "too many names are being looked up")
        look_up = asyncio.get_running_loop().run_in_executor(self._threads, _resolved, host)
        self._under_way[host] = look_up
        self._of_seller[seller_id] += 1

        def ended(done: asyncio.Future[list[IPAddress]]) -> None:
            if not done.cancelled():
                # Nobody may be left who wants to know.
                done.exception()
            del self._under_way[host]
            self._of_seller[seller_id] -= 1
            if not self._of_seller[seller_id]:
                del self._of_seller[seller_id]

        look_up.add_done_callback(ended)
        return look_up


def _resolved(host: str) -> list[IPAddress]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(where[0]) for *_, where in found))
