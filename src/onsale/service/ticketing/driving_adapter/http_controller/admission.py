"""The door: how many requests are under way at once, and what those hear who come too late."""

from collections.abc import Callable
from math import ceil

from starlette.types import ASGIApp, Receive, Scope, Send

from onsale.platform.exceptions import UnavailableError
from onsale.service.ticketing.driving_adapter.http_controller.problem import problem_response

REQUEST_COUNT_MAX = 2_000
# Whatever is only looked at leaves the rest to those who buy.
READ_SHARE = 0.75
REASONS = (FULL, OVERRUN) = ("full", "overrun")
_PROBES = frozenset({"/livez", "/readyz", "/metrics"})
_STREAM_SUFFIX = "/sse"
_ADMISSION = "onsale.admission"


class Admission:
    """Pure ASGI around the application. Streams and probes are not counted: the former have bounds
    of their own, and whoever runs the service wants to know most when it is full.
    """

    def __init__(
        self,
        app: ASGIApp,
        is_overrun: Callable[[], bool] = lambda: False,
        request_count_max: int = REQUEST_COUNT_MAX,
        *,
        on_turned_away: Callable[[str], None] = lambda _: None,
    ) -> None:
        """``is_overrun`` tells that this process gets more to do than it can. ``on_turned_away``
        hears of each request that is, and why: one of ``REASONS``.
        """
        self._app = app
        self._on_turned_away = on_turned_away
        self._is_overrun = is_overrun
        self._request_count_max = request_count_max
        self._read_count_max = ceil(request_count_max * READ_SHARE)
        self._count = 0
        self._read_count = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let in, or turn away at once."""
        path: str = scope["path"]
        if path in _PROBES or path.endswith(_STREAM_SUFFIX):
            await self._app(scope, receive, send)
            return
        is_read = scope["method"] == "GET"
        reason = self._reason_to_turn_away(is_read=is_read)
        if reason is not None:
            self._on_turned_away(reason)
            await problem_response(_full())(scope, receive, send)
            return
        scope[_ADMISSION] = self
        self._count += 1
        self._read_count += is_read
        try:
            await self._app(scope, receive, send)
        finally:
            self._count -= 1
            self._read_count -= is_read

    @property
    def count(self) -> int:
        """Requests under way."""
        return self._count

    @property
    def read_count(self) -> int:
        """Those of them that only look."""
        return self._read_count

    def _reason_to_turn_away(self, *, is_read: bool) -> str | None:
        if self._count >= self._request_count_max:
            return FULL
        if is_read and self._read_count >= self._read_count_max:
            return FULL
        return OVERRUN if self._is_overrun() else None

    def leave(self) -> None:
        """A request waits for its client: until it comes back others may have its place."""
        self._count -= 1

    def come_back(self) -> None:
        """It waits no more."""
        self._count += 1

    def require_place(self) -> None:
        """Raise ``UnavailableError`` if, now that it is back, there are too many."""
        if self._count > self._request_count_max:
            raise _full()


def admission_of(scope: Scope) -> Admission:
    """The door through which a request has come."""
    admission: Admission = scope[_ADMISSION]
    return admission


def _full() -> UnavailableError:
    return UnavailableError("api", "too many requests are under way")
