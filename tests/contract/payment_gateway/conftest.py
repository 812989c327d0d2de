"""The payment gateways that the contract holds for."""

from collections.abc import AsyncIterator

import pytest

from onsale.platform.database.connections import create_pool
from onsale.service.ticketing.app.interface.i_payment_gateway import IPaymentGateway
from onsale.service.ticketing.driven_adapter.payment.bounded_payment_gateway import (
    BoundedPaymentGateway,
    GatewayPatience,
)
from onsale.service.ticketing.driven_adapter.payment.mock_payment_gateway import (
    MockPaymentGateway,
)
from tests.fakes.in_memory_payment_gateway import InMemoryPaymentGateway


@pytest.fixture
async def mock_gateway(database_url: str) -> AsyncIterator[IPaymentGateway]:
    pool = await create_pool(database_url, size_max=4)
    yield BoundedPaymentGateway(MockPaymentGateway(pool), GatewayPatience())
    await pool.close()


@pytest.fixture(params=["memory", "mock"])
def gateway(request: pytest.FixtureRequest) -> IPaymentGateway:
    if request.param == "memory":
        return InMemoryPaymentGateway()
    gateway: IPaymentGateway = request.getfixturevalue("mock_gateway")
    return gateway
