"""One row for every seat of every event."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    String,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base


class TicketModel(Base):
    """A seat and who has it; ``price`` in cents, ``admitted_at`` when it let somebody in. The
    unique constraint is also its only index: seats are found by it, and a booking's tickets through
    ``booking_ticket``.
    """

    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    section: Mapped[str] = mapped_column(String(20))
    subsection: Mapped[int]
    row_number: Mapped[int]
    seat_number: Mapped[int]
    price: Mapped[int]
    status: Mapped[str] = mapped_column(String(20), server_default="available")
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id"))
    reserved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    admitted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        UniqueConstraint(
            "event_id", "section", "subsection", "row_number", "seat_number", name="uq_ticket_seat"
        ),
        CheckConstraint("status IN ('available', 'reserved', 'sold', 'blocked')", name="status"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("subsection > 0 AND row_number > 0 AND seat_number > 0", name="position"),
        CheckConstraint(
            "(status IN ('reserved', 'sold')) = (booking_id IS NOT NULL)"
            " AND (booking_id IS NULL) = (buyer_id IS NULL)",
            name="taken_by_a_booking",
        ),
        # Room on each page, so that a change of status stays on it and touches no index.
        {"postgresql_with": {"fillfactor": 80}},
    )
