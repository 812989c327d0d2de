"""Which addresses a webhook may have: such as lead out of the operator's network.

An address is read here alone, strictly, and put together again from what was read, so that no
second reader can find another host in it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    AddressValueError,
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from onsale.service.ticketing.domain.exceptions import WebhookAddressRefusedError

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

URL_LENGTH_MAX = 2_000
PORTS = frozenset({443, 8443})
"""Of addresses outside the networks that the operator allows."""
_PORT_MAX = 65_535
_PORT_OF_SCHEME = {"https": 443, "http": 80}
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_NAME_LENGTH_MAX = 253
# Only an address ends in a number; libraries read some such names as one: 127.1, 0x7f.1.
_ENDS_LIKE_A_NUMBER = re.compile(r"(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$", re.ASCII)
_URL = re.compile(
    r"(?P<scheme>[A-Za-z]+)://(?P<authority>[^/?#]*)(?P<target>(?:/[^?#]*)?(?:\?[^#]*)?)", re.ASCII
)
_UNSAFE = re.compile(r"[^!-~]|[\\^`{|}<>\"]")
_AUTHORITY = re.compile(
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?", re.ASCII
)

# Of the registries of special addresses all that is not for everybody, and what was once.
_CLOSED_V4 = tuple(
    IPv4Network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16"),
        *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3"),
    )
)
# What is assigned to everybody lies in here; all else is local, mapped, translated or reserved.
_OPEN_V6 = IPv6Network("2000::/3")
_CLOSED_V6 = tuple(
    IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "3ffe::/16")
)
# What stands in their last 32 bits is where they lead.
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class WebhookAddress:
    """``host`` is a name in lower case or an address without brackets; ``target`` is path and
    query.
    """

    scheme: str
    host: str
    port: int
    target: str

    @property
    def literal(self) -> IPAddress | None:
        """The host, if it is an address and no name."""
        try:
            return ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port: the ``Host`` of a request."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORT_OF_SCHEME[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def read_address(url: str) -> WebhookAddress:
    """The address that a URL names.

    Raises:
        WebhookAddressRefusedError: it is no plain http or https URL.
    """
    found = _URL.fullmatch(url) if len(url) <= URL_LENGTH_MAX and not _UNSAFE.search(url) else None
    if found is None:
        raise WebhookAddressRefusedError("not a URL of the form https://host/path")
    scheme = found["scheme"].lower()
    if scheme not in _PORT_OF_SCHEME:
        raise WebhookAddressRefusedError("only https")
    if "@" in found["authority"]:
        raise WebhookAddressRefusedError("no user name and no password may stand in it")
    parts = _AUTHORITY.fullmatch(found["authority"])
    if parts is None:
        raise WebhookAddressRefusedError("the host is malformed")
    port = int(parts["port"]) if parts["port"] else _PORT_OF_SCHEME[scheme]
    if not 1 <= port <= _PORT_MAX:
        raise WebhookAddressRefusedError("there is no such port")
    # A query may stand without a path; what is asked for is a path all the same.
    target = found["target"] if found["target"].startswith("/") else f"/{found['target']}"
    return WebhookAddress(scheme, _host(parts["host"].lower()), port, target)


def require_allowed(
    address: WebhookAddress, leads_to: Sequence[IPAddress], allowed: Sequence[IPNetwork]
) -> None:
    """Return if a request may be sent there. ``leads_to`` is every address of the host; ``allowed``
    are the networks in which the operator wants webhooks delivered by any scheme, at any port.

    Raises:
        WebhookAddressRefusedError: it may not.
    """
    plain = [unmapped(each) for each in leads_to]
    if plain and all(_is_in(each, allowed) for each in plain):
        return
    if address.scheme != "https":
        raise WebhookAddressRefusedError("only https")
    if address.port not in PORTS:
        ports = " and ".join(map(str, sorted(PORTS)))
        raise WebhookAddressRefusedError(f"only the ports {ports}")
    # The same words for a name that leads nowhere: they must not tell who is in the network.
    if not plain or not all(_is_in(each, allowed) or is_public(each) for each in plain):
        raise WebhookAddressRefusedError("the host has no public address, or one that is not")


def is_public(address: IPAddress) -> bool:
    """Whether the address is of the Internet at large, also where it is written in another."""
    address = unmapped(address)
    if isinstance(address, IPv4Address):
        return not _is_in(address, _CLOSED_V4)
    if address in _NAT64:
        return is_public(IPv4Address(address.packed[-4:]))
    return address.scope_id is None and address in _OPEN_V6 and not _is_in(address, _CLOSED_V6)


def unmapped(address: IPAddress) -> IPAddress:
    """The IPv4 address of one that is mapped into IPv6; any other as it is."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def read_networks(text: str) -> tuple[IPNetwork, ...]:
    """CIDRs with commas between; none if empty.

    Raises:
        ValueError: one is malformed.
    """
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _host(text: str) -> str:
    if text.startswith("["):
        try:
            return str(IPv6Address(text[1:-1]))
        except AddressValueError:
            raise WebhookAddressRefusedError("the host is malformed") from None
    if _ENDS_LIKE_A_NUMBER.search(text):
        try:
            return str(IPv4Address(text))
        except AddressValueError:
            raise WebhookAddressRefusedError("the host is malformed") from None
    if len(text) > _NAME_LENGTH_MAX or _NAME.fullmatch(text) is None:
        raise WebhookAddressRefusedError("the host is malformed")
    return text


def _is_in(address: IPAddress, networks: Sequence[IPNetwork]) -> bool:
    return any(address in network for network in networks)
