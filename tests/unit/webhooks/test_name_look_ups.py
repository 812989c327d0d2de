"""Name servers that never answer, of one seller, beside those of everybody else."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.domain.exceptions import WebhookAddressRefusedError
from onsale.service.ticketing.driven_adapter.webhook import name_look_ups
from onsale.service.ticketing.driven_adapter.webhook.checked_addresses import CheckedAddresses
from onsale.service.ticketing.driven_adapter.webhook.name_look_ups import (
    LOOK_UPS_PER_SELLER_MAX,
    NameLookUps,
)
from tests.support.polling import wait_for

FOUND = ip_address("93.184.215.14")
EVIL, HONEST = 1, 2


@dataclass
class Resolver:
    """The system's; it does not come back from names that begin with ``evil`` until it may."""

    may_end: threading.Event = field(default_factory=threading.Event)
    asked: Counter[str] = field(default_factory=Counter)

    def __call__(
        self, host: str, _port: object, **_: object
    ) -> list[tuple[object, object, object, str, tuple[str, int]]]:
        self.asked[host] += 1
        if host.startswith("evil"):
            self.may_end.wait(30)
        if host == "nowhere.example":
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        if host == "silent.example":
            raise socket.gaierror(socket.EAI_AGAIN, "try again")
        return [(None, None, None, "", (str(FOUND), 0))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    monkeypatch.setattr(name_look_ups, "LOOK_UP_SECONDS_MAX", 0.05)
    yield resolver
    resolver.may_end.set()


@pytest.fixture
def names() -> Iterator[NameLookUps]:
    names = NameLookUps()
    yield names
    names.close()


async def outcomes(names: NameLookUps, seller_id: int, *hosts: str) -> Counter[str]:
    looked_up = (names.addresses_of(host, seller_id) for host in hosts)
    answers = await asyncio.gather(*looked_up, return_exceptions=True)
    return Counter(type(each).__name__ for each in answers)


async def test_a_seller_whose_name_servers_hang_takes_nobody_elses_places(
    resolver: Resolver, names: NameLookUps
) -> None:
    evil = [f"evil{number}.example" for number in range(300)]

    first = await outcomes(names, EVIL, *evil)
    # Nobody waits for them any more, and the threads are not free all the same.
    second = await outcomes(names, EVIL, "evil-again.example", "honest.example")

    refused = len(evil) - LOOK_UPS_PER_SELLER_MAX
    assert first == {"TimeoutError": LOOK_UPS_PER_SELLER_MAX, "UnavailableError": refused}
    assert second == {"UnavailableError": 2}
    assert await names.addresses_of("honest.example", HONEST) == [FOUND]
    assert sum(resolver.asked.values()) == LOOK_UPS_PER_SELLER_MAX + 1


async def test_what_has_ended_counts_no_more(resolver: Resolver, names: NameLookUps) -> None:
    evil = [f"evil{number}.example" for number in range(LOOK_UPS_PER_SELLER_MAX)]
    await outcomes(names, EVIL, *evil)
    resolver.may_end.set()

    async def looked_up() -> Counter[str]:
        return await outcomes(names, EVIL, *(f"honest{number}.example" for number in range(8)))

    await wait_for(looked_up, lambda found: found == {"list": LOOK_UPS_PER_SELLER_MAX})


async def test_a_name_that_is_being_looked_up_is_waited_for_and_not_asked_again(
    resolver: Resolver, names: NameLookUps
) -> None:
    hosts = ["evil.example"] * 20
    assert await outcomes(names, EVIL, *hosts) == {"TimeoutError": 20}
    assert await outcomes(names, HONEST, *hosts) == {"TimeoutError": 20}
    assert resolver.asked == {"evil.example": 1}


async def test_of_all_sellers_together_so_many_are_looked_up_and_no_more(
    resolver: Resolver, names: NameLookUps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(name_look_ups, "LOOK_UPS_AT_ONCE_MAX", 3)
    monkeypatch.setattr(name_look_ups, "LOOK_UPS_WAITING_MAX", 2)
    for seller in range(5):
        assert await outcomes(names, seller, f"evil{seller}.example") == {"TimeoutError": 1}
    assert await outcomes(names, 100, "honest.example") == {"UnavailableError": 1}
    assert len(resolver.asked) == 5


@pytest.mark.usefixtures("resolver")
async def test_no_answer_is_not_taken_for_a_refusal() -> None:
    """Whoever asks is told to try again; a name that leads nowhere is refused for good."""
    addresses = CheckedAddresses([])
    try:
        for host in ("evil.example", "silent.example"):
            with pytest.raises(UnavailableError):
                await addresses.require_deliverable(f"https://{host}/", HONEST)
        for host in ("nowhere.example", "localhost.", "x" * 64):
            with pytest.raises(WebhookAddressRefusedError):
                await addresses.require_deliverable(f"https://{host}/", HONEST)
    finally:
        addresses.close()
