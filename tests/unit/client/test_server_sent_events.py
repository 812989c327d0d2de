import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.client.errors import BadAnswerError
from onsale.client.server_sent_events import (
    EVENT_CHARACTERS_MAX,
    EventParser,
    ServerSentEvent,
)

LINES = st.sampled_from(
    [
        *("", "data", "data: x", "data:  y: z", "data:é", "data: [\u2028]", "event: n"),
        *("id: 7", "id: a\0b", "id", "retry: 50", "retry: soon", ": still here", "other: thing"),
    ]
)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def read_simply(text: str) -> list[ServerSentEvent]:
    """What the standard says, of a stream that is there as a whole."""
    events: list[ServerSentEvent] = []
    name, data, last_id = "", list[str](), ""
    for line in re.split("\r\n|\n|\r", text)[:-1]:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if data:
                events.append(ServerSentEvent(name or "message", "\n".join(data), last_id))
            name, data = "", []
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value
        elif field == "id" and "\0" not in value:
            last_id = value
    return events


@given(st.lists(st.tuples(LINES, ENDS), max_size=30), st.data())
def test_events_are_the_same_however_they_are_cut(
    lines: list[tuple[str, str]], data: st.DataObject
) -> None:
    text = "".join(line + end for line, end in lines)
    content, parser, events = text.encode(), EventParser(), []
    cuts = data.draw(st.lists(st.integers(0, len(content)), max_size=20).map(sorted))
    for begin, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        events += parser.feed(content[begin:end])
    assert events == read_simply(text)


@pytest.mark.parametrize(
    "chunks",
    [
        (b"data: x\r", b"\n", b"\n"),
        (b"data: x\r", b"", b"\n", b"\r\n"),
        (b"data: x\r", b"\r"),
        (b"data: x\n", b"\n"),
    ],
)
def test_an_end_of_line_that_comes_in_two_parts_is_one(chunks: tuple[bytes, ...]) -> None:
    parser = EventParser()
    events = [event for chunk in chunks for event in parser.feed(chunk)]
    assert events == [ServerSentEvent("message", "x", "")]


@given(st.lists(st.binary(max_size=50), max_size=20))
def test_whatever_comes_is_read_or_ignored(chunks: list[bytes]) -> None:
    parser = EventParser()
    for chunk in chunks:
        parser.feed(chunk)


def test_what_a_server_asks_for_is_kept() -> None:
    parser = EventParser("3")
    assert parser.feed(b"retry: 2000\n\ndata: x\n\n") == [ServerSentEvent("message", "x", "3")]
    assert parser.retry_seconds == 2.0
    assert parser.feed(b"retry: 99999999999999999999\nid: 4\n\n") == []
    assert (parser.retry_seconds, parser.last_id) == (2.0, "4")


def test_an_event_without_an_end_is_refused() -> None:
    parser, chunk = EventParser(), b"data: " + b"x" * 1_000_000
    for _ in range(EVENT_CHARACTERS_MAX // len(chunk)):
        parser.feed(chunk)
    with pytest.raises(BadAnswerError):
        parser.feed(chunk)
