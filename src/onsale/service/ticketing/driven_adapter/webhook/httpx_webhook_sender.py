"""Posts deliveries to receivers."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress

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
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses

ATTEMPT_SECONDS_MAX = 12.0
"""Of a whole attempt: look-up, connection, request and answer."""
CONNECT_SECONDS_MAX = 4.0
ADDRESSES_TRIED_MAX = 3
# Of an answer only the status counts; what else comes is read so far, for good manners.
ANSWER_BYTES_MAX = 16_384
ANSWER_SECONDS_MAX = 2.0
_GONE = 410


class HttpxWebhookSender:
    """Implements ``IWebhookSender``. A connection is made to the very address that was checked, and
    is no other request's; no redirect is followed, no proxy of the environment used.
    """

    def __init__(
        self, addresses: CheckedAddresses, *, user_agent: str, trust: ssl.SSLContext | None = None
    ) -> None:
        """``trust`` says whose certificates are good; those of public authorities if not given."""
        self._addresses = addresses
        self._client = httpx.AsyncClient(
            verify=httpx.create_ssl_context() if trust is None else trust,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(ATTEMPT_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"user-agent": user_agent},
        )

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Attempt:
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS_MAX):
                return _judged(await self._post(read_address(url), headers, body))
        except WebhookAddressRefusedError:
            return Attempt(None, DeliveryFault.ADDRESS_REFUSED)
        except UnavailableError:
            return Attempt(None, DeliveryFault.UNREACHABLE)
        except (TimeoutError, httpx.TimeoutException):
            return Attempt(None, DeliveryFault.TIMEOUT)
        except httpx.ConnectError as error:
            is_tls = isinstance(_root_of(error), ssl.SSLError)
            return Attempt(None, DeliveryFault.TLS if is_tls else DeliveryFault.UNREACHABLE)
        except (httpx.TransportError, httpx.InvalidURL):
            return Attempt(None, DeliveryFault.PROTOCOL)

    async def _post(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> int:
        leads_to = await self._addresses.leads_to(address)
        *others, last = leads_to[:ADDRESSES_TRIED_MAX]
        for each in others:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return await self._post_to(each, address, headers, body)
        return await self._post_to(last, address, headers, body)

    async def _post_to(
        self,
        checked: IPAddress,
        address: WebhookAddress,
        headers: Mapping[str, str],
        body: bytes,
    ) -> int:
        async with self._client.stream(
            "POST",
            address.at(checked),
            content=body,
            headers={**headers, "host": address.authority},
            # The certificate must be the named host's.
            extensions={"sni_hostname": address.host},
        ) as response:
            with suppress(httpx.TransportError, TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS_MAX):
                    await _read_a_little(response)
            return response.status_code


async def _read_a_little(response: httpx.Response) -> None:
    size = 0
    async for chunk in response.aiter_raw():
        size += len(chunk)
        if size > ANSWER_BYTES_MAX:
            return


def _judged(status: int) -> Attempt:
    if httpx.codes.is_success(status):
        return Attempt(status, None)
    if status == _GONE:
        return Attempt(status, DeliveryFault.GONE)
    is_redirect = httpx.codes.is_redirect(status)
    return Attempt(status, DeliveryFault.REDIRECT if is_redirect else DeliveryFault.STATUS)


def _root_of(error: BaseException) -> BaseException:
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return error
