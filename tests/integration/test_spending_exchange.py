"""Processes tell each other what was spent, through a real store."""

from time import monotonic

from onsale.platform.rate_limiting.spending_exchange import CHANNEL, SpendingExchange
from onsale.platform.rate_limiting.token_buckets import Limit, TokenBuckets
from onsale.platform.state.redis_clients import create_client, create_subscriber
from tests.servers.waiting import eventually
from tests.support.polling import wait_for
from tests.support.tasks import background


async def test_what_one_process_spends_another_cannot_spend_again(redis_url: str) -> None:
    errors: list[Exception] = []
    one, other = (TokenBuckets(Limit(10, 0.001), monotonic) for _ in range(2))
    async with create_client(redis_url) as client, create_subscriber(redis_url) as subscriber:
        exchanges = [
            SpendingExchange(
                client, subscriber, {"bookings": buckets}, sender=name, on_error=errors.append
            )
            for name, buckets in (("one", one), ("other", other))
        ]
        listening = background(*(exchange.listen() for exchange in exchanges))
        async with listening:
            await wait_for(lambda: client.pubsub_numsub(CHANNEL), lambda now: now[0][1] == 2)
            for _ in range(10):
                assert one.take("ada") == 0

            await exchanges[0].tell()
            await eventually(lambda: other.wait_seconds("ada") > 0)

            assert other.take("bob") == 0
            await exchanges[1].tell()
            await client.publish(CHANNEL, "no report")
            await client.publish(CHANNEL, b'{"sender":"third","spent":{"unknown":{"x":1}}}')
            one.fill("ada")
            await exchanges[0].tell()
            await eventually(lambda: other.take("ada") == 0)
            await eventually(lambda: len(errors) == 2)  # each has met the one that is no report
