"""How an event stands, in words: ``available`` alone does not say that its sale is yet to open."""

from datetime import UTC, datetime

from onsale.client import EventStatus


def state(status: EventStatus, on_sale_at: datetime | None, now: datetime | None = None) -> str:
    """The status, and from when the event is on sale if that is not yet."""
    if on_sale_at is None or on_sale_at <= (now or datetime.now(UTC)):
        return status.value
    match status:
        case EventStatus.AVAILABLE:
            return f"on sale from {time_text(on_sale_at)}"
        case EventStatus.DRAFT:
            return f"draft, on sale from {time_text(on_sale_at)}"
        case _:
            return status.value


def state_and_next(status: EventStatus, on_sale_at: datetime | None, *, is_active: bool) -> str:
    """The same, and what becomes of it by itself or what is to be done."""
    said = state(status, on_sale_at)
    if status is EventStatus.DRAFT:
        said += ": its seats are being loaded; it opens by itself"
    if not is_active and status is not EventStatus.CANCELLED:
        said += ", hidden until onsale event publish"
    return said


def time_text(moment: datetime) -> str:
    """To the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
