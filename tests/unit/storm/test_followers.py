"""What is recorded of a stream, and what becomes of whoever follows it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from storm.clients import Client
from storm.followers import following
from storm.history import CLOSED, LEFT, History, Operation, read_history

WAIT_SECONDS_MAX = 5.0


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with History(tmp_path / "history.jsonl") as recorded:
        yield recorded


class Stream(httpx.AsyncByteStream):
    """Bookings in these states, and then the end, an error, or silence."""

    def __init__(self, *statuses: str, then: Callable[[], object] = lambda: None) -> None:
        self._statuses = statuses
        self._then = then

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"retry: 2000\n\n: still here\n\n"
        for status in self._statuses:
            yield b"event: status_update\n"
            yield f"data: {json.dumps({'id': 'a', 'status': status})}\n\n".encode()
        self._then()
        if "completed" not in self._statuses:
            await asyncio.sleep(WAIT_SECONDS_MAX)


def break_off() -> None:
    raise httpx.ReadError("reset")


async def test_whoever_follows_comes_back_until_the_end(history: History) -> None:
    client = client_of(history, Stream("processing", then=break_off), Stream("completed"))
    async with following(client, "a") as follower:
        assert await follower.settled(seconds_max=WAIT_SECONDS_MAX) == "completed"
        await follower.over(seconds_max=WAIT_SECONDS_MAX)
    first, second = history.operations
    assert [shown(first), shown(second)] == [["processing"], ["completed"]]
    assert (first.ended, second.ended) == ("ReadError: reset", CLOSED)


async def test_a_stream_that_its_client_has_enough_of_is_left(history: History) -> None:
    async with following(client_of(history, Stream("pending_payment")), "a") as follower:
        assert await follower.settled(seconds_max=WAIT_SECONDS_MAX) == "pending_payment"
    (stream,) = history.operations
    assert (shown(stream), stream.ended) == (["pending_payment"], LEFT)


async def test_a_follower_does_not_wait_for_ever(history: History) -> None:
    async with following(client_of(history, Stream("processing")), "a") as follower:
        assert await follower.settled(seconds_max=0.05) is None


async def test_frames_and_the_end_of_a_stream_stand_in_the_file(
    history: History, tmp_path: Path
) -> None:
    async with following(client_of(history, Stream("completed")), "a") as follower:
        await follower.over(seconds_max=WAIT_SECONDS_MAX)
    history.flush()
    lines = list(read_history(tmp_path / "history.jsonl"))
    frames = [line["frame"]["body"]["status"] for line in lines if "frame" in line]
    assert frames == ["completed"]
    assert lines[-1]["ended"] == CLOSED


def client_of(history: History, *streams: Stream) -> Client:
    """A client who is answered with these streams, one after the other."""
    left = iter(streams)
    headers = {"content-type": "text/event-stream; charset=utf-8"}

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers=headers, stream=next(left))

    http = httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://storm")
    return Client("anna", http, history, token="t")


def shown(stream: Operation) -> list[str]:
    return [frame.body["status"] for frame in stream.frames]
