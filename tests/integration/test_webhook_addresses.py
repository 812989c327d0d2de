"""Nothing is sent to where it must not lead, whatever its name leads to at which time."""

import socket
from contextlib import ExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest

from onsale.service.ticketing.app.interface.i_webhook_delivery import Attempt
from onsale.service.ticketing.domain.entity.webhook_entity import DeliveryFault
from onsale.service.ticketing.driven_adapter.webhook import (
    httpcore_webhook_sender,
    name_look_ups,
)
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driven_adapter.webhook.httpcore_webhook_sender import (
    ADDRESSES_TRIED_MAX,
)
from storm.receiver import Answer, Receiver
from tests.support.webhook_senders import (
    LOOPBACK,
    NAME,
    https_receiver,
    new_certificate,
    sender,
    sent,
    trusting,
)

REFUSED = Attempt(None, DeliveryFault.ADDRESS_REFUSED)


class Names:
    """Name resolution as an attacker's server would have it: another answer each time."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = iter(answers)
        self.asked: list[str] = []

    def __call__(
        self, host: str, _port: object, **_: object
    ) -> list[tuple[object, object, object, str, tuple[str, int]]]:
        self.asked.append(host)
        return [(None, None, None, "", (each, 0)) for each in next(self.answers)]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return new_certificate(tmp_path)


async def test_an_address_of_this_machine_gets_nothing_unless_its_network_is_allowed() -> None:
    async with Receiver() as receiver:
        async with sender() as strict:
            assert await sent(strict, receiver.url()) == REFUSED
        assert receiver.connection_count == 0
        async with sender(LOOPBACK) as lenient:
            assert await sent(lenient, receiver.url()) == Attempt(200, None)


async def test_a_name_that_was_public_when_it_was_registered_is_looked_up_at_each_delivery(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    names = Names(["93.184.215.14"], ["127.0.0.1"], ["93.184.215.14", "127.0.0.1"])
    monkeypatch.setattr(socket, "getaddrinfo", names)
    addresses = CheckedAddresses([])
    url = await addresses.require_deliverable(f"https://{NAME}:8443/hook", 1)
    async with https_receiver(certificate) as receiver, sender(trust=trusting(certificate)) as one:
        for _ in range(2):
            assert await sent(one, url) == REFUSED
        assert receiver.connection_count == 0
    assert names.asked == [NAME] * 3
    addresses.close()


async def test_the_connection_is_made_to_the_address_that_was_checked_and_to_no_later_one(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    """A second look would be told something else, and is not made."""
    names = Names(["127.0.0.1"], ["10.11.12.13"])
    resolve = socket.getaddrinfo

    def resolved(host: str, *arguments: object, **options: object) -> object:
        if host == NAME:
            return names(host, None)
        return resolve(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    async with (
        https_receiver(certificate) as receiver,
        sender(LOOPBACK, trusting(certificate)) as sending,
    ):
        url = f"https://{NAME}:{receiver.port}/hook"
        assert await sent(sending, url) == Attempt(200, None)
        (post,) = receiver.posts
        assert post.headers["host"] == f"{NAME}:{receiver.port}"
    assert names.asked == [NAME]


async def test_the_certificate_must_be_the_named_hosts(
    monkeypatch: pytest.MonkeyPatch, certificate: Path
) -> None:
    names = Names(*[["127.0.0.1"]] * 3)
    monkeypatch.setattr(name_look_ups, "_resolved", lambda host: _addresses(names, host))
    async with https_receiver(certificate) as receiver:
        async with sender(LOOPBACK, trusting(certificate)) as sending:
            good = await sent(sending, f"https://{NAME}:{receiver.port}/")
            other = await sent(sending, f"https://other.example:{receiver.port}/")
        async with sender(LOOPBACK) as distrusting:
            unknown = await sent(distrusting, f"https://{NAME}:{receiver.port}/")
        assert len(receiver.posts) == 1
    assert good == Attempt(200, None)
    assert other == unknown == Attempt(None, DeliveryFault.TLS)


def _addresses(names: Names, host: str) -> list[object]:
    return [ip_address(where[0]) for *_, where in names(host, None)]


async def test_where_one_address_does_not_answer_the_next_is_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = Names(["127.0.0.2", "127.0.0.1"])
    monkeypatch.setattr(name_look_ups, "_resolved", lambda host: _addresses(names, host))
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        # It listens at the second alone.
        assert await sent(sending, f"http://{NAME}:{receiver.port}/") == Attempt(200, None)


async def test_of_the_addresses_of_a_name_a_few_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    away = [f"127.0.0.{number}" for number in range(2, 2 + ADDRESSES_TRIED_MAX)]
    names = Names([*away, "127.0.0.1"], [*away[1:], "127.0.0.1"])
    monkeypatch.setattr(name_look_ups, "_resolved", lambda host: _addresses(names, host))
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        url = f"http://{NAME}:{receiver.port}/"
        assert await sent(sending, url) == Attempt(None, DeliveryFault.UNREACHABLE)
        assert await sent(sending, url) == Attempt(200, None)


async def test_an_address_at_which_nobody_takes_the_connection_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(httpcore_webhook_sender, "CONNECT_SECONDS_MAX", 0.2)
    monkeypatch.setattr(httpcore_webhook_sender, "ATTEMPT_SECONDS_MAX", 4.0)
    names = Names(["127.0.0.2", "127.0.0.1"])
    monkeypatch.setattr(name_look_ups, "_resolved", lambda host: _addresses(names, host))
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        with ExitStack() as open_sockets:
            # Its queue is full, and nobody will ever empty it.
            deaf = open_sockets.enter_context(socket.socket())
            deaf.bind(("127.0.0.2", receiver.port))
            deaf.listen(0)
            for _ in range(4):
                waiting = open_sockets.enter_context(socket.socket())
                waiting.settimeout(0)
                waiting.connect_ex(deaf.getsockname())
            assert await sent(sending, f"http://{NAME}:{receiver.port}/") == Attempt(200, None)


@pytest.mark.parametrize("location", ["http://127.0.0.1:{port}/inside", "/elsewhere"])
async def test_no_redirect_is_followed(location: str) -> None:
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        where = location.format(port=receiver.port)
        receiver.answer = lambda _post: Answer(307, headers=f"location: {where}\r\n")
        attempt = await sent(sending, receiver.url())
        assert attempt == Attempt(307, DeliveryFault.REDIRECT)
        assert [post.path for post in receiver.posts] == ["/hook"]


async def test_no_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        assert await sent(sending, receiver.url()) == Attempt(200, None)


@pytest.mark.parametrize("wait", ["before the answer", "within the answer", "for a name"])
async def test_an_attempt_ends_in_time(monkeypatch: pytest.MonkeyPatch, wait: str) -> None:
    monkeypatch.setattr(httpcore_webhook_sender, "ATTEMPT_SECONDS_MAX", 0.5)
    monkeypatch.setattr(httpcore_webhook_sender, "ANSWER_SECONDS_MAX", 0.1)
    async with Receiver() as receiver, sender(LOOPBACK) as sending:
        if wait == "before the answer":
            receiver.answer = lambda _post: Answer(200, wait_seconds=60)
            expected = Attempt(None, DeliveryFault.TIMEOUT)
        else:
            # What was said is said, though the rest of it never comes.
            receiver.answer = lambda _post: Answer(200, withheld=9)
            expected = Attempt(200, None)
        if wait == "for a name":
            monkeypatch.setattr(name_look_ups, "LOOK_UP_SECONDS_MAX", 0.0)
            expected = Attempt(None, DeliveryFault.TIMEOUT)
            attempt = await sent(sending, f"http://{NAME}:{receiver.port}/")
        else:
            attempt = await sent(sending, receiver.url())
    assert attempt == expected
