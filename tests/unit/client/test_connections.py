"""The connections of a client: whose they are, how many, through what, and to whom."""

import pytest

from tests.support.either_client import BOTH_KINDS, either_client
from tests.support.hostile_server import hostile_server
from tests.support.service_answers import USER

pytestmark = BOTH_KINDS


@pytest.mark.parametrize("name", ["http_proxy", "all_proxy"])
async def test_the_proxy_of_the_environment_is_used(
    kind: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with hostile_server(USER) as proxy, hostile_server(USER) as server:
        monkeypatch.setenv(name, proxy.url.replace("://", "://user:word@"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        async with either_client(kind, server.url) as c:
            await c.get_current_user()
        assert (len(proxy.asked), len(server.asked)) == (0, 1)
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        async with either_client(kind, server.url) as c:
            await c.get_current_user()
    assert (len(proxy.asked), len(server.asked)) == (1, 1)
    assert proxy.asked[0].line.split()[1] == f"{server.url}/api/user/me"
    assert proxy.asked[0].headers["proxy-authorization"] == "Basic dXNlcjp3b3Jk"
