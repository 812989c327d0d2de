"""What only one user may have stays with them."""

import json

import pytest

from onsale.client import AsyncOnsaleClient, BadAnswerError, OnsaleClient
from onsale.client.booking_calls import pay_booking
from onsale.client.event_calls import get_seat_map
from onsale.client.user_calls import log_in
from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.hostile_server import (
    hostile_server,
    http,
)
from tests.support.service_answers import ACCEPTED, BOOKING, USER

pytestmark = BOTH_KINDS


async def test_each_goes_by_its_own_token_and_no_cookie(kind: str) -> None:
    with_cookie = http(
        200, USER.partition(b"\r\n\r\n")[2], set_cookie="onsale_session=theirs; path=/"
    )
    async with hostile_server(with_cookie) as server, either_client(kind, server.url) as c:
        await c.log_in("a@b", "password")
        await c.get_current_user()
        other = c.as_user("other")
        await other.get_current_user()
        await c.as_user(None).get_current_user()
    assert [each.headers.get("authorization") for each in server.asked] == [
        None,
        "Bearer t",
        "Bearer other",
        None,
    ]
    assert not [each for each in server.asked if "cookie" in each.headers]


async def test_nothing_secret_shows_when_things_are_printed(kind: str) -> None:
    async with hostile_server(USER) as server, either_client(kind, server.url) as c:
        session = await c.log_in("a@b", "hidden-word")
        assert "access_token" not in repr(session)
        assert "'t'" not in repr(c.client.core)
    assert "hidden-word" not in repr(log_in("a@b", "hidden-word"))
    assert "4242" not in repr(pay_booking(BOOKING["id"], "4242424242424242"))


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_no_value_leads_to_another_address(kind: str, name: str) -> None:
    with pytest.raises(ValueError, match="section"):
        get_seat_map(1, name, 1).target()
    assert (
        get_seat_map(1, "a/../b?c#d", 1).target()
        == "/api/event/1/sections/a%2F..%2Fb%3Fc%23d/subsection/1/seats"
    )


UNSENDABLE = ["", "sekret\n", "sekr\x00et", " sekret", "sekret ", "a\r\nx: sekret", "sekret\udce9"]


@pytest.mark.parametrize("secret", UNSENDABLE)
async def test_a_token_or_key_that_cannot_be_sent_is_said_and_not_shown(
    kind: str, secret: str
) -> None:
    make = OnsaleClient if kind == "blocking" else AsyncOnsaleClient
    with pytest.raises(ValueError, match="a token is text") as token:
        make("http://127.0.0.1:1", token=secret)
    async with hostile_server(b"") as server, either_client(kind, server.url) as c:
        with pytest.raises(ValueError, match="a token is text") as other:
            c.as_user(secret)
        told = [token, other]
        for name, args in (("create_booking", (1, "A", 1)), ("pay_booking", ("x", "4242"))):
            # An empty one too: a key of its own would book and charge a second time.
            with pytest.raises(ValueError, match="key is text") as key:
                await getattr(c, name)(*args, idempotency_key=secret)
            told.append(key)
    assert not [one for one in told if "sekr" in str(one.value)]
    assert not server.asked


async def test_any_other_text_is_sent_as_it_is(kind: str) -> None:
    async with hostile_server(USER, ACCEPTED) as server, either_client(kind, server.url) as c:
        await c.as_user("jeton-é").get_current_user()
        await c.create_booking(1, "A", 1, idempotency_key="clé 席")
    sent = [server.asked[0].headers["authorization"], server.asked[1].headers["idempotency-key"]]
    assert [each.encode("latin-1").decode() for each in sent] == ["Bearer jeton-é", "clé 席"]


async def test_a_session_whose_token_cannot_be_sent_is_none(kind: str) -> None:
    session = json.loads(USER.partition(b"\r\n\r\n")[2]) | {"access_token": "t\nx: y"}
    async with (
        hostile_server(http(200, json.dumps(session).encode())) as server,
        either_client(kind, server.url) as c,
    ):
        with pytest.raises(BadAnswerError, match="token"):
            await c.log_in("a@b", "password")
        assert c.client.token is None


@pytest.mark.parametrize(
    "url",
    [
        "http://u:passw0rd@127.0.0.1:1",
        "http://passw0rd@127.0.0.1:1",
        "passw0rd",
        "ftp://passw0rd",
        "http://",
        "http://h:99999/passw0rd",
        "http://h:x/passw0rd",
        "http://h:0/passw0rd",
        "http://xn--a/passw0rd",
        "http://[::passw0rd",
        "http://h\x01/passw0rd",
        "http://h/?passw0rd",
        "http://h/#passw0rd",
    ],
)
def test_what_is_no_address_is_said_and_not_shown(kind: str, url: str) -> None:
    make = OnsaleClient if kind == "blocking" else AsyncOnsaleClient
    with pytest.raises(ValueError, match="address of a service") as told:
        make(url)
    assert "passw0rd" not in str(told.value)


@pytest.mark.parametrize(
    "url", ["HTTP://127.0.0.1:8000/", "https://a.example/tickets", "http://[::1]"]
)
def test_an_address_may_have_a_path(kind: str, url: str) -> None:
    make = OnsaleClient if kind == "blocking" else AsyncOnsaleClient
    scheme, _, rest = url.rstrip("/").partition("://")
    assert make(url).url == f"{scheme.lower()}://{rest}"
