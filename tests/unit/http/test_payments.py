"""Paying over HTTP: what a key, a declined card and a payment without an outcome answer."""

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import httpx
import pytest

from onsale.platform.rate_limiting.token_buckets import Limit
from onsale.service.ticketing.app.interface.i_payment_gateway import Captured, Declined, Voided
from onsale.service.ticketing.driving_adapter.http_controller.app import create_app
from onsale.service.ticketing.driving_adapter.http_controller.rate_limits import (
    RateLimitRules,
    RateLimits,
)
from tests.support.http_api import SECRET, HttpApi, booking_form
from tests.support.problems import problem

CARD = {"card_number": "4242 4242-4242 4242"}
OTHER_CARD = {"card_number": "6011000990139424"}
KEY = {"idempotency-key": "k" * 255}


@pytest.fixture
async def path(api: HttpApi, buyer: httpx.AsyncClient, event: int) -> str:
    """Where a held booking is paid."""
    booking = (await buyer.post("/api/booking", json=booking_form())).json()
    expires_at = datetime.now(UTC) + timedelta(minutes=10)
    api.bookings.hold(UUID(booking["id"]), ("1-1", "1-2"), expires_at)
    return f"/api/booking/{booking['id']}/pay"


async def test_a_payment_sent_again_with_its_key_is_answered_alike(
    api: HttpApi, buyer: httpx.AsyncClient, path: str
) -> None:
    answers = [await buyer.post(path, json=CARD, headers=KEY) for _ in range(2)]
    spelled_otherwise = {"card_number": "4242424242424242"}
    answers.append(await buyer.post(path, json=spelled_otherwise, headers=KEY))
    assert [answer.status_code for answer in answers] == [200] * 3
    assert answers[0].json() == answers[1].json() == answers[2].json()
    assert len(api.gateway.cards) == 1
    problem(await buyer.post(path, json=CARD), 409, "BOOKING_NOT_PAYABLE")


async def test_a_payment_that_is_known_is_answered_however_often_and_new_ones_come_at_a_rate(
    api: HttpApi, buyer: httpx.AsyncClient, path: str
) -> None:
    rules = RateLimitRules(payment_per_user=Limit(1, 0.001))
    limits = RateLimits(rules, time.monotonic, secret=SECRET)
    services = replace(api.services, rate_limits=limits, metrics=type(api.services.metrics)())
    api.app = create_app(services)
    async with api.client(buyer.headers["authorization"].split()[1]) as client:
        for _ in range(3):
            assert (await client.post(path, json=CARD, headers=KEY)).status_code == 200
        problem(await client.post(path, json=CARD), 429, "RATE_LIMITED")
        other_key = {"idempotency-key": "another"}
        problem(await client.post(path, json=CARD, headers=other_key), 429, "RATE_LIMITED")
        problem(
            await client.post(path, json=OTHER_CARD, headers=KEY), 422, "IDEMPOTENCY_KEY_REUSED"
        )
    assert len(api.gateway.cards) == 1


async def test_a_key_does_not_stand_for_another_card(
    api: HttpApi, buyer: httpx.AsyncClient, path: str
) -> None:
    api.gateway.outcome = Declined("insufficient_funds")
    declined = [await buyer.post(path, json=CARD, headers=KEY) for _ in range(2)]
    for answer in declined:
        refusal = problem(answer, 402, "PAYMENT_DECLINED")
        assert refusal["decline_reason"] == "insufficient_funds"
    assert len(api.gateway.cards) == 1
    api.gateway.outcome = Captured("pay_1")
    refused = await buyer.post(path, json=OTHER_CARD, headers=KEY)
    problem(refused, 422, "IDEMPOTENCY_KEY_REUSED")
    assert "601100" not in refused.text
    other_key = {"idempotency-key": "another"}
    assert (await buyer.post(path, json=OTHER_CARD, headers=other_key)).status_code == 200


async def test_a_repeat_waits_while_the_outcome_is_not_known(
    api: HttpApi, buyer: httpx.AsyncClient, path: str
) -> None:
    api.gateway.outcome = None
    problem(await buyer.post(path, json=CARD, headers=KEY), 504, "PAYMENT_UNKNOWN")
    problem(await buyer.post(path, json=CARD, headers=KEY), 409, "PAYMENT_IN_PROGRESS")


async def test_a_payment_that_was_given_up_may_be_tried_again(
    api: HttpApi, buyer: httpx.AsyncClient, path: str
) -> None:
    api.gateway.outcome = Voided()
    refused = await buyer.post(path, json=CARD, headers=KEY)
    assert problem(refused, 503, "UNAVAILABLE")["dependency"] == "payment-gateway"
    assert refused.headers["retry-after"]
    api.gateway.outcome = Captured("pay_1")
    assert (await buyer.post(path, json=OTHER_CARD, headers=KEY)).status_code == 200


async def test_somebody_elses_booking_is_not_paid_under_any_key(
    api: HttpApi,
    buyer: httpx.AsyncClient,
    other_buyer: httpx.AsyncClient,
    seller: httpx.AsyncClient,
    path: str,
) -> None:
    assert (await buyer.post(path, json=CARD, headers=KEY)).status_code == 200
    problem(await other_buyer.post(path, json=CARD, headers=KEY), 403, "NOT_OWNER")
    problem(await seller.post(path, json=CARD, headers=KEY), 403, "FORBIDDEN_ROLE")
    unknown = "/api/booking/0196b7a4-52f2-7cc1-8f3e-3d6f1e7a9b10/pay"
    problem(await buyer.post(unknown, json=CARD, headers={}), 404, "BOOKING_NOT_FOUND")
    assert len(api.gateway.cards) == 1


@pytest.mark.parametrize("headers", [{"idempotency-key": ""}, {"idempotency-key": "k" * 256}])
async def test_a_key_of_the_wrong_length_is_refused_before_anything_is_charged(
    api: HttpApi, buyer: httpx.AsyncClient, path: str, headers: Mapping[str, str]
) -> None:
    problem(await buyer.post(path, json=CARD, headers=headers), 422, "VALIDATION_ERROR")
    assert api.gateway.cards == []


async def test_the_documentation_tells_of_the_key(anyone: httpx.AsyncClient) -> None:
    document = (await anyone.get("/openapi.json")).json()
    call = document["paths"]["/api/booking/{booking_id}/pay"]["post"]
    (header,) = [one for one in call["parameters"] if one["in"] == "header"]
    assert (header["name"], header["schema"]["maxLength"]) == ("Idempotency-Key", 255)
    assert {"402", "409", "410", "422", "504"} <= call["responses"].keys()
