"""Large bodies are judged as small ones are, and cost no more."""

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onsale.service.ticketing.driving_adapter.http_controller import json_body
from onsale.service.ticketing.driving_adapter.http_controller.json_body import (
    BODY,
    EVENT_BODY,
    PLAIN_BYTES_MAX,
    BodyBounds,
    validated,
)
from onsale.service.ticketing.driving_adapter.http_controller.request_errors import (
    InvalidRequestError,
    MalformedJsonError,
    RequestError,
)
from onsale.service.ticketing.driving_adapter.schema.booking_schema import (
    CreateBookingRequest,
    PayBookingRequest,
)
from onsale.service.ticketing.driving_adapter.schema.event_schema import (
    CreateEventRequest,
    UpdateEventRequest,
)
from onsale.service.ticketing.driving_adapter.schema.fields import RequestModel
from onsale.service.ticketing.driving_adapter.schema.user_schema import (
    LogInRequest,
    RegisterRequest,
)
from tests.support.bad_bodies import (
    BAD_ACCOUNTS,
    BAD_BOOKINGS,
    BAD_CARDS,
    BAD_CONTENTS,
    BAD_EVENTS,
    BAD_PATCHES,
    changed,
)
from tests.support.http_api import booking_form, event_form

ACCOUNT = {"email": "ada@example.com", "password": "correct horse", "name": "A", "role": "buyer"}
GOOD: dict[type[RequestModel], dict[str, Any]] = {
    CreateBookingRequest: booking_form(),
    CreateEventRequest: event_form(starts_at="2030-05-01T19:30:00+02:00"),
    RegisterRequest: ACCOUNT,
    LogInRequest: {"email": ACCOUNT["email"], "password": ACCOUNT["password"]},
    PayBookingRequest: {"card_number": "4242 4242 4242 4242"},
    UpdateEventRequest: {"on_sale_at": None, "is_active": True},
}
# As spaces, it changes nothing but which way the body takes.
PADDING = b" " * PLAIN_BYTES_MAX
Outcome = RequestModel | tuple[type[RequestError], object]


def outcome(model: type[RequestModel], body: bytes, bounds: BodyBounds = BODY) -> Outcome:
    """The model, or how the body is refused."""
    try:
        return validated(model, body, bounds)
    except RequestError as error:
        return type(error), error.details


def bodies() -> Iterator[tuple[type[RequestModel], bytes]]:
    """All the flawed bodies there are, and whole ones."""
    flawed: list[tuple[type[RequestModel], Any]] = [
        *((CreateBookingRequest, changes) for changes, *_ in BAD_BOOKINGS.values()),
        *((CreateEventRequest, changes) for changes in BAD_EVENTS.values()),
        *((UpdateEventRequest, changes) for changes in BAD_PATCHES.values()),
        *((RegisterRequest, changes) for changes in BAD_ACCOUNTS.values()),
        *((LogInRequest, changes) for changes in BAD_ACCOUNTS.values()),
        *((PayBookingRequest, changes) for changes in BAD_CARDS.values()),
    ]
    for model, changes in flawed:
        body = json.dumps(changed(GOOD[model], changes)).encode()
        if len(body) <= PLAIN_BYTES_MAX and b"NaN" not in body:
            yield model, body
    for model, form in GOOD.items():
        yield model, json.dumps(form).encode()
        yield from ((model, one.body) for one in BAD_CONTENTS.values())
        yield model, json.dumps({**form, "unknown": ["[", {"name": 1}]}).encode()
    booking = json.dumps(booking_form())[:-1]
    for field in (
        *('"quantity": "x"', '"quantity": 3', '"quant\\u0069ty": 3', '"x": "\\ud800"'),
        *('"\\udfff": 1', '"quantity": 1e400', '"x": 1e400'),
        *(f'"quantity": {"9" * 3_000}', f'"x": {"9" * 3_000}', '"x": 01', '"x": [1,]', '"x": tru'),
        *('"section": "\\ud8"', '"section": "A\tB"'),
    ):
        yield CreateBookingRequest, f"{booking}, {field}}}".encode()
    yield CreateBookingRequest, f'{booking}, "section": "'.encode() + b'\xed\xa0\x80"}'
    yield CreateBookingRequest, f'{booking}, "unknown": "'.encode() + b'\xff"}'


@pytest.mark.parametrize(("model", "body"), [*bodies()])
def test_a_large_body_is_judged_as_a_small_one(model: type[RequestModel], body: bytes) -> None:
    assert outcome(model, body + PADDING) == outcome(model, body)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["sections", "rows", "cols", "name", "price", "x"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("number", ["NaN", "Infinity"])
def test_what_is_no_number_in_json_is_refused_in_a_large_body_as_well(number: str) -> None:
    body = json.dumps(booking_form(quantity=float(number))).encode()

    for padded in (body, body + PADDING):
        refused = outcome(CreateBookingRequest, padded)
        assert isinstance(refused, tuple)
        assert refused[0] is InvalidRequestError


@given(
    model=st.sampled_from(sorted(GOOD, key=lambda model: model.__name__)),
    values=st.lists(VALUES, min_size=8, max_size=8),
    data=st.data(),
)
def test_any_large_body_is_judged_as_a_small_one(
    model: type[RequestModel], values: list[object], data: st.DataObject
) -> None:
    names = [*GOOD[model], "unknown"]
    chosen = data.draw(st.dictionaries(st.sampled_from(names), st.sampled_from(values)))
    left_out = data.draw(st.sets(st.sampled_from(names)))
    form = {**GOOD[model], **chosen}
    body = json.dumps({name: form[name] for name in form if name not in left_out}).encode()

    assert outcome(model, body + PADDING) == outcome(model, body)


def filled(fill: str, size: int, before: str = '{"x":[', after: str = "]}") -> bytes:
    """A body of ``size`` bytes, of nothing but ``fill``."""
    count = (size - len(before) - len(after)) // len(fill)
    return f"{before}{(fill * count).rstrip(',')}{after}".encode()


_HALL = '{"name":"a","description":"","venue_name":"v","seating_config":'
COSTLY: dict[str, Callable[[int], bytes]] = {
    "empty lists under an unknown name": lambda size: filled("[],", size),
    "objects under an unknown name": lambda size: filled('{"a":1},', size),
    "empty lists under a known name": lambda size: filled("[],", size, '{"name":['),
    "empty lists for a hall": lambda size: filled("[],", size, '{"seating_config":['),
    "empty lists for sections": lambda size: filled(
        "[],", size, '{"seating_config":{"sections":[', "]}}"
    ),
    "objects for rows": lambda size: filled("{},", size, '{"seating_config":{"rows":[', "]}}"),
    "empty lists beside the sections": lambda size: filled(
        "[],", size, '{"seating_config":{"x":[', "]}}"
    ),
    "sections with a flaw": lambda size: filled(
        '{"name":"!","price":-1,"subsections":[]},', size, _HALL + '{"sections":[', "]}}"
    ),
    "just as many values as are looked at": lambda size: (
        filled(
            "[],", 3 * EVENT_BODY.value_count_max // 2 - 100, '{"seating_config":{"rows":[', "]}"
        )
        + b" " * size
        + b"}"
    ),
    "a list for a body": lambda size: filled("[],", size, "[", "]"),
    "lists without end": lambda size: filled("[", size, '{"x":', ""),
    "a name that is a long text": lambda size: filled("a", size, '{"name":"', '"}'),
    "a name that is a long text of escapes": lambda size: filled(
        "\\u00e9", size, '{"name":"', '"}'
    ),
    "a name that is a long number": lambda size: filled("9", size, '{"name":', "}"),
    "an e-mail address that is a long text": lambda size: filled(
        "é", size // 2, '{"email":"', '"}'
    ),
    "names without number": lambda size: (
        b"{" + b",".join(b'"%x":1' % number for number in range(size // 10)) + b"}"
    ),
    "much, and then no JSON": lambda size: filled("[],", size, after="]"),
}
SMALL_CALLS = [RegisterRequest, LogInRequest, PayBookingRequest, CreateBookingRequest]
# Many times what they take here: a busy machine is no failure, but seconds are.
EVENT_SECONDS_MAX, SECONDS_MAX = 0.5, 0.2


@pytest.fixture(autouse=True)
def _heap_left_alone() -> Iterator[None]:
    """What others have left on the heap is not looked through while time is taken."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("name", COSTLY)
def test_eight_megabytes_hold_nobody_up(name: str) -> None:
    body = COSTLY[name](EVENT_BODY.bytes_max)
    assert 0.7 * EVENT_BODY.bytes_max < len(body) <= 1.2 * EVENT_BODY.bytes_max
    began_at = time.process_time()

    refused = outcome(CreateEventRequest, body, EVENT_BODY)

    assert time.process_time() - began_at < EVENT_SECONDS_MAX
    assert isinstance(refused, tuple)
    assert refused[0] in {InvalidRequestError, MalformedJsonError}


@pytest.mark.parametrize("model", SMALL_CALLS)
@pytest.mark.parametrize("name", COSTLY)
def test_a_megabyte_holds_nobody_up(name: str, model: type[RequestModel]) -> None:
    body = COSTLY[name](BODY.bytes_max)
    began_at = time.process_time()

    refused = outcome(model, body)

    assert time.process_time() - began_at < SECONDS_MAX
    assert isinstance(refused, tuple)


@pytest.mark.parametrize("name", COSTLY)
def test_eight_megabytes_become_no_more_than_a_few_times_as_much(name: str) -> None:
    body = COSTLY[name](EVENT_BODY.bytes_max)
    tracemalloc.start()
    try:
        outcome(CreateEventRequest, body, EVENT_BODY)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak_bytes < 60_000_000


def test_without_the_cut_a_megabyte_takes_the_time_of_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = COSTLY["empty lists under an unknown name"](BODY.bytes_max)
    began_at = time.process_time()
    outcome(RegisterRequest, body)
    with_cut = time.process_time() - began_at
    monkeypatch.setattr(json_body, "PLAIN_BYTES_MAX", len(body))
    began_at = time.process_time()
    outcome(RegisterRequest, body)

    assert time.process_time() - began_at > 5 * with_cut


def test_a_field_with_more_values_than_any_valid_one_is_named() -> None:
    body = filled("1,", 8_000, '{"seat_positions":[')

    assert outcome(CreateBookingRequest, body) == (
        InvalidRequestError,
        {"errors": [{"field": "seat_positions", "message": "Holds more than any valid one does"}]},
    )


def test_the_largest_halls_are_taken() -> None:
    widest = [
        {
            "name": f"S-{number}",
            "price": 100_000_000,
            "note": "of no interest",
            "subsections": [{"number": 1, "rows": 20, "seats_per_row": 20, "note": None}],
        }
        for number in range(2_500)
    ]
    form = event_form(seating_config={"sections": widest}, history=[[]] * 1_000_000)

    event = validated(CreateEventRequest, json.dumps(form, indent=1).encode(), EVENT_BODY)

    assert event.to_details().seating_config.seat_count == 1_000_000
