"""Both kinds of client behind one way to call them, so that one suite judges both."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self

import pytest

from onsale.client import AsyncOnsaleClient, AsyncStream, ClientOptions, OnsaleClient, Stream

Kind = Literal["blocking", "asynchronous"]

BOTH_KINDS = pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
QUICK = ClientOptions(
    connect_seconds_max=2.0,
    answer_seconds_max=10.0,
    attempts_max=4,
    attempts_seconds_max=20.0,
    backoff_seconds_first=0.01,
    backoff_seconds_max=0.05,
    reconnects_max=4,
    reconnect_seconds_max=0.05,
)
"""Does not wait long between attempts."""


class EitherClient:
    """Each method of the client is awaited; a blocking one waits in a thread."""

    def __init__(self, client: OnsaleClient | AsyncOnsaleClient) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self.client, name)

        async def call(*args: object, **kwargs: object) -> object:
            if isinstance(self.client, AsyncOnsaleClient):
                return await method(*args, **kwargs)
            return await asyncio.to_thread(method, *args, **kwargs)

        return call

    def stream(self, name: str, *args: object, **kwargs: object) -> "EitherStream":
        """A method that gives one item after another."""
        return EitherStream(getattr(self.client, name)(*args, **kwargs))

    def as_user(self, token: str | None) -> "EitherClient":
        """Somebody else over the same connections."""
        return EitherClient(self.client.as_user(token))

    async def member(self, role: str) -> "EitherClient":
        """Somebody new, with an account and a session."""
        from tests.support.onsale_up import PASSWORD  # noqa: PLC0415 - not by unit tests
        from tests.support.visitors import new_email  # noqa: PLC0415 - likewise

        member, email = self.as_user(None), new_email()
        await member.register(email, PASSWORD, "Somebody", role)
        await member.log_in(email, PASSWORD)
        return member


class EitherStream:
    """Its items, whichever kind it is of."""

    def __init__(self, stream: Stream[Any] | AsyncStream[Any]) -> None:
        self._stream = stream

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if isinstance(self._stream, AsyncStream):
            await self._stream.close()
        else:
            await asyncio.to_thread(self._stream.close)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:  # noqa: ANN401 - whatever the stream gives
        if isinstance(self._stream, AsyncStream):
            return await anext(self._stream)
        item = await asyncio.to_thread(next, self._stream, None)
        if item is None:
            raise StopAsyncIteration
        return item

    async def all(self) -> list[Any]:
        """Every item to its end."""
        async with self:
            return [item async for item in self]


@asynccontextmanager
async def either_client(
    kind: str, url: str, options: ClientOptions = QUICK
) -> AsyncIterator[EitherClient]:
    """A client of this kind, of nobody yet."""
    if kind == "blocking":
        with OnsaleClient(url, options=options) as blocking:
            yield EitherClient(blocking)
    else:
        async with AsyncOnsaleClient(url, options=options) as awaiting:
            yield EitherClient(awaiting)
