"""Answers as the service gives them, for servers that tests play."""

import json
from typing import Any

from tests.support.hostile_server import http

BOOKING: dict[str, Any] = {
    "id": "018f0000-0000-7000-8000-000000000000",
    "event_id": 1,
    "section": "A",
    "subsection": 1,
    "seat_selection_mode": "best_available",
    "quantity": 1,
    "seat_positions": [],
    "total_price": 1000,
    "currency": "USD",
    "status": "processing",
    "failure_reason": None,
    "cancel_reason": None,
    "expires_at": None,
    "created_at": "2030-01-01T00:00:00Z",
    "paid_at": None,
    "status_url": "/x",
}
ACCEPTED = http(202, json.dumps(BOOKING).encode())
USER = http(
    200, b'{"id":1,"email":"a@b","name":"A","role":"buyer","is_active":true,"access_token":"t"}'
)
HALF = USER[:-30]
GARBAGE = http(200, b"\xff\x00{]")


def problem(status: int, code: str, **members: object) -> bytes:
    body = {"type": "urn:x", "title": "No", "status": status, "detail": "no", "code": code}
    return json.dumps({**body, **members}).encode()


def refusing(
    status: int, code: str, kind: str = "application/problem+json", **headers: str
) -> bytes:
    return http(status, problem(status, code), kind, **headers)


UNAVAILABLE = refusing(503, "UNAVAILABLE", retry_after="0")


def view(status: str) -> bytes:
    data = json.dumps({**BOOKING, "status": status, "tickets": []})
    return f"event: status_update\ndata: {data}\n\n".encode()
