"""Connections from which no more than so many bytes are ever read."""

import ssl
from collections.abc import Iterable
from typing import Any

import httpcore

# So that whoever floods many connections holds up the others for a moment each time and no longer.
READ_BYTES_MAX = 4_096


class BoundedBackend(httpcore.AsyncNetworkBackend):
    """Connects as httpcore does by itself."""

    def __init__(self, bytes_max: int) -> None:
        """``bytes_max`` is what one connection may send, all of its answers together."""
        self._backend = httpcore.AnyIOBackend()
        self._bytes_max = bytes_max

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        return _BoundedStream(stream, self._bytes_max)


class _BoundedStream(httpcore.AsyncNetworkStream):
    """Once it is over, ``read`` raises ``httpcore.ReadError``."""

    def __init__(self, stream: httpcore.AsyncNetworkStream, bytes_max: int) -> None:
        self._stream = stream
        self._left = bytes_max

    async def read(
        self,
        max_bytes: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> bytes:
        size = min(max_bytes, self._left, READ_BYTES_MAX)
        if size <= 0:
            raise httpcore.ReadError("the answer is too long")
        data = await self._stream.read(size, timeout)
        self._left -= len(data)
        return data

    async def write(
        self,
        buffer: bytes,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
    ) -> httpcore.AsyncNetworkStream:
        stream = await self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _BoundedStream(stream, self._left)

    def get_extra_info(self, info: str) -> Any:  # noqa: ANN401 - httpcore's
        return self._stream.get_extra_info(info)
