"""Connections of a client that blocks, none of whose waits outlasts the time that it gives.

httpx bounds each wait for bytes, but not how many there are: a server that says one byte at a time
holds a thread for good. An asynchronous client is woken by its event loop; here each wait is cut to
what is left.
"""

import math
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpcore
import httpx
from typing_extensions import override

_WRITE_BYTES_MAX = 64 * 1024
# By the monotonic clock, of whatever this thread waits for.
_ends_at: ContextVar[float] = ContextVar("ends_at", default=math.inf)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Within the block, what waits for a connection's bytes fails once so many seconds are over."""
    token = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(token)


class BlockingTransport(httpx.BaseTransport):
    """Connections to one service, or to the proxy before it that the environment names.

    Raises errors of httpcore, which are named as those of httpx.
    """

    def __init__(self, base_url: str, limits: httpx.Limits) -> None:
        # Certificates take a fifth of a second to load, for nothing where none is shown.
        is_encrypted = base_url.startswith("https:")
        self._pool = httpcore.ConnectionPool(
            ssl_context=httpx.create_ssl_context() if is_encrypted else None,
            proxy=_proxy_before(base_url),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(),
        )

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The head of the answer; its body is still to come."""
        url = request.url
        answer = self._pool.handle_request(
            httpcore.Request(
                request.method,
                httpcore.URL(
                    scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                ),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            answer.status,
            headers=answer.headers,
            stream=_Body(answer),
            extensions=answer.extensions,
        )

    @override
    def close(self) -> None:
        """Close the connections."""
        self._pool.close()


class _Body(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    @override
    def __iter__(self) -> Iterator[bytes]:
        return self._answer.iter_stream()

    @override
    def close(self) -> None:
        self._answer.close()


class _Network(httpcore.SyncBackend):
    """The addresses of a name share the time that there is for one: each by itself would have all
    of it. Looking the name up takes the time that the system's resolver takes.
    """

    @override
    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _left(timeout, httpcore.ConnectTimeout)
        with time_limit(math.inf if seconds is None else seconds):
            *others, last = _addresses_of(host, port)
            for behind, each in zip(range(len(others), 0, -1), others, strict=True):
                with suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                    share = _left(None, httpcore.ConnectTimeout, 1 + behind)
                    return _Stream(
                        super().connect_tcp(each, port, share, local_address, socket_options)
                    )
            left = _left(None, httpcore.ConnectTimeout)
            return _Stream(super().connect_tcp(last, port, left, local_address, socket_options))


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    @override
    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    @override
    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # A large one is taken in many pieces, for each of which the stream waits anew.
        for begin in range(0, len(buffer), _WRITE_BYTES_MAX):
            piece = buffer[begin : begin + _WRITE_BYTES_MAX]
            self._stream.write(piece, _left(timeout, httpcore.WriteTimeout))

    @override
    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        seconds = _left(timeout, httpcore.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, seconds))

    @override
    def close(self) -> None:
        self._stream.close()

    @override
    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


def _addresses_of(host: str, port: int) -> Sequence[str]:
    """Where the name leads, at least one."""
    numbers = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        return [socket.getnameinfo(where, numbers)[0] for *_, where in found]
    except OSError as error:
        raise httpcore.ConnectError(str(error)) from error


def _left(
    timeout: float | None, over: type[httpcore.TimeoutException], shares: int = 1
) -> float | None:
    """How long to wait: not longer than ``timeout``, nor than one of so many equal shares of the
    time that there is.
    """
    left = (_ends_at.get() - time.monotonic()) / shares
    seconds = min(math.inf if timeout is None else timeout, left)
    if seconds <= 0:
        raise over("the time is over")
    return None if math.isinf(seconds) else seconds


def _proxy_before(base_url: str) -> httpcore.Proxy | None:
    """As httpx finds it where it makes the connections."""
    parts, named = urlsplit(base_url), getproxies()
    address = named.get(parts.scheme) or named.get("all")
    if not address or proxy_bypass(parts.netloc):
        return None
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    return httpcore.Proxy(str(proxy.url), auth=proxy.raw_auth)
