"""What probes answer."""

import msgspec


class AliveBody(msgspec.Struct, frozen=True):
    """The process runs."""

    status: str
    version: str


class ReadyBody(msgspec.Struct, frozen=True):
    """Everything can be reached; ``checks`` by dependency."""

    status: str
    checks: dict[str, str]
