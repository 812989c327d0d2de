"""Events and their halls."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base


class EventModel(Base):
    """An event; ``seating_config`` is the long form of the hall, prices in cents.

    ``cancellation_owed`` while bookings of a cancelled event have yet to end.
    """

    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    name: Mapped[str] = mapped_column(String(255))
    description: Mapped[str] = mapped_column(Text)
    venue_name: Mapped[str] = mapped_column(String(255))
    seating_config: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(String(20), server_default="draft")
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    starts_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    on_sale_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    currency: Mapped[str] = mapped_column(String(3), server_default="USD")
    hold_seconds: Mapped[int] = mapped_column(server_default=text("600"))
    max_tickets_per_booking: Mapped[int] = mapped_column(server_default=text("4"))
    max_tickets_per_buyer: Mapped[int | None]
    leave_no_single_seats: Mapped[bool] = mapped_column(server_default=text("false"))
    epoch: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    load_owed: Mapped[bool] = mapped_column(server_default=text("true"))
    cancelled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    cancellation_owed: Mapped[bool] = mapped_column(server_default=text("false"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("status IN ('draft', 'available', 'sold_out', 'cancelled')", name="status"),
        CheckConstraint("hold_seconds BETWEEN 5 AND 7200", name="hold_seconds"),
        CheckConstraint("max_tickets_per_booking BETWEEN 1 AND 10", name="max_tickets"),
        CheckConstraint("max_tickets_per_buyer BETWEEN 1 AND 100", name="max_tickets_per_buyer"),
        CheckConstraint(
            "(status = 'cancelled') = (cancelled_at IS NOT NULL)"
            " AND (status = 'cancelled' OR NOT cancellation_owed)",
            name="cancellation",
        ),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint("epoch >= 0", name="epoch"),
        Index("ix_event_seller_id_id", "seller_id", "id"),
        Index("ix_event_load_owed", "id", postgresql_where=text("load_owed")),
        Index("ix_event_cancellation_owed", "id", postgresql_where=text("cancellation_owed")),
    )
