"""Turns each call into a method of both kinds of client.

A method is declared once; on a client that blocks it returns the result, on an asynchronous one
something to await, and type checkers know which.
"""

from abc import abstractmethod
from collections.abc import AsyncGenerator, Callable, Coroutine
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from onsale.client import (
    booking_calls,
    event_calls,
    live,
    operations_calls,
    sessions,
    ticket_list,
    user_calls,
    webhook_calls,
)
from onsale.client.call import Call
from onsale.client.core import Core

if TYPE_CHECKING:
    from onsale.client.clients import AsyncOnsaleClient, AsyncStream, OnsaleClient, Stream

P = ParamSpec("P")
Result = TypeVar("Result")
Item = TypeVar("Item")


class Runner:
    """Runs what is written as coroutines."""

    core: Core

    @abstractmethod
    def run(self, work: Coroutine[Any, Any, Any]) -> object:
        """Its result, or what is to be awaited for it."""

    @abstractmethod
    def iterate(self, items: AsyncGenerator[Any, None]) -> object:
        """Its items, one after another."""


class Method(Generic[P, Result]):
    """A method that comes to one result."""

    def __init__(self, work: Callable[Concatenate[Core, P], Coroutine[Any, Any, Result]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "OnsaleClient", owner: type) -> Callable[P, Result]: ...
    @overload
    def __get__(
        self, client: "AsyncOnsaleClient", owner: type
    ) -> Callable[P, Coroutine[Any, Any, Result]]: ...
    def __get__(self, client: Runner | None, owner: type) -> Any:
        """The method of this client."""
        if client is None:
            return self

        @wraps(self._work)
        def method(*args: P.args, **kwargs: P.kwargs) -> object:
            return client.run(self._work(client.core, *args, **kwargs))

        return method


class StreamMethod(Generic[P, Item]):
    """A method that gives one item after another."""

    def __init__(self, work: Callable[Concatenate[Core, P], AsyncGenerator[Item, None]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, client: None, owner: type) -> Self: ...
    @overload
    def __get__(self, client: "OnsaleClient", owner: type) -> "Callable[P, Stream[Item]]": ...
    @overload
    def __get__(
        self, client: "AsyncOnsaleClient", owner: type
    ) -> "Callable[P, AsyncStream[Item]]": ...
    def __get__(self, client: Runner | None, owner: type) -> Any:
        """The method of this client."""
        if client is None:
            return self

        @wraps(self._work)
        def method(*args: P.args, **kwargs: P.kwargs) -> object:
            return client.iterate(self._work(client.core, *args, **kwargs))

        return method


def asking(describe: Callable[P, Call[Result]]) -> Method[P, Result]:
    """The method that makes the call."""

    @wraps(describe)
    def work(core: Core, /, *args: P.args, **kwargs: P.kwargs) -> Coroutine[Any, Any, Result]:
        return core.ask(describe(*args, **kwargs))

    return Method(work)


class Methods:
    """What both kinds of client can do. Whatever fails raises an ``OnsaleError``."""

    register = asking(user_calls.register)
    log_in = Method(sessions.log_in)
    log_out = Method(sessions.log_out)
    get_current_user = asking(user_calls.get_current_user)
    get_session = asking(user_calls.get_session)

    create_event = asking(event_calls.create_event)
    update_event = asking(event_calls.update_event)
    cancel_event = asking(event_calls.cancel_event)
    list_events = asking(event_calls.list_events)
    all_events = StreamMethod(sessions.all_events)
    get_event = asking(event_calls.get_event)
    get_seat_map = asking(event_calls.get_seat_map)
    get_alternatives = asking(event_calls.get_alternatives)
    follow_event = StreamMethod(live.follow_event)
    admit_ticket = asking(event_calls.admit_ticket)

    get_sales = asking(event_calls.get_sales)
    export_tickets = StreamMethod(ticket_list.export_tickets)
    download_tickets = StreamMethod(ticket_list.download_tickets)
    block_seats = asking(event_calls.block_seats)
    unblock_seats = asking(event_calls.unblock_seats)

    create_booking = asking(booking_calls.create_booking)
    list_bookings = asking(booking_calls.list_bookings)
    all_bookings = StreamMethod(sessions.all_bookings)
    get_booking = asking(booking_calls.get_booking)
    follow_booking = StreamMethod(live.follow_booking)
    wait_for_seats = Method(live.wait_for_seats)
    pay_booking = asking(booking_calls.pay_booking)
    cancel_booking = asking(booking_calls.cancel_booking)
    get_qr_code = asking(booking_calls.get_qr_code)

    register_webhook = asking(webhook_calls.register_webhook)
    list_webhooks = asking(webhook_calls.list_webhooks)
    get_webhook = asking(webhook_calls.get_webhook)
    update_webhook = asking(webhook_calls.update_webhook)
    remove_webhook = asking(webhook_calls.remove_webhook)
    rotate_webhook_secret = asking(webhook_calls.rotate_webhook_secret)
    ping_webhook = asking(webhook_calls.ping_webhook)
    list_deliveries = asking(webhook_calls.list_deliveries)
    all_deliveries = StreamMethod(sessions.all_deliveries)
    resend_delivery = asking(webhook_calls.resend_delivery)

    livez = asking(operations_calls.livez)
    readyz = asking(operations_calls.readyz)
    metrics = asking(operations_calls.metrics)
