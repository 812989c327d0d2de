"""Reads server-sent events from bytes, however they are cut, as the HTML standard tells."""

import codecs
from dataclasses import dataclass, field

from onsale.client.errors import BadAnswerError

EVENT_CHARACTERS_MAX = 32 * 1024 * 1024
"""Of one event; the largest hall needs some five million."""
RETRY_DIGITS_MAX = 9


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event: its name, its data, and the id by which a server can go on after it."""

    name: str
    data: str
    last_id: str


@dataclass(slots=True)
class EventParser:
    """Of one connection. ``retry_seconds`` is what the server asks to be left alone for."""

    last_id: str = ""
    retry_seconds: float | None = None
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8-sig")("replace")
    )
    _rest: list[str] = field(default_factory=list)
    _size: int = 0
    _name: str = ""
    _data: list[str] = field(default_factory=list)
    _ended_in_cr: bool = False

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that are whole now.

        Raises:
            BadAnswerError: one is larger than any that the service sends.
        """
        text = self._decoder.decode(chunk)
        if not text:
            return []
        # CR LF is one end of a line, also when the two come apart.
        after_cr, self._ended_in_cr = self._ended_in_cr, text.endswith("\r")
        if after_cr:
            text = text.removeprefix("\n")
        self._size += len(text)
        if self._size > EVENT_CHARACTERS_MAX:
            raise BadAnswerError(f"an event of more than {EVENT_CHARACTERS_MAX} characters")
        *lines, rest = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        events = []
        for line in lines:
            whole = "".join((*self._rest, line))
            self._rest.clear()
            event = self._take(whole)
            if event is not None:
                events.append(event)
        if rest:
            self._rest.append(rest)
        return events

    def _take(self, line: str) -> ServerSentEvent | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "event":
                self._name = value
            case "data":
                self._data.append(value)
            case "id" if "\0" not in value:
                self.last_id = value
            case "retry" if value.isascii() and value.isdigit() and len(value) <= RETRY_DIGITS_MAX:
                self.retry_seconds = int(value) / 1000
            case _:
                pass  # comments, and what later versions may add
        return None

    def _dispatch(self) -> ServerSentEvent | None:
        name, data = self._name or "message", self._data
        self._name, self._data, self._size = "", [], 0
        return ServerSentEvent(name, "\n".join(data), self.last_id) if data else None
