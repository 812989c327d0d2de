"""HTTP as a client has it: every request and every answer goes into the history."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from storm.history import ACCEPTED, CLOSED, LEFT, OK, History, JsonObject, Operation

PASSWORD = "a storm is coming"  # noqa: S105 - of accounts that live as long as their storm
CONNECTION_COUNT_MAX = 200
# Longer than any answer may take, so that one which never comes is told from one which is late.
PATIENCE_SECONDS = 12.0
SET_UP_SECONDS_MAX = 60.0
# Longer than between two signs of life of a stream.
SILENCE_SECONDS_MAX = 20.0

_CREATED = 201
_POLL_SECONDS = 0.1
# What is worth keeping of an answer; a map of seats is judged at once and not kept.
_BODY_BYTES_MAX = 20_000


def connections(base_url: str) -> httpx.AsyncClient:
    """Connections for any number of clients."""
    limits = httpx.Limits(
        max_connections=CONNECTION_COUNT_MAX, max_keepalive_connections=CONNECTION_COUNT_MAX
    )
    return httpx.AsyncClient(base_url=base_url, timeout=PATIENCE_SECONDS, limits=limits)


@dataclass(slots=True)
class Client:
    """Somebody with a session, or, without a token, anybody."""

    name: str
    http: httpx.AsyncClient
    history: History
    token: str = ""
    user_id: int = 0

    async def send(
        self,
        kind: str,
        method: str,
        path: str,
        *,
        json: JsonObject | None = None,
        headers: dict[str, str] | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        **what: Any,  # noqa: ANN401 - fields of the operation
    ) -> Operation:
        """Send one request and record it; it never raises for what a fault can do to it."""
        operation = self.history.sent(self.name, kind, **what)
        sent_headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            async with (
                asyncio.timeout(patience_seconds),
                self.http.stream(
                    method,
                    path,
                    json=json,
                    headers={**sent_headers, **(headers or {})},
                    timeout=patience_seconds,
                ) as response,
            ):
                body = await _body(response)
        except (httpx.TransportError, TimeoutError) as error:
            self.history.saw_nothing(operation, f"{type(error).__name__}: {error}")
        else:
            self.history.saw(operation, response.status_code, body)
        return operation

    async def book(
        self, order: JsonObject, *, key: str | None = None, patience_seconds: float
    ) -> Operation:
        """Ask for seats."""
        return await self.send(
            "book",
            "POST",
            "/api/booking",
            json=order,
            headers={"Idempotency-Key": key} if key else None,
            patience_seconds=patience_seconds,
            asked=order,
            key=key,
            event_id=order["event_id"],
        )

    async def read(self, booking_id: str) -> Operation:
        """Look at a booking."""
        return await self.send("read", "GET", f"/api/booking/{booking_id}", booking_id=booking_id)

    async def pay(
        self,
        booking_id: str,
        card_number: str,
        *,
        card: str,
        key: str | None,
        patience_seconds: float,
    ) -> Operation:
        """Pay with a card; the history keeps its name and not its number."""
        return await self.send(
            "pay",
            "POST",
            f"/api/booking/{booking_id}/pay",
            json={"card_number": card_number},
            headers={"Idempotency-Key": key} if key else None,
            key=key,
            patience_seconds=patience_seconds,
            booking_id=booking_id,
            asked={"card": card},
        )

    async def cancel(self, booking_id: str, *, patience_seconds: float) -> Operation:
        """Give the booking back."""
        return await self.send(
            "cancel",
            "POST",
            f"/api/booking/{booking_id}/cancel",
            patience_seconds=patience_seconds,
            booking_id=booking_id,
        )

    async def watch(
        self,
        kind: str,
        path: str,
        on_frame: Callable[[JsonObject], None],
        **what: Any,  # noqa: ANN401 - fields of the operation
    ) -> Operation:
        """Follow a stream and record it until it is closed or breaks; to leave it is to cancel."""
        operation = self.history.sent(self.name, kind, **what)
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        how = LEFT
        try:
            async with self.http.stream(
                "GET", path, headers=headers, timeout=SILENCE_SECONDS_MAX
            ) as response:
                self.history.saw(operation, response.status_code, await _body(response))
                if operation.status == OK:
                    async for event, body in _frames(response):
                        self.history.saw_frame(operation, event, body)
                        on_frame(body)
            how = CLOSED
        except httpx.TransportError as error:
            how = f"{type(error).__name__}: {error}"
            if operation.status is None:
                self.history.saw_nothing(operation, how)
        finally:
            self.history.saw_end(operation, how)
        return operation

    async def settled(self, booking_id: str, *, seconds_max: float) -> str | None:
        """The booking's status once it is no longer processing; ``None`` if that takes too long."""
        deadline = time.monotonic() + seconds_max
        pause_seconds = _POLL_SECONDS
        while time.monotonic() < deadline:
            operation = await self.read(booking_id)
            if operation.status == OK and operation.body.get("status") != "processing":
                return str(operation.body.get("status"))
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 1.5, 1.0)
        return None


async def join(http: httpx.AsyncClient, history: History, name: str, role: str) -> Client:
    """A new account, logged in; done before the faults begin.

    Raises:
        httpx.HTTPStatusError, KeyError: the system does not take it.
    """
    account = {
        "email": f"{uuid.uuid4().hex}@storm.example",
        "password": PASSWORD,
        "name": name,
        "role": role,
    }
    (await http.post("/api/user", json=account)).raise_for_status()
    credentials = {"email": account["email"], "password": PASSWORD}
    session = await http.post("/api/user/login", json=credentials)
    session.raise_for_status()
    # Each client is known by its token alone, not by a cookie that all of them would share.
    http.cookies.clear()
    body = session.json()
    return Client(name, http, history, body["access_token"], body["id"])


def was_accepted(operation: Operation) -> bool:
    """Whether a booking was promised."""
    return operation.status == ACCEPTED


async def _frames(response: httpx.Response) -> AsyncIterator[tuple[str, JsonObject]]:
    """The events of a stream by name; comments and what tells when to come back are passed over."""
    event = ""
    async for line in response.aiter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            event = value
        elif name == "data":
            yield event, json.loads(value)


async def _body(response: httpx.Response) -> JsonObject:
    if response.headers.get("content-type", "").startswith("text/event-stream"):
        # It does not end by itself; that it was granted is all that is asked here.
        return {}
    await response.aread()
    if len(response.content) > _BODY_BYTES_MAX:
        return {"too_long_to_keep": len(response.content)}
    try:
        body = response.json()
    except ValueError:
        return {"no_json": response.text[:500]}
    return body if isinstance(body, dict) else {"no_object": str(body)[:500]}
