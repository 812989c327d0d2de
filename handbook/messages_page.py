"""The reference of the messages between the two services."""

from collections.abc import Iterator

import msgspec

from handbook.markdown import code, page, prose, table
from handbook.schema_text import Schema, fields_table, schema_part
from onsale.platform.message_queue.kafka_constant_builder import KafkaTopicBuilder
from onsale.service.shared_kernel.seat_messages import (
    RefusalReason,
    SeatCommand,
    SeatResult,
    SelectionMode,
    decode_command,
    decode_result,
    encode,
)
from onsale.service.shared_kernel.seat_rules import SeatRules

_INTRODUCTION = """
What the two services tell each other, as JSON. `type` carries the version of a message: a worker
that meets one it does not know sets it aside as a dead letter instead of guessing, and the
booking goes on owing what it owed. All messages of a subsection share their key, so they stay in
order. Each may come more than once, and in any order with those of other subsections.
"""
_TOPICS = KafkaTopicBuilder()
_PLACE: dict[str, object] = {
    "booking_id": "019aa8f1-6c00-7a3b-8c4d-5e6f70819203",
    "event_id": 42,
    "section": "A",
    "subsection": 1,
    "epoch": 1_763_805_600_000_000,
}
_COMMAND = _PLACE | {"booked_at": "2026-11-22T10:00:00Z"}
_RESERVE = _COMMAND | {
    "seq": 1,
    "mode": "best_available",
    "quantity": 2,
    "positions": [],
    "deadline": "2026-11-22T10:15:00Z",
}
_IN_EACH = {"type", "booked_at", *_PLACE, "seq"}
_COMMON = """
Each message has `type`, `booking_id`, `event_id`, `section`, `subsection`; `epoch`, the
generation of the event's seats that its sender knew; and `seq`, the booking's command number,
behind whose highest the seat store never goes back. A command has `booked_at` besides, when the
booking was made.
""".strip()
_SEATS = ["3-11", "3-12"]
_COMMANDS: tuple[dict[str, object], ...] = (
    _RESERVE | {"type": "reserve_seats/1"},
    _RESERVE | {"type": "reserve_seats/2", "rules": {"rows": [1, 5], "accessible": [[0, 3]]}},
    _COMMAND | {"type": "release_seats/1", "seq": 2},
    _COMMAND | {"type": "finalize_seats/1", "seq": 2},
)
_RESULTS: tuple[dict[str, object], ...] = (
    _PLACE | {"type": "seats_reserved/1", "seq": 1, "positions": _SEATS},
    _PLACE | {"type": "seats_refused/1", "seq": 1, "reason": "seat_conflict", "conflicts": _SEATS},
    _PLACE | {"type": "seats_released/1", "seq": 2},
    _PLACE | {"type": "seats_finalized/1", "seq": 2},
    _PLACE | {"type": "seat_state_stale/1", "seq": 1},
)


def messages_page() -> str:
    """The page, from the messages' own classes."""
    return page("Messages", _INTRODUCTION, _parts())


def _parts() -> Iterator[str]:
    yield "## Topics\n\n" + _topics()
    yield _COMMON
    yield "## Commands"
    yield from (_message(decode_command(msgspec.json.encode(each))) for each in _COMMANDS)
    yield "## Results"
    yield from (_message(decode_result(msgspec.json.encode(each))) for each in _RESULTS)
    yield "## Shapes inside"
    _, shapes = msgspec.json.schema_components([SeatRules, RefusalReason, SelectionMode])
    for name, schema in shapes.items():
        yield schema_part(name, schema, is_request=True)


def _topics() -> str:
    prefix = "`ONSALE_TOPIC_PREFIX`"
    rows = (
        (code(_TOPICS.seat_commands()), "ticketing", "seat reservation", "commands"),
        (code(_TOPICS.seat_results()), "seat reservation", "ticketing", "results"),
        (code(_TOPICS.dead_letters()), "both", "`onsale dlq`", "what no worker could process"),
    )
    key = code(_TOPICS.subsection_key(42, "A", 1))
    return (
        f"The first word of each name is {prefix}."
        f" A message's key is its event and subsection: {key}.\n\n"
        + table(("topic", "written by", "read by", "holds"), rows)
    )


def _message(message: SeatCommand | SeatResult) -> str:
    kind = type(message)
    _, shapes = msgspec.json.schema_components([kind])
    example = msgspec.json.format(encode(message), indent=2).decode()
    tag = code(str(kind.__struct_config__.tag))
    parts = (
        f"### {kind.__name__}",
        f"{tag}. {prose(kind.__doc__ or '')}",
        _own_fields(shapes[kind.__name__]),
        f"```json\n{example}\n```",
    )
    return "\n\n".join(filter(None, parts))


def _own_fields(schema: Schema) -> str:
    fields = {name: of for name, of in schema["properties"].items() if name not in _IN_EACH}
    return fields_table({**schema, "properties": fields}, is_request=True) if fields else ""
