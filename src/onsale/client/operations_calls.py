"""For those who run the service, each call described once."""

from onsale.client import answers as a
from onsale.client.call import Call, Repeat, decoded


def livez() -> Call[a.Alive]:
    """Whether the process runs."""
    return Call(method="GET", template="/livez", repeat=Repeat.NEVER, parse=decoded(a.Alive))


def readyz() -> Call[a.Ready]:
    """Whether everything that it needs can be reached; else ``UnavailableError`` says what not."""
    return Call(method="GET", template="/readyz", repeat=Repeat.NEVER, parse=decoded(a.Ready))


def metrics() -> Call[str]:
    """Counters and timings, in the text format of Prometheus."""
    return Call(
        method="GET",
        template="/metrics",
        accept="text/plain",
        repeat=Repeat.NEVER,
        parse=bytes.decode,
    )
