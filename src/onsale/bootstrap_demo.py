"""The composition root's part for the demo event of ``onsale up``."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from onsale.demo import DemoMaker
from onsale.platform.database.connections import create_pool, create_read_engine
from onsale.service.ticketing.app.command.create_event_and_tickets_use_case import (
    CreateEventAndTicketsUseCase,
)
from onsale.service.ticketing.app.command.register_user_use_case import RegisterUserUseCase
from onsale.service.ticketing.driven_adapter.repository.asyncpg_event_writer import (
    AsyncpgEventWriter,
)
from onsale.service.ticketing.driven_adapter.repository.asyncpg_user_repository import (
    AsyncpgUserRepository,
)
from onsale.service.ticketing.driven_adapter.repository.sqlalchemy_event_reader import (
    SqlalchemyEventReader,
)
from onsale.service.ticketing.driven_adapter.security.bcrypt_password_hasher import (
    BcryptPasswordHasher,
)
from onsale.settings import Settings


@asynccontextmanager
async def open_demo_maker(settings: Settings) -> AsyncIterator[DemoMaker]:
    """What makes the demo's accounts and event."""
    pool = await create_pool(settings.database_url, size_max=2)
    engine = create_read_engine(settings.database_url, size_max=1)
    users = AsyncpgUserRepository(pool)
    hasher = BcryptPasswordHasher(rounds=settings.bcrypt_rounds)
    try:
        yield DemoMaker(
            users,
            SqlalchemyEventReader(engine),
            RegisterUserUseCase(users, hasher),
            CreateEventAndTicketsUseCase(AsyncpgEventWriter(pool)),
        )
    finally:
        hasher.close()
        await engine.dispose()
        await pool.close()
