"""What only one user may have stays with them."""

import pytest

from onsale.client.booking_calls import pay_booking
from onsale.client.event_calls import get_seat_map
from onsale.client.user_calls import log_in
from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.hostile_server import (
    hostile_server,
    http,
)
from tests.support.service_answers import BOOKING, USER

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
