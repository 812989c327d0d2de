"""Until when requests have to be answered."""

import asyncio
from collections.abc import Callable
from types import TracebackType

from starlette.types import Scope

from onsale.platform.exceptions import UnavailableError

ANSWER_SECONDS_MAX = 8.0
SWEEP_SECONDS = 0.02
"""How late a deadline may be noticed."""
_DEADLINE = "onsale.deadline"


class Deadlines:
    """Of all requests of one process that are being answered.

    Their time is long enough for a busy service to answer what it can; once a server that they need
    stands still there is nothing to wait for, and :meth:`cut` ends them all.

    One timer looks at all of them every so often: a timer for each, as ``asyncio.timeout`` has it,
    cost a tenth of a booking, and hardly any of them ever ran out.
    """

    def __init__(self, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """``answer_seconds_max`` is for requests that have no bound of their own."""
        self._answer_seconds_max = answer_seconds_max
        self._running: set[Deadline] = set()
        self._timer: asyncio.TimerHandle | None = None

    def answered_in_time(self, scope: Scope, *, has_own_bound: bool = False) -> "Deadline":
        """Give up what runs too long, waiting for the client left out, within a ``with``.

        Raises:
            UnavailableError: it did. What was asked for may have happened all the same.
        """
        deadline = Deadline(self, None if has_own_bound else self._answer_seconds_max)
        scope[_DEADLINE] = deadline
        return deadline

    def cut(self) -> None:
        """End every request that is under way; they are answered as unavailable."""
        for deadline in list(self._running):
            deadline.fail_with(_no_answer)
            deadline.expire()

    def begin(self, deadline: "Deadline") -> None:
        """This one runs from now on."""
        self._running.add(deadline)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SWEEP_SECONDS, self._sweep)

    def end(self, deadline: "Deadline") -> None:
        """This one is over."""
        self._running.discard(deadline)

    def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for deadline in [each for each in self._running if each.is_past(now)]:
            deadline.expire()
        self._timer = loop.call_later(SWEEP_SECONDS, self._sweep) if self._running else None


def _no_answer() -> Exception:
    return UnavailableError("api", "no answer in time")


class Deadline:
    """Of one request. What runs in it is cancelled when its time is over, and the cancellation
    leaves it as an error: ``UnavailableError``, or what the wait for the client names.
    """

    __slots__ = (
        "_cancelling",
        "_error",
        "_expires_at",
        "_is_over",
        "_of",
        "_seconds_max",
        "_task",
        "_waits_since",
    )

    def __init__(self, of: Deadlines, seconds_max: float | None) -> None:
        """``seconds_max`` is ``None`` for a request that has a bound of its own."""
        self._of = of
        self._seconds_max = seconds_max
        self._expires_at: float | None = None
        self._waits_since = 0.0
        self._error: Callable[[], Exception] = _no_answer
        self._is_over = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self._begin_to_answer()
        self._of.begin(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._of.end(self)
        # As asyncio.timeout has it: only if nobody else has cancelled the task as well.
        if (
            self._is_over
            and self._task.uncancel() <= self._cancelling
            and kind is asyncio.CancelledError
        ):
            raise self._error() from None

    def wait_for_client(self, seconds_max: float, error: Callable[[], Exception]) -> None:
        """The client has so long to send what it wants; after that, ``error`` is raised."""
        self._waits_since = asyncio.get_running_loop().time()
        self._expires_at = self._waits_since + seconds_max
        self._error = error

    def wait_for_more(self, seconds_max: float) -> None:
        """The client has so long since the wait for it began."""
        self._expires_at = self._waits_since + seconds_max

    def fail_with(self, error: Callable[[], Exception]) -> None:
        """What is raised if the time runs out."""
        self._error = error

    def client_has_sent(self) -> None:
        """The time for the answer begins anew."""
        self._error = _no_answer
        self._begin_to_answer()

    def is_past(self, now: float) -> bool:
        """Whether its time is over."""
        return self._expires_at is not None and now >= self._expires_at

    def expire(self) -> None:
        """End what runs in it, once."""
        if not self._is_over:
            self._is_over = True
            self._task.cancel()

    def _begin_to_answer(self) -> None:
        seconds_max = self._seconds_max
        self._expires_at = (
            None if seconds_max is None else asyncio.get_running_loop().time() + seconds_max
        )


def deadline_of(scope: Scope) -> Deadline:
    """The deadline of a request whose route has one."""
    deadline: Deadline = scope[_DEADLINE]
    return deadline
