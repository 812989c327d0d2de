"""The demo: a hall of 50,000 seats, a seller and a buyer, made once in a data directory."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path

from onsale.embedded_system import write_private
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
from onsale.service.ticketing.domain.event_ticketing_aggregate import EventDetails
from onsale.service.ticketing.domain.value_object.seating_config import SeatingConfig, Section

DEMO_FILE = "demo.json"
SECTION_PRICES = {name: 15_000 - 1_200 * number for number, name in enumerate("ABCDEFGHIJ")}
SUBSECTIONS_PER_SECTION, ROWS, SEATS_PER_ROW = 10, 25, 20


@dataclass(frozen=True, slots=True)
class Demo:
    """How to log in; the passwords were made for this data directory alone."""

    seller_email: str
    seller_password: str
    buyer_email: str
    buyer_password: str


@dataclass(frozen=True, slots=True)
class DemoMaker:
    """Makes what is missing of the demo, so that a crash half-way is finished by the next start."""

    users: IUserRepository
    events: IEventQueryRepository
    register: RegisterUserUseCase
    create_event: CreateEventAndTicketsUseCase

    async def make(self, data: Path) -> Demo:
        """The accounts; their passwords are kept in ``demo.json``."""
        path = data / DEMO_FILE
        if not path.exists():
            write_private(
                path,
                {
                    "seller_email": "seller@demo.onsale",
                    "seller_password": secrets.token_urlsafe(9),
                    "buyer_email": "buyer@demo.onsale",
                    "buyer_password": secrets.token_urlsafe(9),
                },
            )
        demo = Demo(**json.loads(path.read_text()))
        seller = await self._account(
            demo.seller_email, demo.seller_password, "Demo Seller", UserRole.SELLER
        )
        await self._account(demo.buyer_email, demo.buyer_password, "Demo Buyer", UserRole.BUYER)
        own = EventFilter(seller_id=seller.id)
        if not await self.events.page(own, limit=1, before=None):
            principal = Principal(seller.id, UserRole.SELLER, token_id="")
            await self.create_event.execute(principal, _demo_event())
        return demo

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
