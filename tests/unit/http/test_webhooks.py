"""A seller's webhooks, as the contract has them."""

from typing import Any

import httpx
import pytest

from onsale.service.ticketing.domain.entity.webhook_entity import (
    WEBHOOKS_PER_SELLER_MAX,
    DeliveryStatus,
)
from tests.support.http_api import HttpApi
from tests.support.problems import problem
from tests.unit.http.test_paging import all_pages

URL = "https://example.com/hook"
EVERYTHING = ["booking.completed", "booking.cancelled", "event.sold_out"]


async def registered(seller: httpx.AsyncClient, **changes: object) -> dict[str, Any]:
    answer = await seller.post("/api/webhook", json={"url": URL, **changes})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_a_webhook_is_registered_and_its_secret_shown_this_once(
    seller: httpx.AsyncClient,
) -> None:
    answer = await seller.post("/api/webhook", json={"url": "https://EXAMPLE.com:443/hook"})

    body = answer.json()
    assert answer.headers["location"] == f"/api/webhook/{body['id']}"
    assert answer.headers["cache-control"] == "no-store"
    secret = body.pop("secret")
    assert secret.startswith("whsec_")
    assert body.pop("created_at").endswith("Z")
    assert body.pop("updated_at").endswith("Z")
    assert body == {
        "id": 1,
        "url": URL,
        "event_types": EVERYTHING,
        "is_active": True,
        "disabled_reason": None,
        "previous_secret_until": None,
    }
    for path in ("/api/webhook/1", "/api/webhook"):
        shown = await seller.get(path)
        assert shown.status_code == 200
        assert "secret" not in shown.text.replace("previous_secret_until", "")


@pytest.mark.parametrize(
    "form",
    [
        *({}, {"url": 1}, {"url": None}, {"url": "x" * 2_001}, {"url": URL, "event_types": []}),
        *({"url": URL, "event_types": ["booking.paid"]}, {"url": URL, "event_types": "all"}),
        {"url": URL, "event_types": ["event.sold_out", "event.sold_out"]},
    ],
)
async def test_what_is_malformed_is_refused(
    seller: httpx.AsyncClient, form: dict[str, object]
) -> None:
    problem(await seller.post("/api/webhook", json=form), 422, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "url",
    [
        *("", "hook", "http://example.com/", "https://user:secret@example.com/"),
        *("https://example.com:22/", "https://127.0.0.1/", "https://[::1]/", "https://inside/"),
        *("https://169.254.169.254/latest/meta-data", "ftp://example.com/"),
    ],
)
async def test_an_address_that_nothing_is_sent_to_is_refused(
    api: HttpApi, seller: httpx.AsyncClient, url: str
) -> None:
    api.addresses.leads_to["inside"] = "10.0.0.1"

    refused = problem(
        await seller.post("/api/webhook", json={"url": url}), 422, "WEBHOOK_ADDRESS_REFUSED"
    )

    assert refused["field"] == "url"
    # What was typed may be a password, and where a name leads is nobody's business.
    assert "secret" not in refused["detail"]
    assert "10.0.0.1" not in str(refused)
    webhook = await registered(seller)
    changed = await seller.patch(f"/api/webhook/{webhook['id']}", json={"url": url})
    problem(changed, 422, "WEBHOOK_ADDRESS_REFUSED")
    assert (await seller.get(f"/api/webhook/{webhook['id']}")).json()["url"] == URL


async def test_a_seller_has_so_many_and_no_more(seller: httpx.AsyncClient) -> None:
    for _ in range(WEBHOOKS_PER_SELLER_MAX):
        await registered(seller)

    full = problem(
        await seller.post("/api/webhook", json={"url": URL}), 409, "WEBHOOK_LIMIT_REACHED"
    )
    assert full["limit"] == WEBHOOKS_PER_SELLER_MAX
    assert (await seller.delete("/api/webhook/3")).status_code == 204
    await registered(seller)
    assert await all_pages(seller, "/api/webhook", limit=4) == [
        *([11, 10, 9, 8], [7, 6, 5, 4], [2, 1]),
    ]


async def test_a_webhook_is_changed_in_what_is_said_and_in_nothing_else(
    seller: httpx.AsyncClient,
) -> None:
    before = await registered(seller)
    del before["secret"], before["updated_at"]

    async def changed(**changes: object) -> dict[str, Any]:
        answer = await seller.patch("/api/webhook/1", json=changes)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        assert body == (await seller.get("/api/webhook/1")).json()
        del body["updated_at"]
        return body

    assert await changed() == before
    before |= {"event_types": ["event.sold_out"]}
    assert await changed(event_types=["event.sold_out"]) == before
    before |= {"url": "https://example.org/"}
    assert await changed(url="https://example.org") == before
    before |= {"is_active": False, "disabled_reason": "seller"}
    assert await changed(is_active=False) == before
    before |= {"is_active": True, "disabled_reason": None}
    assert await changed(is_active=True) == before


async def test_a_rotation_shows_another_secret_once(seller: httpx.AsyncClient) -> None:
    first = (await registered(seller))["secret"]

    rotated = (await seller.post("/api/webhook/1/secret")).json()

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != first
    assert rotated["previous_secret_until"].endswith("Z")
    assert "secret" not in (await seller.get("/api/webhook/1")).json()


async def test_a_webhook_is_tried_out_and_the_log_tells_what_came_of_it(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    await registered(seller)

    owed = await seller.post("/api/webhook/1/test")

    assert owed.status_code == 202
    body = owed.json()
    assert body["message_id"].startswith("msg_")
    assert (body["type"], body["status"], body["attempts"]) == ("ping", "owed", 0)
    assert body["next_attempt_at"] is not None
    api.webhooks.settle(1, DeliveryStatus.DEAD)
    (line,) = (await seller.get("/api/webhook/1/deliveries")).json()["items"]
    assert (line["status"], line["attempts"], line["next_attempt_at"]) == ("dead", 1, None)

    again = await seller.post("/api/webhook/1/deliveries/1/resend")

    assert again.status_code == 202
    assert again.json()["message_id"] == body["message_id"]
    assert again.json()["status"] == "owed"


async def test_the_log_comes_in_pages_and_by_status(
    api: HttpApi, seller: httpx.AsyncClient
) -> None:
    await registered(seller)
    for _ in range(5):
        await seller.post("/api/webhook/1/test")
    for number in (2, 4):
        api.webhooks.settle(number, DeliveryStatus.DELIVERED)
    log = "/api/webhook/1/deliveries"

    assert await all_pages(seller, log, limit=2) == [[5, 4], [3, 2], [1]]
    assert await all_pages(seller, log, status="delivered") == [[4, 2]]
    assert await all_pages(seller, log, status="dead") == [[]]
    problem(await seller.get(log, params={"status": "lost"}), 422, "VALIDATION_ERROR")
    problem(await seller.get(log, params={"cursor": "?"}), 422, "VALIDATION_ERROR")
    problem(await seller.get(log, params={"limit": 101}), 422, "VALIDATION_ERROR")


async def test_one_that_is_disabled_gets_nothing_until_it_is_in_use_again(
    seller: httpx.AsyncClient,
) -> None:
    await registered(seller)
    await seller.post("/api/webhook/1/test")
    await seller.patch("/api/webhook/1", json={"is_active": False})

    problem(await seller.post("/api/webhook/1/test"), 409, "WEBHOOK_DISABLED")
    again = "/api/webhook/1/deliveries/1/resend"
    problem(await seller.post(again), 409, "WEBHOOK_DISABLED")
    await seller.patch("/api/webhook/1", json={"is_active": True})
    assert (await seller.post(again)).status_code == 202


ONE = ("GET", "/api/webhook/{id}")
CALLS = [
    ONE,
    ("PATCH", "/api/webhook/{id}"),
    ("DELETE", "/api/webhook/{id}"),
    ("POST", "/api/webhook/{id}/secret"),
    ("POST", "/api/webhook/{id}/test"),
    ("GET", "/api/webhook/{id}/deliveries"),
    ("POST", "/api/webhook/{id}/deliveries/1/resend"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_nobody_sees_or_touches_that_of_another(
    api: HttpApi,
    seller: httpx.AsyncClient,
    buyer: httpx.AsyncClient,
    anyone: httpx.AsyncClient,
    *,
    method: str,
    path: str,
) -> None:
    await registered(seller)
    await seller.post("/api/webhook/1/test")
    body = {"is_active": False} if method == "PATCH" else None
    async with await api.log_in_as("rival", "seller") as rival:
        theirs = await rival.request(method, path.format(id=1), json=body)
        problem(theirs, 403, "NOT_OWNER")
        assert (await rival.get("/api/webhook")).json()["items"] == []
    problem(await buyer.request(method, path.format(id=1), json=body), 403, "FORBIDDEN_ROLE")
    problem(await anyone.request(method, path.format(id=1), json=body), 401, "NOT_AUTHENTICATED")
    for unknown in ("2", "9" * 30):
        missing = await seller.request(method, path.format(id=unknown), json=body)
        problem(missing, 404, "WEBHOOK_NOT_FOUND")
    wrong = await seller.request(method, path.format(id="x"), json=body)
    problem(wrong, 422, "VALIDATION_ERROR")
    assert (await seller.get("/api/webhook/1")).json()["is_active"] is True


@pytest.mark.parametrize("delivery", ["2", "9" * 30])
async def test_a_delivery_of_another_webhook_is_not_there(
    seller: httpx.AsyncClient, delivery: str
) -> None:
    await registered(seller)
    await registered(seller)
    await seller.post("/api/webhook/1/test")
    await seller.post("/api/webhook/2/test")
    missing = await seller.post(f"/api/webhook/1/deliveries/{delivery}/resend")
    problem(missing, 404, "WEBHOOK_DELIVERY_NOT_FOUND")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/webhook/1/test", None, 202),
        ("POST", "/api/webhook/1/deliveries/1/resend", None, 202),
        ("POST", "/api/webhook/1/secret", None, 200),
        ("PATCH", "/api/webhook/1", {"url": URL}, 200),
        # The last of those that there may be.
        ("POST", "/api/webhook", {"url": URL}, 409),
    ],
)
async def test_what_makes_the_service_ask_others_is_limited(
    seller: httpx.AsyncClient, method: str, path: str, body: dict[str, str] | None, status: int
) -> None:
    for _ in range(WEBHOOKS_PER_SELLER_MAX):
        await registered(seller)
    await seller.post("/api/webhook/1/test")
    answers = [await seller.request(method, path, json=body) for _ in range(110)]
    assert {answer.status_code for answer in answers} == {status, 429}
    problem(answers[-1], 429, "RATE_LIMITED")
    assert int(answers[-1].headers["retry-after"]) >= 1
