"""Tries to take money, and the books of the mock gateway."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base


class PaymentAttemptModel(Base):
    """Committed before the gateway is called; a booking has at most one that is open."""

    __tablename__ = "payment_attempt"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20), server_default="open")
    payment_id: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("status IN ('open', 'captured', 'declined')", name="status"),
        CheckConstraint("(status = 'open') = (settled_at IS NULL)", name="settled"),
        CheckConstraint("(status = 'captured') = (payment_id IS NOT NULL)", name="captured"),
        CheckConstraint("amount >= 0", name="amount"),
        Index(
            "uq_payment_attempt_open",
            "booking_id",
            unique=True,
            postgresql_where=text("status = 'open'"),
        ),
        Index("ix_payment_attempt_open", "created_at", postgresql_where=text("status = 'open'")),
    )


class MockGatewayChargeModel(Base):
    """What the mock gateway remembers. A real gateway keeps its own books; the system reads these
    only through the gateway port.
    """

    __tablename__ = "mock_gateway_charge"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[str | None] = mapped_column(String(80))
    decline_reason: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint("(payment_id IS NULL) <> (decline_reason IS NULL)", name="outcome"),
    )
