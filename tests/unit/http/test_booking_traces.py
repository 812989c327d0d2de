"""The HTTP side of bookings' traces."""

import json
from dataclasses import replace
from uuid import UUID

import httpx
import pytest
from structlog.testing import capture_logs

from onsale.platform.exceptions import UnavailableError
from onsale.platform.observability.logs import name_the_trace
from onsale.platform.observability.traces import span_id_of
from onsale.service.shared_kernel.booking_steps import BOOKED
from onsale.service.ticketing.domain.entity.user_entity import Principal
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from tests.support.http_api import HttpApi
from tests.support.kept_spans import KeptSpans

ORDER = {
    "event_id": 1,
    "section": "A",
    "subsection": 1,
    "seat_selection_mode": "best_available",
    "quantity": 1,
}
FOREIGN_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
BOOK, PAY = "POST /api/booking", "POST /api/booking/{booking_id}/pay"


@pytest.fixture
def kept(api: HttpApi) -> KeptSpans:
    """Every booking is followed from here on."""
    kept = KeptSpans()
    api.app = create_app(
        replace(api.services, traces=kept.traces(), metrics=type(api.services.metrics)())
    )
    return kept


async def test_a_booking_begins_its_own_trace(
    kept: KeptSpans, buyer: httpx.AsyncClient, event: int
) -> None:
    answer = await buyer.post("/api/booking", json=ORDER, headers={"traceparent": FOREIGN_TRACE})
    booking_id = UUID(answer.json()["id"])
    (span,) = kept.spans
    assert span.name == BOOK
    assert (span.step.subject, span.step.below) == (booking_id, None)
    assert span.step.span_id == span_id_of(booking_id, BOOKED)
    assert span.attributes["http.response.status_code"] == 202
    (link,) = span.links
    assert link.context.trace_id == 0x0AF7651916CD43DD8448EB211C80319C


@pytest.mark.parametrize("foreign", ["", "nonsense", "00-" + "0" * 32 + "-b7ad6b7169203331-01"])
async def test_a_foreign_trace_that_is_none_is_no_link(
    kept: KeptSpans, buyer: httpx.AsyncClient, event: int, foreign: str
) -> None:
    await buyer.post("/api/booking", json=ORDER, headers={"traceparent": foreign})
    assert kept.named(BOOK).links == ()


async def test_the_same_request_again_is_a_later_step(
    kept: KeptSpans, buyer: httpx.AsyncClient, event: int
) -> None:
    for _ in range(2):
        answer = await buyer.post(
            "/api/booking", json=ORDER, headers={"idempotency-key": "the same"}
        )
        assert answer.status_code == 202
    first, again = kept.spans
    assert first.step.below is None
    assert again.step.below == first.step.span_id != again.step.span_id


async def test_a_request_that_books_nothing_has_no_trace(
    kept: KeptSpans, buyer: httpx.AsyncClient, event: int
) -> None:
    refused = await buyer.post("/api/booking", json={**ORDER, "section": "Z"})
    assert refused.status_code == 404
    for path in ("no-id/pay", "no-id/sse", "", "01a21450-9b29-75e8-b304-1a48bc2e5067"):
        await buyer.post(f"/api/booking/{path}")
    assert kept.spans == []


async def test_a_payment_tells_its_status_and_nothing_of_the_card(
    kept: KeptSpans, buyer: httpx.AsyncClient, event: int
) -> None:
    booked = (await buyer.post("/api/booking", json=ORDER)).json()
    refused = await buyer.post(
        f"/api/booking/{booked['id']}/pay", json={"card_number": "4242 4242 4242 4242"}
    )
    span = kept.named(PAY)
    assert span.attributes["http.response.status_code"] == refused.status_code == 409
    assert kept.way_to(PAY) == [BOOK, PAY]
    assert "4242" not in repr(kept.spans)


async def test_a_log_line_about_a_booking_names_its_trace(
    api: HttpApi, buyer: httpx.AsyncClient, event: int
) -> None:
    booked = (await buyer.post("/api/booking", json=ORDER)).json()
    api.bookings.by_ids = None  # type: ignore[assignment, method-assign] # what nobody foresaw
    with capture_logs(processors=[name_the_trace]) as entries:
        answer = await buyer.post(f"/api/booking/{booked['id']}/cancel")
    assert answer.status_code == 500
    (entry,) = entries
    assert entry["booking_id"] == booked["id"]
    assert entry["trace_id"] == UUID(booked["id"]).hex


async def test_what_stands_in_a_path_instead_of_an_id_is_not_logged(
    api: HttpApi, buyer: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(_: str) -> Principal:
        raise UnavailableError("postgresql")

    # Refused before anybody looks at the id.
    monkeypatch.setattr(api.tokens, "authenticate", away)
    with capture_logs(processors=[name_the_trace]) as entries:
        answer = await buyer.post("/api/booking/ada@example.test/cancel")
    assert answer.status_code == 503
    assert [entry["event"] for entry in entries] == ["unavailable"]
    assert "ada@" not in json.dumps(entries, default=str)
