"""What every refusal looks like: RFC 9457 problem documents."""

import msgspec


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field (a dotted path; empty: the document as a whole)."""

    field: str
    message: str


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """A problem. ``code`` is stable and meant for programs, ``detail`` for people. Some codes carry
    more: ``errors`` with `VALIDATION_ERROR`, ``seats`` with `SEAT_CONFLICT`, ``left_alone`` with
    `ORPHAN_SEAT`, groups of seats to have instead (``alternatives``) with both, ``decline_reason``
    with `PAYMENT_DECLINED`, ``limit`` and ``taken`` with `TICKET_LIMIT_REACHED`.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] | msgspec.UnsetType = msgspec.UNSET
    seats: list[str] | msgspec.UnsetType = msgspec.UNSET
    left_alone: list[str] | msgspec.UnsetType = msgspec.UNSET
    alternatives: list[list[str]] | msgspec.UnsetType = msgspec.UNSET
    decline_reason: str | msgspec.UnsetType = msgspec.UNSET
    limit: int | msgspec.UnsetType = msgspec.UNSET
    taken: int | msgspec.UnsetType = msgspec.UNSET
