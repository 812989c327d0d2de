"""The client is held to the OpenAPI document: it has every call, and knows every field."""

import inspect
import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import msgspec
import pytest

from onsale import client as public
from onsale.client import (
    answers,
    booking_calls,
    event_calls,
    operations_calls,
    user_calls,
    webhook_answers,
    webhook_calls,
)
from onsale.client.call import Call, Repeat
from onsale.client.errors import FieldError, Problem
from onsale.client.methods import Methods
from onsale.client.problems import PROBLEM_ERRORS
from onsale.client.requests import (
    EventChanges,
    Hall,
    NewEvent,
    NewSection,
    NewSubsection,
    RegularHall,
    RegularSection,
)
from onsale.service.ticketing.driving_adapter.http_controller.problem_table import PROBLEMS
from tests.support.http_api import HttpApi

JsonObject = dict[str, Any]

CALLS = {
    name: made
    for module in (user_calls, event_calls, booking_calls, webhook_calls, operations_calls)
    for name, made in vars(module).items()
    if inspect.isfunction(made) and made.__module__ == module.__name__ and name[0] != "_"
}
# What each schema of an answer is here.
KNOWN: dict[str, type[msgspec.Struct]] = {
    "AdmittedTicketBody": answers.AdmittedTicket,
    "AliveBody": answers.Alive,
    "AlternativesBody": answers.Alternatives,
    "BookingBody": answers.Booking,
    "BookingPageBody": answers.BookingPage,
    "CurrentUserBody": answers.CurrentUser,
    "BookingWithTicketsBody": answers.BookingWithTickets,
    "CancelledBookingBody": answers.CancelledBooking,
    "DeliveryBody": webhook_answers.Delivery,
    "DeliveryPageBody": webhook_answers.DeliveryPage,
    "EventBody": answers.Event,
    "EventPageBody": answers.EventPage,
    "EventWithSectionsBody": answers.EventWithSections,
    "FieldError": FieldError,
    "LiveEventBody": answers.LiveEvent,
    "PaidBookingBody": answers.PaidBooking,
    "PriceCategoryBody": answers.PriceCategory,
    "ProblemBody": Problem,
    "ReadyBody": answers.Ready,
    "SalesBody": answers.Sales,
    "SeatBody": answers.Seat,
    "SeatMapBody": answers.SeatMap,
    "SeatingConfigBody": answers.SeatingConfig,
    "SeatsBody": answers.Seats,
    "SectionBody": answers.SectionCounts,
    "SectionConfigBody": answers.SectionLayout,
    "SectionSalesBody": answers.SectionSales,
    "SessionBody": answers.Session,
    "SubsectionBody": answers.SubsectionLayout,
    "TicketBody": answers.Ticket,
    "UserBody": answers.User,
    "WebhookBody": webhook_answers.Webhook,
    "WebhookPageBody": webhook_answers.WebhookPage,
    "WebhookWithSecretBody": webhook_answers.WebhookWithSecret,
}
# What each schema of a request is here; the others are arguments of their call.
SENT: dict[str, type[msgspec.Struct]] = {
    "CreateEventRequest": NewEvent,
    "UpdateEventRequest": EventChanges,
    "HallForm": Hall,
    "SectionForm": NewSection,
    "SubsectionForm": NewSubsection,
    "PriceCategoryForm": answers.PriceCategory,
    "RegularHallForm": RegularHall,
    "RegularSectionForm": RegularSection,
}
EXAMPLES: dict[str, object] = {
    "email": "a@b.example",
    "password": "correct horse",
    "name": "Ada",
    "role": "buyer",
    "event": {},
    "event_id": 7,
    "changes": {},
    "section": "A",
    "subsection": 3,
    "seats": ["1-1"],
    "code": "x",
    "booking": UUID(int=7),
    "card_number": "4242424242424242",
    "ticket": 9,
    "webhook_id": 3,
    "delivery_id": 4,
    "url": "https://example.com/hooks",
    # What may be left out.
    "status": "available",
    "mine": True,
    "order": "sale",
    "limit": 5,
    "cursor": "x",
    "quantity": 1,
    "price_category": "front",
    "accessible_seats": 0,
    "idempotency_key": "k",
    "event_types": ["event.sold_out"],
    "is_active": False,
}


@pytest.fixture(scope="module")
def document() -> JsonObject:
    return HttpApi().app.openapi()


def operations(document: JsonObject) -> Iterator[tuple[str, str, JsonObject]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def described(name: str) -> Call[Any]:
    make = CALLS[name]
    made: Call[Any] = make(
        **{parameter: EXAMPLES[parameter] for parameter in inspect.signature(make).parameters}
    )
    return made


def test_every_operation_has_a_call_of_its_name_and_the_client_no_other(
    document: JsonObject,
) -> None:
    there = {
        (operation["operationId"], method, path) for method, path, operation in operations(document)
    }
    known = {(name, (call := described(name)).method, call.template) for name in CALLS}
    assert known == there


def test_every_call_is_a_method(document: JsonObject) -> None:
    assert {name for name in CALLS if not hasattr(Methods, name)} == set()
    assert {name for name in CALLS if not getattr(Methods, name).__doc__} == set()


def test_what_changes_something_has_a_key_or_is_asked_again_only_if_nobody_heard_it() -> None:
    judged = {}
    for name in CALLS:
        call = described(name)
        if call.method != "GET" and call.idempotency_key is None:
            judged[name] = call.repeat
    # It makes a session, of which there may be any number.
    assert judged.pop("log_in") is Repeat.ALWAYS
    assert set(judged.values()) == {Repeat.UNHEARD}


def test_a_call_expects_what_the_document_promises(document: JsonObject) -> None:
    for _, _, operation in operations(document):
        call = described(operation["operationId"])
        [(status, promised)] = [
            (status, answer)
            for status, answer in operation["responses"].items()
            if status.startswith("2")
        ]
        assert call.status == int(status), call
        assert set(promised.get("content", {call.accept: {}})) == {call.accept}, call


def test_a_call_sends_every_parameter_that_there_is(document: JsonObject) -> None:
    for _, _, operation in operations(document):
        call = described(operation["operationId"])
        sent = {*call.path, *call.query}
        if call.idempotency_key is not None:
            sent.add("Idempotency-Key")
        assert sent == {each["name"] for each in operation.get("parameters", ())}, call


def test_a_call_sends_every_field_that_there_is(document: JsonObject) -> None:
    for _, _, operation in operations(document):
        call = described(operation["operationId"])
        if "requestBody" not in operation:
            assert call.content() is None, call
            continue
        schema = resolved(document, body_of(operation))
        assert isinstance(call.body, dict)
        if operation["operationId"] in {"create_event", "update_event"}:
            continue  # theirs are among the structures below
        assert call.body.keys() == schema["properties"].keys(), call


def test_structures_of_requests_have_every_field_that_there_is(document: JsonObject) -> None:
    for name, structure in SENT.items():
        schema = document["components"]["schemas"][name]
        assert set(structure.__struct_fields__) == schema["properties"].keys(), name
        required = {
            field.encode_name for field in msgspec.structs.fields(structure) if field.required
        }
        # A description may be empty, so the client may leave it out.
        assert required == set(schema.get("required", ())) - {"description"}, name


def test_every_schema_of_an_answer_is_known_field_by_field(document: JsonObject) -> None:
    schemas = document["components"]["schemas"]
    answered = set(referred(document, *(answers_of(each) for _, _, each in operations(document))))
    objects = {name for name in answered if "properties" in schemas[name]}
    assert objects == KNOWN.keys()

    _, ours = msgspec.json.schema_components(
        KNOWN.values(), ref_template="#/components/schemas/{name}"
    )
    names = {structure.__name__: name for name, structure in KNOWN.items()}
    for name, structure in KNOWN.items():
        mine, its = ours[structure.__name__], schemas[name]
        assert set(mine["required"]) == set(its["required"]), name
        assert mine["properties"].keys() == its["properties"].keys(), name
        for field in its["properties"]:
            assert shape(mine["properties"][field], ours, names) == shape(
                its["properties"][field], schemas, {}
            ), f"{name}.{field}"


def test_every_code_of_a_refusal_is_an_error_of_its_own() -> None:
    assert PROBLEM_ERRORS.keys() == {kind.code for kind in PROBLEMS.values()}


def test_what_is_public_is_there() -> None:
    assert [name for name in public.__all__ if not hasattr(public, name)] == []


# --- Reading the document -----------------------------------------------------------------------


def body_of(operation: JsonObject) -> JsonObject:
    schema: JsonObject = operation["requestBody"]["content"]["application/json"]["schema"]
    return schema


def answers_of(operation: JsonObject) -> list[object]:
    return [
        content
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
    ]


def resolved(document: JsonObject, schema: JsonObject) -> JsonObject:
    name = schema["$ref"].rpartition("/")[2]
    found: JsonObject = document["components"]["schemas"][name]
    return found


def referred(document: JsonObject, *parts: object) -> Iterator[str]:
    """Every schema that these refer to, also by way of others."""
    seen: set[str] = set()
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            waiting += part.values()
            name = str(part.get("$ref", "")).rpartition("/")[2]
            if name and name not in seen:
                seen.add(name)
                waiting.append(document["components"]["schemas"][name])
    return iter(seen)


def shape(schema: JsonObject, schemas: JsonObject, names: dict[str, str]) -> object:
    """What may stand there, without titles and descriptions, however it is written."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        target = schemas[name]
        if "enum" in target:
            # What a newer service may add is unknown to the client.
            return ("one of", *sorted(set(target["enum"]) - {"unknown"}))
        return names.get(name, name)
    if "anyOf" in schema:
        return ("any of", *sorted(str(shape(each, schemas, names)) for each in schema["anyOf"]))
    items = [shape(each, schemas, names) for each in schema.get("prefixItems", ())]
    if isinstance(schema.get("items"), dict):
        items.append(shape(schema["items"], schemas, names))
    inner = schema.get("additionalProperties")
    if isinstance(inner, dict):
        items.append(shape(inner, schemas, names))
    return (schema.get("type"), *itertools.chain(items))
