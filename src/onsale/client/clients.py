"""The two kinds of client."""

from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator
from copy import copy
from dataclasses import replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import httpx
from typing_extensions import override

from onsale.client.core import Core, base_url_of
from onsale.client.io import AwaitingIo, BlockingIo
from onsale.client.methods import Methods, Runner
from onsale.client.options import ClientOptions

Item = TypeVar("Item")
Result = TypeVar("Result")


class _Client(Methods, Runner):
    core: Core
    owns_connections: bool

    @property
    def url(self) -> str:
        """Where the service is."""
        return self.core.base_url

    @property
    def token(self) -> str | None:
        """What the service knows the client by: that of the last log-in."""
        return self.core.token

    def as_user(self, token: str | None) -> Self:
        """Somebody else over the same connections, which this client goes on to own.

        Raises:
            ValueError: ``token`` is none.
        """
        other = copy(self)
        other.core = replace(self.core, token=token)
        other.owns_connections = False
        return other


class OnsaleClient(_Client):
    """Somebody who uses the service at ``url``: anybody, or whoever ``token`` belongs to.

    Each method returns when it has been done. Threads may share a client, save for ``log_in`` and
    ``log_out``. Use it in a ``with``, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        options: ClientOptions | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """``http`` are connections to use, which whoever made them closes: their own limits
        hold, and each wait for bytes of a head is bounded, but not how many there are.

        Raises:
            ValueError: ``url`` is no address, or ``token`` none.
        """
        options = options or ClientOptions()
        base_url = base_url_of(url)
        self.core = Core(BlockingIo(base_url, options, http), base_url, options, token)
        self.owns_connections = http is None

    @override
    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Its result."""
        return _finished(work)

    @override
    def iterate(self, items: AsyncGenerator[Item, None]) -> "Stream[Item]":
        """Its items, one after another."""
        return Stream(items)

    def close(self) -> None:
        """Close the connections."""
        if self.owns_connections:
            _finished(self.core.io.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Stream(Generic[Item]):
    """One item after another. Use it in a ``with`` unless you go through it to its end."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        """The next item; waits for it."""
        try:
            return _finished(anext(self._items))
        except StopAsyncIteration:
            raise StopIteration from None

    def close(self) -> None:
        """End it."""
        _finished(self._items.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncOnsaleClient(_Client):
    """Somebody who uses the service at ``url``: anybody, or whoever ``token`` belongs to.

    Tasks of one event loop may share a client, save for ``log_in`` and ``log_out``. Use it in an
    ``async with``, or close it.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        options: ClientOptions | None = None,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        """``http`` are connections to use, which whoever made them closes.

        Raises:
            ValueError: ``url`` is no address, or ``token`` none.
        """
        options = options or ClientOptions()
        base_url = base_url_of(url)
        self.core = Core(AwaitingIo(base_url, options, http), base_url, options, token)
        self.owns_connections = http is None

    @override
    def run(self, work: Coroutine[Any, Any, Result]) -> Coroutine[Any, Any, Result]:
        """What is to be awaited for its result."""
        return work

    @override
    def iterate(self, items: AsyncGenerator[Item, None]) -> "AsyncStream[Item]":
        """Its items, one after another."""
        return AsyncStream(items)

    async def close(self) -> None:
        """Close the connections."""
        if self.owns_connections:
            await self.core.io.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


class AsyncStream(Generic[Item]):
    """One item after another. Use it in an ``async with`` unless you go through it to its end."""

    def __init__(self, items: AsyncGenerator[Item, None]) -> None:
        self._items = items

    def __aiter__(self) -> AsyncIterator[Item]:
        return self

    async def __anext__(self) -> Item:
        """The next item."""
        return await anext(self._items)

    async def close(self) -> None:
        """End it."""
        await self._items.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _finished(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of a coroutine that waits inside and never pauses."""
    try:
        work.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    work.close()
    raise AssertionError("a blocking client has paused")
