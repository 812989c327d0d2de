"""Values as they may be shown: without the passwords that stand in addresses."""

import re

MASK = "********"
# Up to the first of what ends it; a password that holds one of those ends it too early.
_ADDRESS = re.compile(r"(?P<scheme>[^:/?#@]*://)(?P<authority>[^/?#]*)(?P<rest>.*)", re.DOTALL)
_HOST = r"(?:\[[0-9A-Fa-f:.%]+\]|[^@:/?#\[\]\s,]*)(?::[0-9]+)?"
_HOSTS = re.compile(rf"{_HOST}(?:,{_HOST})*")
_PASSWORD_IN_QUERY = re.compile(r"(?<=[?&])(password|sslpassword)=[^&#]*", re.IGNORECASE)


def masked(value: str) -> str:
    """The value with a mask in place of a password; nothing but the mask if it cannot be told which
    part of it is one.
    """
    address = _ADDRESS.fullmatch(value)
    if address is None:
        return MASK if "@" in value else value
    scheme, authority, rest = address.group("scheme", "authority", "rest")
    who, at, hosts = authority.rpartition("@")
    if "@" in rest or _HOSTS.fullmatch(hosts) is None:
        return MASK
    name, colon, _ = who.partition(":")
    said = f"{name}:{MASK}" if colon else who
    rest = _PASSWORD_IN_QUERY.sub(rf"\1={MASK}", rest)
    return f"{scheme}{said}{at}{hosts}{rest}"
