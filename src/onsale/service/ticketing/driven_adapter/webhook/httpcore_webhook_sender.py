"""Posts deliveries to receivers."""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress

import httpcore
import httpx

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.app.interface.i_webhook_delivery import Attempt
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault
from onsale.service.ticketing.domain.exceptions import WebhookAddressRefusedError
from onsale.service.ticketing.domain.webhook_address import (
    IPAddress,
    WebhookAddress,
    read_address,
)
from onsale.service.ticketing.driven_adapter.webhook.bounded_streams import BoundedBackend
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses

ATTEMPT_SECONDS_MAX = 12.0
"""Of a whole attempt: look-up, connection, request and answer."""
CONNECT_SECONDS_MAX = 4.0
ADDRESSES_TRIED_MAX = 3
ANSWER_BYTES_MAX = 16_384
"""Of all that a receiver says, what comes before the status included."""
# Of an answer only the status counts; what else comes is waited for so long, for good manners.
ANSWER_SECONDS_MAX = 2.0
_GONE = 410
# What a receiver, its name or its network can bring about.
_EXPECTED = (
    *(WebhookAddressRefusedError, UnavailableError, TimeoutError, OSError),
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
)


class HttpcoreWebhookSender:
    """Implements ``IWebhookSender``. A connection is made to the very address that was checked, and
    is no other request's. It has no memory: no cookie is kept, no redirect looked at, no proxy of
    the environment used.
    """

    def __init__(
        self, addresses: CheckedAddresses, *, user_agent: str, trust: ssl.SSLContext | None = None
    ) -> None:
        """``trust`` says whose certificates are good; those of public authorities if not given."""
        self._addresses = addresses
        self._trust = httpx.create_ssl_context() if trust is None else trust
        self._backend = BoundedBackend(ANSWER_BYTES_MAX)
        self._headers = (("user-agent", user_agent), ("accept", "*/*"), ("connection", "close"))

    async def send(
        self, url: str, headers: Mapping[str, str], body: bytes, *, seller_id: int
    ) -> Attempt:
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS_MAX):
                address = read_address(url)
                leads_to = await self._addresses.leads_to(address, seller_id)
                return _judged(await self._post(leads_to, address, headers, body))
        except _EXPECTED as error:
            return Attempt(None, _fault_of(error))

    async def _post(
        self,
        leads_to: Sequence[IPAddress],
        address: WebhookAddress,
        headers: Mapping[str, str],
        body: bytes,
    ) -> int:
        *others, last = leads_to[:ADDRESSES_TRIED_MAX]
        for each in others:
            with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self._post_to(each, address, headers, body)
        return await self._post_to(last, address, headers, body)

    async def _post_to(
        self,
        checked: IPAddress,
        address: WebhookAddress,
        headers: Mapping[str, str],
        body: bytes,
    ) -> int:
        url = httpcore.URL(
            scheme=address.scheme.encode(),
            host=str(checked).encode(),
            port=address.port,
            target=address.target.encode(),
        )
        async with (
            httpcore.AsyncHTTPConnection(
                url.origin, ssl_context=self._trust, network_backend=self._backend
            ) as connection,
            connection.stream(
                "POST",
                url,
                headers=[*self._headers, *headers.items(), ("host", address.authority)],
                content=body,
                extensions={
                    "timeout": {"connect": CONNECT_SECONDS_MAX},
                    # The certificate must be the named host's.
                    "sni_hostname": address.host,
                },
            ) as response,
        ):
            with suppress(httpcore.ProtocolError, httpcore.NetworkError, OSError):
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    async for _ in response.aiter_stream():
                        pass
            return response.status


def _judged(status: int) -> Attempt:
    if httpx.codes.is_success(status):
        return Attempt(status, None)
    if status == _GONE:
        return Attempt(status, DeliveryFault.GONE)
    is_redirect = httpx.codes.is_redirect(status)
    return Attempt(status, DeliveryFault.REDIRECT if is_redirect else DeliveryFault.STATUS)


def _fault_of(error: BaseException) -> DeliveryFault:
    match error:
        case WebhookAddressRefusedError():
            return DeliveryFault.ADDRESS_REFUSED
        case TimeoutError() | httpcore.TimeoutException():
            return DeliveryFault.TIMEOUT
    cause: BaseException | None = error
    while cause is not None:
        # Of the handshake, or of what comes after it: some refuse a client only then.
        if isinstance(cause, ssl.SSLError):
            return DeliveryFault.TLS
        cause = cause.__cause__ or cause.__context__
    is_away = isinstance(error, UnavailableError | httpcore.ConnectError)
    return DeliveryFault.UNREACHABLE if is_away else DeliveryFault.PROTOCOL
