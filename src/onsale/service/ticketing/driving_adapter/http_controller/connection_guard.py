"""Connections on which nothing comes, and how many one client may have."""

import asyncio
import ipaddress
import sys
from functools import lru_cache
from typing import Protocol

from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    ADDRESSES_REMEMBERED_MAX,
    site_of,
)

HEAD_SECONDS_MAX = 10.0
SWEEP_SECONDS = 1.0
"""How late it may be noticed."""
EVERYBODY = "*"


class Connection(Protocol):
    """What is watched."""

    def give_up(self) -> bool:
        """Close, unless a request is under way; whether it did."""


class ConnectionGuard:
    """Of all connections of one process. One timer looks at those on which a request's head is
    awaited, every so often: a timer for each would cost more than most requests do.
    """

    def __init__(
        self,
        per_client_max: int | None = None,
        trusted_proxies: str = "",
        head_seconds_max: float = HEAD_SECONDS_MAX,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        """A client may have any number if ``per_client_max`` is ``None``, and one of the
        ``trusted_proxies`` (CIDRs, comma separated) always: those behind it share its address.
        """
        self._per_client_max = sys.maxsize if per_client_max is None else per_client_max
        self._proxies = [one.strip() for one in trusted_proxies.split(",")]
        self._head_seconds_max = head_seconds_max
        self._sweep_seconds = sweep_seconds
        self._is_proxy = lru_cache(ADDRESSES_REMEMBERED_MAX)(self._find_proxy)
        self._count_of: dict[str, int] = {}
        # By the time since when: the first are those that have waited longest.
        self._waiting: dict[Connection, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def open(self, host: str) -> bool:
        """A connection has come from there; whether it may stay. :meth:`close` counts it out."""
        client = site_of(host)
        count = self._count_of[client] = self._count_of.get(client, 0) + 1
        return count <= self._per_client_max or self._is_proxy(host)

    def close(self, host: str, connection: Connection) -> None:
        """It is gone."""
        self.stop_waiting(connection)
        client = site_of(host)
        left = self._count_of.get(client, 0) - 1
        if left > 0:
            self._count_of[client] = left
        else:
            self._count_of.pop(client, None)

    def wait_for_head(self, connection: Connection) -> None:
        """A whole head has to come on it within so long from the first time this is said."""
        loop = asyncio.get_running_loop()
        self._waiting.setdefault(connection, loop.time())
        if self._timer is None:
            self._timer = loop.call_later(self._sweep_seconds, self._sweep)

    def stop_waiting(self, connection: Connection) -> None:
        """It came."""
        self._waiting.pop(connection, None)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        over_at = loop.time() - self._head_seconds_max
        overdue = []
        for connection, since in self._waiting.items():
            if since > over_at:
                break
            overdue.append(connection)
        for connection in overdue:
            del self._waiting[connection]
            if not connection.give_up():
                self._waiting[connection] = loop.time()
        self._timer = loop.call_later(self._sweep_seconds, self._sweep) if self._waiting else None

    def _find_proxy(self, host: str) -> bool:
        # A socket in the file system has one address for whoever uses it.
        return not host or any(_is_within(host, proxy) for proxy in self._proxies)


def _is_within(host: str, network: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
        return network == EVERYBODY or address in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return host == network
