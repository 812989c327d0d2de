"""From where a request comes: which site a browser was on, and whether the way here is encrypted.

A browser cannot be made to lie in ``Host``, ``Origin`` or ``Sec-Fetch-Site`` by the pages it shows;
a client that is no browser may send what it likes there, and deceives itself alone.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import Scope

from onsale.service.ticketing.driving_adapter.http_controller.request_values import header_of

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# Set by whatever stands between the client and this process.
_FORWARDING_HEADERS = frozenset(
    {b"forwarded", b"via", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-proto"}
)
_DEFAULT_PORTS = {"http": 80, "https": 443}


def is_from_another_site(scope: Scope) -> bool:
    """Whether a browser says that a page of another origin makes the request.

    Browsers of the last years say so outright, on encrypted connections and on this machine; with
    others, ``Origin`` is compared with the host that was asked. Without either it is no browser.
    """
    relation = header_of(scope, b"sec-fetch-site")
    if relation is not None:
        return relation not in {"same-origin", "none"}
    origin = header_of(scope, b"origin")
    if origin is None:
        return False
    try:
        return not _names_host(origin, header_of(scope, b"host") or "")
    except ValueError:
        return True


def is_on_this_machine(request: Request) -> bool:
    """Whether the request has certainly not left this machine: only then may it be unencrypted.

    A proxy that ends TLS may ask with its own ``Host``, so the name alone proves nothing.
    """
    scope = request.scope
    if scope["scheme"] == "https" or (header_of(scope, b"origin") or "").startswith("https:"):
        return False
    if any(name in _FORWARDING_HEADERS for name, _ in scope["headers"]):
        return False
    client = request.client.host if request.client is not None else ""
    return _is_loopback(client) and _is_loopback(request.url.hostname or "")


def _names_host(origin: str, host: str) -> bool:
    asked_from = urlsplit(origin)
    default = _DEFAULT_PORTS.get(asked_from.scheme)
    asked = urlsplit(f"//{host}")
    return (
        default is not None
        and asked.hostname is not None
        and (asked_from.hostname, asked_from.port or default)
        == (asked.hostname, asked.port or default)
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
