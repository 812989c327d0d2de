"""What every call has in common: attempts, their bounds, and which of them may be repeated."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import httpx

from onsale.client.call import Answer, Call, Repeat, is_sendable, refusal
from onsale.client.errors import BadAnswerError, NoAnswerError, OnsaleError, ProblemError
from onsale.client.io import Io, Opened, Request
from onsale.client.options import ClientOptions

Answered = TypeVar("Answered")
Result = TypeVar("Result")

_ERROR_STATUS_MIN = 400
_RATE_LIMITED = 429
_PASSING_STATUSES = frozenset({_RATE_LIMITED, 502, 503, 504})
# It is being settled, which takes longer than anybody waits for an answer.
_LASTING_CODES = frozenset({"PAYMENT_UNKNOWN"})


def base_url_of(url: str) -> str:
    """The address of a service, without the slash at its end.

    Raises:
        ValueError: it is none.
    """
    parts = _parts_of(url)
    if parts is None or "@" in parts.netloc or parts.query or parts.fragment:
        # It is not shown: a password may stand in it.
        raise ValueError(
            "the address of a service is such as http://127.0.0.1:8000, and has no user name, "
            "password or query"
        )
    # The scheme as everybody writes it.
    return parts.geturl().rstrip("/")


def _parts_of(url: str) -> SplitResult | None:
    """Those of an address of HTTP; ``None``: it is none."""
    try:
        parts, host = urlsplit(url), httpx.URL(url).host
        is_one = parts.scheme in {"http", "https"} and host and parts.port != 0
    except (ValueError, httpx.InvalidURL):
        return None
    return parts if is_one else None


@dataclass(slots=True)
class Core:
    """Whoever asks: the service at ``base_url`` knows them by ``token``, if they have one."""

    io: Io
    base_url: str
    options: ClientOptions
    token: str | None = field(repr=False)

    def __post_init__(self) -> None:
        """Look whether the token can be sent.

        Raises:
            ValueError: it cannot.
        """
        if self.token is not None and not is_sendable(self.token):
            # It is not shown: whoever has it is the user.
            raise ValueError("a token is text on one line, without blanks around it")

    async def ask(self, call: Call[Answered]) -> Answered:
        """Make the call, again if that is safe and may help.

        Raises:
            ProblemError: the service refused.
            NoAnswerError, BadAnswerError: it did not answer, or not as it does.
        """
        request = self.request(call, self.options.answer_seconds_max)

        async def attempt() -> Answered:
            began = self.options.monotonic()
            async with self.io.open(request) as opened:
                return call.understand(await self._whole(opened, began))

        return await self.attempts(call, attempt)

    async def attempts(self, call: Call[Any], attempt: Callable[[], Awaitable[Result]]) -> Result:
        """Try until it succeeds, a repeat would not be safe or not help, or the bounds are met."""
        began = self.options.monotonic()
        tried = 0
        while True:
            tried += 1
            try:
                return await attempt()
            except OnsaleError as error:
                error.idempotency_key = call.idempotency_key
                seconds = self._seconds_to_wait(call, error, tried)
                spent = self.options.monotonic() - began
                if seconds is None or spent + seconds > self.options.attempts_seconds_max:
                    raise
            await self.io.sleep(seconds)

    def request(self, call: Call[Any], answer_seconds_max: float) -> Request:
        """The request of a call; the same for each attempt."""
        headers = call.headers()
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        return Request(
            method=call.method,
            url=self.base_url + call.target(),
            query=dict(call.query),
            headers=headers,
            content=call.content(),
            answer_seconds_max=answer_seconds_max,
        )

    @asynccontextmanager
    async def opened(self, call: Call[Any], request: Request) -> AsyncIterator[Opened]:
        """The answer of a call, which goes on for as long as it likes; one attempt.

        Raises:
            ProblemError, NoAnswerError, BadAnswerError: as ``ask``.
        """
        async with self.io.open(request) as opened:
            kind = opened.head.headers.get("content-type", "").partition(";")[0].strip().lower()
            if opened.head.status != call.status or kind != call.accept:
                raise refusal(await self._whole(opened, self.options.monotonic()))
            yield opened

    async def _whole(self, opened: Opened, began: float) -> Answer:
        """An answer with its body, within bounds, whatever it is that answers."""
        body = bytearray()
        while chunk := await opened.read(self._answer_seconds_left(began)):
            body += chunk
            if len(body) > self.options.answer_bytes_max:
                raise BadAnswerError(
                    f"an answer of more than {self.options.answer_bytes_max} bytes",
                    status=opened.head.status,
                )
        return replace(opened.head, body=bytes(body))

    def _answer_seconds_left(self, began: float) -> float:
        left = self.options.answer_seconds_max - (self.options.monotonic() - began)
        if left <= 0:
            raise NoAnswerError("the answer comes too slowly", may_have_happened=True)
        return left

    def _seconds_to_wait(self, call: Call[Any], error: OnsaleError, tried: int) -> float | None:
        """Until the next attempt; ``None``: there is none."""
        if tried >= self.options.attempts_max or not _may_repeat(call, error, tried):
            return None
        seconds = self.options.backoff_seconds(tried)
        if isinstance(error, ProblemError) and error.retry_after_seconds is not None:
            return max(seconds, error.retry_after_seconds)
        return seconds


def is_passing(error: OnsaleError) -> bool:
    """Whether it may be over in a while."""
    match error:
        case NoAnswerError():
            return True
        case BadAnswerError(status=int(status)):
            return status < _ERROR_STATUS_MIN or status in _PASSING_STATUSES
        case BadAnswerError():
            return True
        case ProblemError():
            return error.status in _PASSING_STATUSES and error.code not in _LASTING_CODES
        case _:
            return False


def _may_repeat(call: Call[Any], error: OnsaleError, tried: int) -> bool:
    match call.repeat:
        case Repeat.NEVER:
            return False
        case Repeat.UNHEARD:
            return _is_unheard(error)
        case Repeat.ALWAYS:
            is_first_under_way = (
                tried > 1
                and isinstance(error, ProblemError)
                and error.code in call.passing_when_repeated
            )
            return is_first_under_way or is_passing(error)


def _is_unheard(error: OnsaleError) -> bool:
    """Whether the service has certainly not acted on the request."""
    match error:
        case NoAnswerError():
            return not error.may_have_happened
        case ProblemError():
            return error.status == _RATE_LIMITED
        case _:
            return False
