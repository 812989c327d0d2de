"""What a client asks of the network. All else is written once, as coroutines over this.

``BlockingIo`` waits inside its methods, so that a coroutine over it never pauses and is run to its
end in one go; ``AwaitingIo`` awaits.
"""

import asyncio
import time
from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Protocol

import httpcore
import httpx
from typing_extensions import override

from onsale.client.blocking_transport import BlockingTransport, time_limit
from onsale.client.call import Answer
from onsale.client.errors import BadAnswerError, NoAnswerError
from onsale.client.options import ClientOptions

USER_AGENT = "onsale-client"
_PLAIN = "identity"
# Before any byte of the request has left.
_UNHEARD = (
    *(httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol),
    *(httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout),
)
_FAILED = (
    httpx.RequestError,
    *(httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError),
    httpcore.ProxyError,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request. ``answer_seconds_max`` is how long the head of its answer may take."""

    method: str
    url: str
    query: dict[str, str]
    # Say who asks, and what with.
    headers: dict[str, str] = field(repr=False)
    content: bytes | None = field(repr=False)
    answer_seconds_max: float


class Opened(Protocol):
    """An answer of which the head has come: its ``body`` is empty."""

    head: Answer

    @abstractmethod
    async def read(self, seconds_max: float) -> bytes:
        """The next bytes; none at its end.

        Raises:
            NoAnswerError: it broke off, or there are none within this time.
        """


class Io(Protocol):
    """The network and the clock, as far as waiting goes."""

    @abstractmethod
    def open(self, request: Request) -> AbstractAsyncContextManager[Opened]:
        """Send a request; its answer is open within the block.

        Raises:
            NoAnswerError: there is none in time.
            BadAnswerError: its head cannot be read, or says that it is encoded.
            ValueError: what is asked for is too long for an address.
        """

    @abstractmethod
    async def sleep(self, seconds: float) -> None:
        """Wait."""

    @abstractmethod
    async def close(self) -> None:
        """Close the connections."""


class BlockingIo(Io):
    """For one thread or several."""

    def __init__(self, base_url: str, options: ClientOptions, http: httpx.Client | None) -> None:
        self._options = options
        self._http = http or httpx.Client(
            transport=BlockingTransport(base_url, _limits(options)),
            cookies=_no_cookies(),
            trust_env=False,
        )

    @asynccontextmanager
    @override
    async def open(self, request: Request) -> AsyncIterator[Opened]:
        built = _built(self._http, request, self._options)
        with _failures_told(request), time_limit(request.answer_seconds_max):
            response = self._http.send(built, stream=True, follow_redirects=False, auth=None)
        try:
            yield _BlockingOpened(request, response)
        finally:
            response.close()

    @override
    async def sleep(self, seconds: float) -> None:
        time.sleep(seconds)  # noqa: ASYNC251 - nothing else runs meanwhile

    @override
    async def close(self) -> None:
        self._http.close()


class _BlockingOpened(Opened):
    def __init__(self, request: Request, response: httpx.Response) -> None:
        self.head = _head_of(response)
        self._request = request
        self._chunks = response.iter_raw()

    @override
    async def read(self, seconds_max: float) -> bytes:
        with _failures_told(self._request), time_limit(seconds_max):
            return next(self._chunks, b"")


class AwaitingIo(Io):
    """For the tasks of one event loop."""

    def __init__(
        self, base_url: str, options: ClientOptions, http: httpx.AsyncClient | None
    ) -> None:
        self._options = options
        self._http = http or httpx.AsyncClient(
            limits=_limits(options),
            cookies=_no_cookies(),
            # Certificates take a fifth of a second to load, for nothing where none is shown.
            verify=base_url.startswith("https:"),
        )

    @asynccontextmanager
    @override
    async def open(self, request: Request) -> AsyncIterator[Opened]:
        built = _built(self._http, request, self._options)
        with _failures_told(request):
            async with asyncio.timeout(request.answer_seconds_max):
                response = await self._http.send(
                    built, stream=True, follow_redirects=False, auth=None
                )
        try:
            yield _AwaitingOpened(request, response)
        finally:
            await response.aclose()

    @override
    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    @override
    async def close(self) -> None:
        await self._http.aclose()


class _AwaitingOpened(Opened):
    def __init__(self, request: Request, response: httpx.Response) -> None:
        self.head = _head_of(response)
        self._request = request
        self._chunks = response.aiter_raw()

    @override
    async def read(self, seconds_max: float) -> bytes:
        with _failures_told(self._request):
            async with asyncio.timeout(seconds_max):
                return await anext(self._chunks, b"")


def _limits(options: ClientOptions) -> httpx.Limits:
    return httpx.Limits(
        max_connections=options.connections_max, max_keepalive_connections=options.connections_max
    )


def _no_cookies() -> CookieJar:
    """A jar that stays empty: none is ever sent, and a server could leave ever new ones."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


def _built(
    http: httpx.Client | httpx.AsyncClient, request: Request, options: ClientOptions
) -> httpx.Request:
    headers = httpx.Headers(http.headers)
    # What is not compressed is never larger than what comes of it.
    given = {"user-agent": USER_AGENT, "accept-encoding": _PLAIN, **request.headers}
    headers.update([(name.encode(), value.encode()) for name, value in given.items()])
    timeout = httpx.Timeout(
        request.answer_seconds_max,
        connect=options.connect_seconds_max,
        pool=options.connect_seconds_max,
    )
    try:
        # Without the cookies that answers have left in what several clients may share: each goes
        # by its own token, and there are cookies that cannot be sent.
        return httpx.Request(
            request.method,
            request.url,
            params=request.query or None,
            headers=headers,
            content=request.content,
            extensions={"timeout": timeout.as_dict()},
        )
    except httpx.InvalidURL as error:
        raise ValueError(f"no address can hold what is asked for: {error}") from error


def _head_of(response: httpx.Response) -> Answer:
    encoding = response.headers.get("content-encoding", _PLAIN)
    if encoding.strip().lower() != _PLAIN:
        raise BadAnswerError("an answer that is encoded", status=response.status_code)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, b"")


@contextmanager
def _failures_told(request: Request) -> Iterator[None]:
    """Errors of httpx and of clocks as those of this client."""
    try:
        yield
    except TimeoutError as error:
        raise NoAnswerError(f"{request.url}: not in time", may_have_happened=True) from error
    except _FAILED as error:
        raise NoAnswerError(
            f"{request.url}: {_said(error)}", may_have_happened=not isinstance(error, _UNHEARD)
        ) from error
    except (ValueError, httpx.InvalidURL, httpx.StreamError) as error:
        # Of an answer's head: httpx looks where it leads, whether it follows or not.
        raise BadAnswerError(f"{request.url}: {_said(error)}") from error


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
