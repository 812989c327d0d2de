"""Bookings, and which tickets each of them holds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base


class BookingModel(Base):
    """An order, and in ``command``, ``command_seq`` and ``next_send_at`` the seat command that it
    still owes: the row is its own outbox. ``seat_rules`` (JSON) is the part of a reserve that most
    have none of. Ids are UUIDs of version 7, made by the application.
    """

    __tablename__ = "booking"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    section: Mapped[str] = mapped_column(String(20))
    subsection: Mapped[int]
    seat_selection_mode: Mapped[str] = mapped_column(String(20))
    quantity: Mapped[int]
    seat_positions: Mapped[list[str]] = mapped_column(ARRAY(String))
    seat_rules: Mapped[str | None] = mapped_column(Text)
    total_price: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20))
    failure_reason: Mapped[str | None] = mapped_column(String(40))
    cancel_reason: Mapped[str | None] = mapped_column(String(20))
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    paid_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    payment_id: Mapped[str | None] = mapped_column(String(80))
    command: Mapped[str | None] = mapped_column(String(20))
    command_seq: Mapped[int] = mapped_column(server_default=text("1"))
    next_send_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    send_count: Mapped[int] = mapped_column(server_default=text("0"))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint(
            "status IN ('processing', 'pending_payment', 'paid', 'completed', 'failed',"
            " 'cancelled')",
            name="status",
        ),
        CheckConstraint("seat_selection_mode IN ('manual', 'best_available')", name="mode"),
        CheckConstraint("quantity BETWEEN 1 AND 10", name="quantity"),
        CheckConstraint("total_price >= 0", name="total_price"),
        CheckConstraint("command IN ('reserve', 'release', 'finalize')", name="command"),
        CheckConstraint("(command IS NULL) = (next_send_at IS NULL)", name="owed_is_due"),
        CheckConstraint("command_seq > 0", name="command_seq"),
        CheckConstraint("(status = 'failed') = (failure_reason IS NOT NULL)", name="failure"),
        CheckConstraint(
            "(status = 'cancelled') = (cancel_reason IS NOT NULL)"
            " AND cancel_reason IN ('buyer', 'expired', 'event_cancelled')",
            name="cancellation",
        ),
        CheckConstraint(
            # A payment stays named for good, also when the booking has ended and it goes back.
            "CASE WHEN status IN ('paid', 'completed') THEN payment_id IS NOT NULL"
            " WHEN status IN ('processing', 'pending_payment') THEN payment_id IS NULL"
            " ELSE true END"
            " AND (paid_at IS NULL) = (payment_id IS NULL)",
            name="payment",
        ),
        CheckConstraint(
            "status <> 'pending_payment' OR expires_at IS NOT NULL", name="hold_expires"
        ),
        UniqueConstraint("buyer_id", "idempotency_key"),
        Index("ix_booking_buyer_id_id", "buyer_id", "id"),
        Index("ix_booking_event_id_id", "event_id", "id"),
        Index("ix_booking_due", "next_send_at", postgresql_where=text("command IS NOT NULL")),
        Index(
            "ix_booking_expiring_by_event",
            "event_id",
            "expires_at",
            postgresql_where=text("status = 'pending_payment'"),
        ),
        Index(
            "ix_booking_expiring",
            "expires_at",
            postgresql_where=text("status = 'pending_payment'"),
        ),
        Index("ix_booking_paid", "paid_at", postgresql_where=text("status = 'paid'")),
        Index(
            "ix_booking_keyed",
            "created_at",
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        {"postgresql_with": {"fillfactor": 70}},
    )


class BookingTicketModel(Base):
    """The tickets that a booking holds now. A ticket stands here at most once, which by itself
    keeps a seat from belonging to two bookings; a cancelled booking's rows are gone.
    """

    __tablename__ = "booking_ticket"

    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("ticket.id"), primary_key=True, unique=True
    )
