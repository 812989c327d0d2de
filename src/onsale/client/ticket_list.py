"""The tickets of an event, as a file or one by one."""

import codecs
import csv
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing

import msgspec

from onsale.client import answers as a
from onsale.client import event_calls
from onsale.client.call import UNREADABLE
from onsale.client.core import Core
from onsale.client.errors import BadAnswerError
from onsale.client.io import Opened

LINE_CHARACTERS_MAX = 64 * 1024


async def download_tickets(core: Core, event_id: int) -> AsyncGenerator[bytes, None]:
    """The list of an event's tickets as the service sends it (CSV), piece by piece.

    Raises:
        NoAnswerError: it was cut off, and is not whole.
    """
    call = event_calls.export_tickets(event_id)
    request = core.request(call, core.options.silence_seconds_max)
    async with AsyncExitStack() as kept:

        async def attempt() -> Opened:
            return await kept.enter_async_context(core.opened(call, request))

        opened = await core.attempts(call, attempt)
        while chunk := await opened.read(core.options.silence_seconds_max):
            yield chunk


async def export_tickets(core: Core, event_id: int) -> AsyncGenerator[a.TakenTicket, None]:
    """Every ticket of an event that is reserved or sold, in seat order.

    Raises:
        NoAnswerError: the list was cut off, and is not whole.
        BadAnswerError: it cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    columns: list[str] = []
    rest = ""
    async with aclosing(download_tickets(core, event_id)) as chunks:
        async for chunk in chunks:
            *lines, rest = (rest + decoder.decode(chunk)).split("\n")
            if len(rest) > LINE_CHARACTERS_MAX:
                raise BadAnswerError("a line of the list has no end")
            for line in lines:
                if columns:
                    yield _ticket(columns, line)
                else:
                    columns = _cells(line)
    if rest or not columns:
        raise BadAnswerError("the list does not end with a whole line")


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.removesuffix("\r")], strict=True), [])
    except csv.Error as error:
        raise BadAnswerError(f"a line of the list cannot be read: {error}") from error


def _ticket(columns: list[str], line: str) -> a.TakenTicket:
    cells = _cells(line)
    try:
        return msgspec.convert(dict(zip(columns, cells, strict=True)), a.TakenTicket, strict=False)
    except UNREADABLE as error:
        raise BadAnswerError(f"a line of the list cannot be read: {error}") from error
