"""The demo: a hall of 50,000 seats, a seller and a buyer, made once in a data directory."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from onsale.embedded_system import write_private
from onsale.platform.embedded.exceptions import EmbeddedError
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.app.interface.i_event_repository import (
    EventFilter,
    IEventQueryRepository,
)
from onsale.service.ticketing.app.interface.i_user_repository import IUserRepository
from onsale.service.ticketing.domain.entity.user_entity import Principal, User, UserRole
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventDetails, EventStatus
from onsale.service.ticketing.domain.value_object.seating_config import SeatingConfig, Section

DEMO_FILE = "demo.json"
PASSWORD_BYTES = 6  # in letters and digits alone, which a double click selects
OPEN_SECONDS_MAX = 60.0
OPEN_POLL_SECONDS = 0.1
SECTION_PRICES = {name: 15_000 - 1_200 * number for number, name in enumerate("ABCDEFGHIJ")}
SUBSECTIONS_PER_SECTION, ROWS, SEATS_PER_ROW = 10, 25, 20


@dataclass(frozen=True, slots=True)
class Demo:
    """What is on sale and how to log in; the passwords were made for this data directory alone."""

    seller_email: str
    seller_password: str
    buyer_email: str
    buyer_password: str
    event_id: int


@dataclass(frozen=True, slots=True)
class DemoMaker:
    """Makes what is missing of the demo, so that a crash half-way is finished by the next start."""

    users: IUserRepository
    events: IEventQueryRepository
    register: RegisterUserUseCase
    create_event: CreateEventAndTicketsUseCase

    async def make(self, data: Path) -> Demo:
        """The demo, its event open; what was made once is kept in ``demo.json``.

        Raises:
            EmbeddedError: the event did not open in time.
        """
        path = data / DEMO_FILE
        if not path.exists():
            write_private(
                path,
                {
                    "seller_email": "seller@demo.onsale",
                    "seller_password": secrets.token_hex(PASSWORD_BYTES),
                    "buyer_email": "buyer@demo.onsale",
                    "buyer_password": secrets.token_hex(PASSWORD_BYTES),
                },
            )
        kept = json.loads(path.read_text())
        seller = await self._account(
            kept["seller_email"], kept["seller_password"], "Demo Seller", UserRole.SELLER
        )
        await self._account(
            kept["buyer_email"], kept["buyer_password"], "Demo Buyer", UserRole.BUYER
        )
        known = "event_id" in kept and await self.events.by_id(kept["event_id"]) is not None
        if not known:
            kept["event_id"] = await self._event(seller.id)
            write_private(path, kept)
        await self._opened(kept["event_id"])
        return Demo(**kept)

    async def _event(self, seller_id: int) -> int:
        made = await self.events.page(EventFilter(seller_id=seller_id), limit=1, after=None)
        if made.events:
            return made.events[0].id
        principal = Principal(seller_id, UserRole.SELLER, token_id="")
        return (await self.create_event.execute(principal, _demo_event())).id

    async def _opened(self, event_id: int) -> None:
        try:
            async with asyncio.timeout(OPEN_SECONDS_MAX):
                while True:
                    event = await self.events.by_id(event_id)
                    if event is not None and event.status is not EventStatus.DRAFT:
                        return
                    await asyncio.sleep(OPEN_POLL_SECONDS)
        except TimeoutError:
            raise EmbeddedError(
                f"the demo event did not open within {OPEN_SECONDS_MAX:.0f} s;"
                " logs/ticketing.log may tell why, and --no-demo starts without it"
            ) from None

    async def _account(self, email: str, password: str, name: str, role: UserRole) -> User:
        found = await self.users.by_email(email)
        if found is not None:
            return found
        return await self.register.execute(email=email, password=password, name=name, role=role)


def _demo_event() -> EventDetails:
    return EventDetails(
        name="The Great Demo",
        description="100 subsections, 50,000 seats, ten prices.",
        venue_name="Loopback Arena",
        seating_config=SeatingConfig.of(
            [
                Section.regular(name, price, SUBSECTIONS_PER_SECTION, ROWS, SEATS_PER_ROW)
                for name, price in SECTION_PRICES.items()
            ]
        ),
    )
