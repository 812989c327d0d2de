"""Tries to take money, its return, and how far the gateway's account has been checked."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base

_UNDER_WAY = "status IN ('open', 'authorized')"


class PaymentAttemptModel(Base):
    """Committed before the gateway is called; a booking has at most one that is under way.

    ``buyer_id``, ``idempotency_key`` and ``request_digest`` stand together: a buyer's name for the
    request, kept for 24 hours.
    """

    __tablename__ = "payment_attempt"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    booking_id: Mapped[UUID] = mapped_column(ForeignKey("booking.id"), index=True)
    amount: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[str] = mapped_column(String(20), server_default="open")
    payment_id: Mapped[str | None] = mapped_column(String(80))
    decline_reason: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    authorized_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    buyer_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    request_digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    __table_args__ = (
        CheckConstraint(
            "status IN ('open', 'authorized', 'captured', 'declined', 'voided')", name="status"
        ),
        CheckConstraint(f"({_UNDER_WAY}) = (settled_at IS NULL)", name="settled"),
        CheckConstraint("(status = 'captured') = (payment_id IS NOT NULL)", name="captured"),
        CheckConstraint(
            "status <> 'authorized' OR authorized_at IS NOT NULL", name="authorized_some_time"
        ),
        CheckConstraint("decline_reason IS NULL OR status = 'declined'", name="declined"),
        CheckConstraint("amount >= 0", name="amount"),
        CheckConstraint(
            "(buyer_id IS NULL) = (idempotency_key IS NULL)"
            " AND (request_digest IS NULL) = (idempotency_key IS NULL)",
            name="keyed",
        ),
        UniqueConstraint("buyer_id", "idempotency_key"),
        Index(
            "uq_payment_attempt_under_way",
            "booking_id",
            unique=True,
            postgresql_where=text(_UNDER_WAY),
        ),
        Index("ix_payment_attempt_under_way", "id", postgresql_where=text(_UNDER_WAY)),
        Index(
            "ix_payment_attempt_keyed",
            "created_at",
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
    )


class PaymentRefundModel(Base):
    """Money that is owed back, or was given back: a payment has at most one."""

    __tablename__ = "payment_refund"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(String(80), unique=True)
    attempt_id: Mapped[UUID | None] = mapped_column(ForeignKey("payment_attempt.id"))
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id"))
    amount: Mapped[int]
    reason: Mapped[str] = mapped_column(String(40))
    status: Mapped[str] = mapped_column(String(20), server_default="owed")
    next_try_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    try_count: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("status IN ('owed', 'done')", name="status"),
        CheckConstraint(
            "(status = 'owed') = (next_try_at IS NOT NULL)"
            " AND (status = 'done') = (settled_at IS NOT NULL)",
            name="owed_is_due",
        ),
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_payment_refund_due", "next_try_at", postgresql_where=text("status = 'owed'")),
    )


class StrayPaymentModel(Base):
    """Money that the gateway took under a key of no attempt: for somebody to look at."""

    __tablename__ = "stray_payment"

    payment_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[UUID]
    amount: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    found_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())


class GatewaySweepModel(Base):
    """One row: the gateway's payments up to here (by its clock) are accounted for, and when the
    last two days before that were gone through once more.
    """

    __tablename__ = "gateway_sweep"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    swept_to: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    looked_back_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)
