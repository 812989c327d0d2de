"""How much one client and one user may ask for. Judged in this process alone: no request waits
for a store to learn whether it comes too often.
"""

import hashlib
import ipaddress
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from typing import TypeVar

from starlette.requests import Request

from onsale.platform.rate_limiting.token_buckets import Limit, TokenBuckets
from onsale.service.ticketing.domain.entity.user_entity import normalized_email
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    RateLimitedError,
)

# Far beyond a person, and beyond a busy office behind one address.
BOOKING_PER_USER = Limit(1_000, 20)
BOOKING_PER_CLIENT = Limit(5_000, 200)
PAYMENT_PER_USER = Limit(60, 1)
EVENT_PER_USER = Limit(500, 5)
# Fifty doors of one house, at a ticket a second each.
ADMISSION_PER_USER = Limit(2_000, 50)
# Each may make this service ask somebody else's.
WEBHOOK_PER_USER = Limit(100, 1)
# Two of the largest halls there are.
SEAT_PER_USER = Limit(2_000_000, 5_000)
REGISTRATION_PER_CLIENT = Limit(1_000, 10)
LOG_IN_PER_CLIENT = Limit(1_000, 10)
FAILED_LOG_IN = Limit(50, 50 / 300)
STREAMS_PER_USER_MAX = 200
STREAMS_PER_CLIENT_MAX = 5_000
DOWNLOADS_PER_USER_MAX = 2
BODIES_PER_CLIENT_MAX = 1_000
# Two events of the largest size.
BODY_BYTES_PER_CLIENT_MAX = 16_000_000
STREAM_RETRY_SECONDS = 5
ADDRESSES_REMEMBERED_MAX = 10_000
_DIGEST_BYTES = 16
_HOST_LENGTH_MAX = 64
_SITE_BITS = 64

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimitRules:
    """What is allowed. A client is an address; of IPv6 its /64, which belongs to one site.

    A failed log-in counts by account and client, so that guessing from elsewhere locks nobody out.
    """

    booking_per_user: Limit = BOOKING_PER_USER
    booking_per_client: Limit = BOOKING_PER_CLIENT
    payment_per_user: Limit = PAYMENT_PER_USER
    event_per_user: Limit = EVENT_PER_USER
    seat_per_user: Limit = SEAT_PER_USER
    admission_per_user: Limit = ADMISSION_PER_USER
    webhook_per_user: Limit = WEBHOOK_PER_USER
    registration_per_client: Limit = REGISTRATION_PER_CLIENT
    log_in_per_client: Limit = LOG_IN_PER_CLIENT
    failed_log_in: Limit = FAILED_LOG_IN
    streams_per_user_max: int = STREAMS_PER_USER_MAX
    streams_per_client_max: int = STREAMS_PER_CLIENT_MAX
    downloads_per_user_max: int = DOWNLOADS_PER_USER_MAX
    bodies_per_client_max: int = BODIES_PER_CLIENT_MAX
    body_bytes_per_client_max: int = BODY_BYTES_PER_CLIENT_MAX


class RateLimits:
    """Asked before a request costs anything. ``None`` for rules: everything is allowed."""

    def __init__(
        self, rules: RateLimitRules | None, monotonic: Callable[[], float], *, secret: bytes
    ) -> None:
        """``secret`` keys what stands for e-mail addresses where others may see it; ``monotonic``
        is a clock in seconds that never goes back.
        """
        self._rules = rules
        self._secret = hashlib.blake2b(secret, digest_size=32).digest()
        self._streams: Counter[str] = Counter()
        limits = rules or RateLimitRules()
        self._bookings_by_user = TokenBuckets(limits.booking_per_user, monotonic)
        self._bookings_by_client = TokenBuckets(limits.booking_per_client, monotonic)
        self._payments_by_user = TokenBuckets(limits.payment_per_user, monotonic)
        self._events_by_user = TokenBuckets(limits.event_per_user, monotonic)
        self._seats_by_user = TokenBuckets(limits.seat_per_user, monotonic)
        self._admissions_by_user = TokenBuckets(limits.admission_per_user, monotonic)
        self._webhooks_by_user = TokenBuckets(limits.webhook_per_user, monotonic)
        self._registrations = TokenBuckets(limits.registration_per_client, monotonic)
        self._log_ins = TokenBuckets(limits.log_in_per_client, monotonic)
        self._failed_log_ins = TokenBuckets(limits.failed_log_in, monotonic)

    @property
    def bodies_per_client_max(self) -> int:
        """So many bodies may be on their way from one client."""
        return sys.maxsize if self._rules is None else self._rules.bodies_per_client_max

    @property
    def body_bytes_per_client_max(self) -> int:
        """So much may be kept of what is on its way from one client."""
        return sys.maxsize if self._rules is None else self._rules.body_bytes_per_client_max

    @property
    def buckets(self) -> Mapping[str, TokenBuckets]:
        """What processes tell each other about."""
        return {
            "booking-user": self._bookings_by_user,
            "booking-client": self._bookings_by_client,
            "payment-user": self._payments_by_user,
            "event-user": self._events_by_user,
            "seat-user": self._seats_by_user,
            "admission-user": self._admissions_by_user,
            "webhook-user": self._webhooks_by_user,
            "registration-client": self._registrations,
            "log-in-client": self._log_ins,
            "failed-log-in": self._failed_log_ins,
        }

    def booking_from(self, client: str) -> None:
        """Raise ``RateLimitedError`` if this client books too often."""
        self._take(self._bookings_by_client, client, "bookings from this address")

    def booking_by(self, user_id: int) -> None:
        """Raise ``RateLimitedError`` if this user books too often."""
        self._take(self._bookings_by_user, str(user_id), "bookings of this user")

    def payment_by(self, user_id: int) -> None:
        """Raise ``RateLimitedError`` if this user tries to pay too often."""
        self._take(self._payments_by_user, str(user_id), "payments of this user")

    def event_by(self, user_id: int) -> None:
        """Raise ``RateLimitedError`` if this user makes or changes events too often."""
        self._take(self._events_by_user, str(user_id), "events made or changed by this user")

    def seats_by(self, user_id: int, count: int) -> None:
        """Raise ``RateLimitedError`` if this user has made too many seats of late to make these."""
        self._take(self._seats_by_user, str(user_id), "seats made by this user", count)

    def admission_by(self, user_id: int) -> None:
        """Raise ``RateLimitedError`` if tickets are shown to this user too often."""
        self._take(self._admissions_by_user, str(user_id), "tickets shown at this user's doors")

    def webhook_by(self, user_id: int) -> None:
        """Raise ``RateLimitedError`` if this user changes or tries out webhooks too often."""
        self._take(self._webhooks_by_user, str(user_id), "calls about this user's webhooks")

    def registration_from(self, client: str) -> None:
        """Raise ``RateLimitedError`` if this client opens too many accounts."""
        self._take(self._registrations, client, "new accounts from this address")

    def log_in_from(self, client: str) -> None:
        """Raise ``RateLimitedError`` if this client logs in too often."""
        self._take(self._log_ins, client, "log-ins from this address")

    def log_in_to(self, email: str, client: str) -> None:
        """Raise ``RateLimitedError`` if this client has failed too often to log in as this one.

        Counted as a failure until it is known better: many guesses at once are as many.
        """
        guesses = "wrong passwords for this account from this address"
        self._take(self._failed_log_ins, self._account(email, client), guesses)

    def log_in_undecided(self, email: str, client: str) -> None:
        """Nobody has looked at the password."""
        if self._rules is not None:
            self._failed_log_ins.give_back(self._account(email, client))

    def log_in_succeeded(self, email: str, client: str) -> None:
        """The password was right: earlier failures were mistakes."""
        if self._rules is not None:
            self._failed_log_ins.fill(self._account(email, client))

    def stream_of_user(
        self, user_id: int, watching: AbstractAsyncContextManager[Value]
    ) -> AbstractAsyncContextManager[Value]:
        """``watching``, entered only while the user has not too many streams open."""
        count_max = None if self._rules is None else self._rules.streams_per_user_max
        return _within(self._place(f"user {user_id}", "streams of this user", count_max), watching)

    def stream_of_client(
        self, client: str, watching: AbstractAsyncContextManager[Value]
    ) -> AbstractAsyncContextManager[Value]:
        """``watching``, entered only while the client has not too many streams open."""
        count_max = None if self._rules is None else self._rules.streams_per_client_max
        return _within(
            self._place(f"client {client}", "streams to this address", count_max), watching
        )

    def download_of(self, user_id: int) -> AbstractContextManager[None]:
        """A place for a large file, refused on entering while the user has too many under way."""
        count_max = None if self._rules is None else self._rules.downloads_per_user_max
        return self._place(f"download of {user_id}", "files under way to this user", count_max)

    def _take(self, buckets: TokenBuckets, key: str, what: str, count: int = 1) -> None:
        if self._rules is not None and (wait_seconds := buckets.take(key, count)):
            raise RateLimitedError(ceil(wait_seconds), what)

    def _account(self, email: str, client: str) -> str:
        text = f"{normalized_email(email)}\0{client}".encode(errors="replace")
        return hashlib.blake2b(text, key=self._secret, digest_size=_DIGEST_BYTES).hexdigest()

    @contextmanager
    def _place(self, who: str, what: str, count_max: int | None) -> Iterator[None]:
        if count_max is not None and self._streams[who] >= count_max:
            raise RateLimitedError(STREAM_RETRY_SECONDS, what)
        self._streams[who] += 1
        try:
            yield
        finally:
            self._streams[who] -= 1
            if not self._streams[who]:
                del self._streams[who]


@asynccontextmanager
async def _within(
    place: AbstractContextManager[None],
    watching: AbstractAsyncContextManager[Value],
) -> AsyncIterator[Value]:
    with place:
        async with watching as value:
            yield value


def client_of(request: Request) -> str:
    """Where the request comes from: an IPv4 address or an IPv6 site. Behind a trusted proxy the
    server has put the address there that the proxy names.
    """
    return site_of(request.client.host if request.client is not None else "")


@lru_cache(maxsize=ADDRESSES_REMEMBERED_MAX)
def site_of(host: str) -> str:
    """An IPv4 address, or the site of an IPv6 address."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:_HOST_LENGTH_MAX]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _SITE_BITS), strict=False))
