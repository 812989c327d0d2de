"""One booking's trace, from the request to the stream, through the broker and both workers."""

import asyncio
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import UUID, uuid4

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from onsale.cli.trace_view import Span, read_spans
from onsale.platform.embedded.ports import free_port
from storm.receiver import Receiver
from tests.servers.waiting import eventually
from tests.support.both_buses import require_kafka
from tests.support.onsale_up import (
    CARD_NUMBER,
    DELIVERS_HERE,
    PASSWORD,
    Bus,
    OnsaleUp,
    run_onsale,
    running_system,
)
from tests.support.polling import wait_for
from tests.support.visitors import Buyer, JsonObject, Seller, Visitor, connections

SPANS_SECONDS_MAX = 30.0
HOLD_SECONDS = 5
TO_THE_STREAM = [
    "POST /api/booking",
    "send onsale.seat-commands",
    "process onsale.seat-commands",
    "send onsale.seat-results",
    "process onsale.seat-results",
    "tell /api/booking/{booking_id}/sse",
]
PAY = "POST /api/booking/{booking_id}/pay"
DECLINED_CARD = "4000 0000 0000 0002"
TRACE_ALL = {"ONSALE_TRACE_RATIO": "1"}
WEBHOOK_SECONDS_MAX = 60.0


@pytest.fixture(scope="module", params=["redis", pytest.param("kafka", marks=pytest.mark.kafka)])
def traced(request: pytest.FixtureRequest) -> Iterator[OnsaleUp]:
    """A system that traces every booking into its data directory."""
    bus: Bus = request.param
    if bus == "kafka":
        require_kafka()
    with running_system(bus, environment={**TRACE_ALL, **DELIVERS_HERE}) as system:
        yield system


def ways(spans: list[Span]) -> list[list[str]]:
    """Of each span, the names from the first span down to it; nothing while some are missing."""
    by_id = {span.span_id: span for span in spans}
    if any(span.parent_id not in by_id for span in spans if span.parent_id is not None):
        return []
    found = []
    for span in spans:
        way, above = [span.name], span.parent_id
        while above is not None:
            way.insert(0, by_id[above].name)
            above = by_id[above].parent_id
        found.append(way)
    return found


async def spans_of(system: OnsaleUp, booking_id: str, *expected: list[str]) -> list[Span]:
    """The booking's spans, once they are a tree in which these ways are; they are written late."""

    async def read() -> list[Span]:
        return read_spans(UUID(booking_id), system.data / "traces")

    return await wait_for(
        read,
        lambda spans: all(way in ways(spans) for way in expected),
        seconds_max=SPANS_SECONDS_MAX,
    )


async def follow_to_the_end(buyer: Buyer, booking: JsonObject) -> None:
    async with buyer.follow(booking["status_url"]) as stream:
        await stream.rest(seconds_max=60)


async def test_a_booking_is_traced_from_the_request_to_the_stream(traced: OnsaleUp) -> None:
    async with connections(traced.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event()
        booking = await buyer.book(event_id)
        async with buyer.follow(booking["status_url"]) as stream:
            # Whoever is slow is told of the last change alone.
            await stream.until("status", "pending_payment")
            assert (await buyer.pay(booking["id"], DECLINED_CARD)).status_code == 402
            assert (await buyer.pay(booking["id"])).status_code == 200
            await stream.rest()
    finalize = [TO_THE_STREAM[0], PAY, "owe finalize"]
    spans = await spans_of(
        traced,
        booking["id"],
        TO_THE_STREAM,
        [*TO_THE_STREAM[:3], "seat store apply"],
        [*TO_THE_STREAM[:5], "ledger transaction"],
        [TO_THE_STREAM[0], "store booking"],
        [*finalize, *TO_THE_STREAM[1:5]],
        [*finalize, TO_THE_STREAM[5]],
    )
    assert {way[0] for way in ways(spans)} == {TO_THE_STREAM[0]}, "one tree"
    assert {span.service.split()[0] for span in spans} == {
        f"onsale-{role}" for role in ("api", "seat-reservation", "ticketing")
    }
    assert [span.attributes["http.response.status_code"] for span in spans if span.name == PAY] == [
        402,
        200,
    ]


async def test_a_hold_that_runs_out_is_in_the_same_trace(traced: OnsaleUp) -> None:
    async with connections(traced.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        event_id = await seller.open_event(hold_seconds=HOLD_SECONDS)
        held = await buyer.hold(event_id)
    way = ["POST /api/booking", "owe release", *TO_THE_STREAM[1:5], "ledger transaction"]
    spans = await spans_of(traced, held["id"], way)
    (owed,) = [span for span in spans if span.name == "owe release"]
    assert owed.attributes["onsale.booking.cancel_reason"] == "expired"
    assert owed.began_ms >= HOLD_SECONDS * 1_000


async def test_the_command_shows_the_trace_and_says_if_there_is_none(traced: OnsaleUp) -> None:
    async with connections(traced.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        held = await buyer.hold(await seller.open_event())
    await spans_of(traced, held["id"], TO_THE_STREAM[:5])
    shown = run_onsale("trace", held["id"], "--data", traced.data)
    assert shown.returncode == 0, shown.stderr
    for name in TO_THE_STREAM[:5]:
        assert name in shown.stdout
    as_json = json.loads(run_onsale("trace", held["id"], "--data", traced.data, "--json").stdout)
    assert as_json[0]["name"] == "POST /api/booking"
    none = run_onsale("trace", str(uuid4()), "--data", traced.data)
    assert none.returncode == 1
    assert "ONSALE_TRACE_RATIO" in none.stdout


async def test_nothing_of_a_whole_journey_that_is_somebodys_is_recorded(traced: OnsaleUp) -> None:
    secrets = [PASSWORD, CARD_NUMBER, CARD_NUMBER.replace(" ", ""), DECLINED_CARD]
    key = f"a-key-{uuid4().hex}"
    # What a seller may put into an address so that nobody else posts there.
    hidden = uuid4().hex
    async with connections(traced.base_url) as http, Receiver() as receiver:
        seller = await Seller.join(http)
        # One that is told, and one that is away.
        webhooks = [
            await seller.expect(201, "POST", "/api/webhook", {"url": f"{url}?key={hidden}"})
            for url in (receiver.url(f"/{hidden}"), f"http://127.0.0.1:{free_port()}/{hidden}")
        ]
        buyer = Buyer(http, email=f"{uuid4().hex}@Journey.example")
        name = f"Ada {uuid4().hex}"
        account = {"email": buyer.email, "password": PASSWORD, "name": name, "role": "buyer"}
        await buyer.expect(201, "POST", "/api/user", account)
        await buyer.log_in()
        await buyer.send("POST", "/api/user", json=account)
        wrong = await Visitor(http).send(
            "POST", "/api/user/login", json={**account, "password": f"{PASSWORD}-wrong"}
        )
        assert wrong.status_code == 401
        event_id = await seller.open_event()
        order, headers = Buyer.order(event_id), {"Idempotency-Key": key}
        booking = await buyer.expect(202, "POST", "/api/booking", order, headers)
        await buyer.expect(202, "POST", "/api/booking", order, headers)
        following = asyncio.create_task(follow_to_the_end(buyer, booking))
        await buyer.settled(booking["id"])
        await buyer.pay(booking["id"], DECLINED_CARD)
        await buyer.pay(booking["id"], key=key)
        await following
        (ticket,) = (await buyer.booking(booking["id"]))["tickets"]
        await buyer.send("GET", f"/api/booking/{booking['id']}/tickets/{ticket['id']}/qr.svg")
        await seller.expect(
            200, "POST", f"/api/event/{event_id}/admission", {"code": ticket["code"]}
        )
        await seller.send("GET", f"/api/event/{event_id}/sales.csv")
        await buyer.cancel(booking["id"])
        await buyer.cancel((await buyer.hold(event_id))["id"])
        webhooks += [
            await seller.expect(200, "POST", f"/api/webhook/{webhook['id']}/secret")
            for webhook in webhooks
        ]
        await until_tried(seller, webhooks)
        await eventually(lambda: bool(receiver.posts))
        # What somebody types where it does not belong.
        for path in (f"/api/booking/{buyer.email}/pay", f"/api/event/{buyer.email}"):
            await buyer.send("POST", path, json={"card_number": CARD_NUMBER})
        secrets += [buyer.email, buyer.email.lower(), name, key, ticket["code"]]
        secrets += [buyer.token, seller.token, seller.email]
        secrets += [hidden, *(webhook["secret"] for webhook in webhooks)]
        secrets += [post.headers["webhook-signature"] for post in receiver.posts]
        await buyer.send("POST", "/api/user/logout")
    await spans_of(traced, booking["id"], [TO_THE_STREAM[0], PAY, "owe finalize"])
    assert traced.logs_with(*secrets) == []
    told = "\n".join(file.read_text() for file in (traced.data / "traces").iterdir())
    told += await everything_measured(traced)
    assert [secret for secret in secrets if secret in told] == []
    assert UUID(booking["id"]).hex in told, "nothing was looked at"


async def until_tried(seller: Seller, webhooks: list[JsonObject]) -> None:
    """Return once each of them was to be told of a sale and of its end, and it was tried."""
    for webhook in webhooks:
        await wait_for(
            partial(seller.all_items, f"/api/webhook/{webhook['id']}/deliveries"),
            lambda log: (
                {"booking.completed", "booking.cancelled"} <= {each["type"] for each in log}
                and any(each["attempts"] for each in log)
            ),
            seconds_max=WEBHOOK_SECONDS_MAX,
        )


async def everything_measured(system: OnsaleUp) -> str:
    async with httpx.AsyncClient() as http:
        return "\n".join(
            [
                (await http.get(f"http://{target}/metrics")).text
                for group in json.loads((system.data / "metrics-targets.json").read_text())
                for target in group["targets"]
            ]
        )


class _Collector(ThreadingHTTPServer):
    """Takes what is sent as OTLP over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[ExportTraceServiceRequest] = []
        super().__init__(("127.0.0.1", 0), _CollectorHandler)

    def trace_ids(self) -> set[str]:
        return {
            span.trace_id.hex()
            for request in list(self.requests)
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


class _CollectorHandler(BaseHTTPRequestHandler):
    server: _Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.requests.append(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _HungHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while self.request.recv(65_536):
            pass


class _HungCollector(socketserver.ThreadingTCPServer):
    """Takes a connection, and all that comes over it, and never answers."""

    daemon_threads = True


@contextmanager
def serving(server: socketserver.TCPServer) -> Iterator[str]:
    """The address of a server that serves within the block."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1/traces"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def _buy(system: OnsaleUp) -> JsonObject:
    async with connections(system.base_url) as http:
        seller, buyer = await Seller.join(http), await Buyer.join(http)
        held = await buyer.hold(await seller.open_event())
        assert (await buyer.pay(held["id"])).status_code == 200
        return held


async def test_a_collector_gets_the_spans() -> None:
    collector = _Collector()
    with (
        serving(collector) as endpoint,
        running_system(environment={**TRACE_ALL, "ONSALE_TRACE_ENDPOINT": endpoint}) as system,
    ):
        held = await _buy(system)

        async def ids() -> set[str]:
            return collector.trace_ids()

        await wait_for(ids, lambda found: UUID(held["id"]).hex in found)
        assert not (system.data / "traces").exists()


async def test_a_collector_that_hangs_keeps_nobody_from_buying_or_stopping() -> None:
    hung = _HungCollector(("127.0.0.1", 0), _HungHandler)
    with (
        serving(hung) as endpoint,
        running_system(environment={**TRACE_ALL, "ONSALE_TRACE_ENDPOINT": endpoint}) as system,
    ):
        for _ in range(3):
            await _buy(system)
        # Stopped in order at the end of the block, or the system's fixture fails.


async def test_without_a_ratio_nothing_is_traced(redis_system: OnsaleUp) -> None:
    await _buy(redis_system)
    assert not (redis_system.data / "traces").exists()
