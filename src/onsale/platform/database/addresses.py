"""Addresses of PostgreSQL, judged before a library reads them: its complaints quote a part of the
address, and where a password is not encoded that part is the password's.
"""

import re
from urllib.parse import parse_qs, urlsplit

PORT_MAX = 65_535
# A name, an address, or the encoded folder of a socket.
_HOST = re.compile(
    r"(?=.)(?:\[[0-9A-Fa-f:.%]+\]|[^@:/\[\]\s]*)(?::(?P<port>[0-9]{1,5}))?", re.DOTALL
)
_ENCODE = "in a name or password write / as %2F, ? as %3F, # as %23, @ as %40, [ as %5B"


def check_address(text: str) -> None:
    """Of the form ``postgresql://user:password@host:port,host:port/database?option=value``.

    Raises:
        ValueError: it is not, in words that quote nothing of it.
    """
    try:
        parts = urlsplit(text)
    except ValueError:
        raise ValueError(f"cannot be read as an address; {_ENCODE}") from None
    who, _, hosts = parts.netloc.rpartition("@")
    if "@" in who or parts.fragment:
        raise ValueError(f"there is a second @, or a #; {_ENCODE}")
    for host in hosts.split(",") if hosts else ():
        found = _HOST.fullmatch(host)
        if found is None or int(found["port"] or 0) > PORT_MAX:
            raise ValueError(f"what stands behind a host is no port; {_ENCODE}")
    try:
        parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError(f"what stands behind the ? are no options; {_ENCODE}") from None
