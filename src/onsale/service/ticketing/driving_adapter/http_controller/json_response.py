"""JSON answers, encoded without detours: the hottest calls spend their time elsewhere."""

from collections.abc import Iterable

import msgspec
from starlette.responses import Response

_ENCODER = msgspec.json.Encoder()
CONTENT_TYPE = (b"content-type", b"application/json")
# Nearly everything is live, or somebody's own.
NO_STORE = (b"cache-control", b"no-store")
# What is answered was asked for before, under the same idempotency key.
REPLAYED = (b"idempotent-replayed", b"true")


def encode(body: object) -> bytes:
    """JSON of structs and plain values; times in UTC end in ``Z``."""
    return _ENCODER.encode(body)


class EncodedResponse(Response):
    """An answer that is bytes already, body and headers: nothing of the base's preparation is
    needed.
    """

    def __init__(
        self, body: bytes, status_code: int, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """``headers`` have lower-case names; the length is added."""
        self.status_code = status_code
        self.background = None
        self.body = body
        self.raw_headers = [*headers, (b"content-length", b"%d" % len(body))]


class JsonResponse(EncodedResponse):
    """An answer whose body is a msgspec struct or a plain value."""

    def __init__(
        self,
        body: object,
        status_code: int = 200,
        extra_headers: Iterable[tuple[bytes, bytes]] = (),
    ) -> None:
        """``extra_headers`` have lower-case names."""
        super().__init__(
            _ENCODER.encode(body), status_code, (CONTENT_TYPE, NO_STORE, *extra_headers)
        )
