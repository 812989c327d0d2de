"""A file that is sent while it is being made."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager

import structlog
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from onsale.platform.exceptions import UnavailableError
from onsale.platform.tasks import end
from onsale.service.ticketing.driving_adapter.http_controller.json_response import NO_STORE

# A client that takes no more of it for so long is gone.
CHUNK_SECONDS_MAX = 30.0

_log = structlog.stdlib.get_logger(__name__)


class Download(Response):
    """One chunk at a time: the next is made when the client has taken the one before. What ends
    before its end is cut off, so that no client takes a part for the whole.
    """

    def __init__(
        self,
        first: bytes,
        rest: AsyncIterator[bytes],
        place: AbstractContextManager[None],
        *,
        media_type: str,
        file_name: str,
        chunk_seconds_max: float = CHUNK_SECONDS_MAX,
    ) -> None:
        """``place`` is entered as long as it lasts, and may refuse."""
        self.status_code = 200
        self.background = None
        self.raw_headers = [
            (b"content-type", media_type.encode()),
            NO_STORE,
            (b"content-disposition", f'attachment; filename="{file_name}"'.encode()),
        ]
        self._first = first
        self._rest = rest
        self._place = place
        self._chunk_seconds_max = chunk_seconds_max

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send it all, unless the client goes or nothing more can be had."""
        with self._place:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            sending = asyncio.ensure_future(self._send_all(send))
            leaving = asyncio.ensure_future(disconnected(receive))
            try:
                await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                await end(sending, leaving)
            if not sending.cancelled():
                sending.result()

    async def _send_all(self, send: Send) -> None:
        try:
            await self._send(send, self._first)
            async for chunk in self._rest:
                await self._send(send, chunk)
        except (UnavailableError, TimeoutError) as error:
            _log.warning("download_cut_off", error=str(error) or type(error).__name__)
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _send(self, send: Send, chunk: bytes) -> None:
        async with asyncio.timeout(self._chunk_seconds_max):
            await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def disconnected(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass
