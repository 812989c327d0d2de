"""The books of the mock gateway. A real gateway keeps its own; the system reads these only through
the gateway port.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base


class MockGatewayChargeModel(Base):
    """What became of a key; ``behaviour`` is what the card number stands for when it is captured.
    The number itself is not kept.
    """

    __tablename__ = "mock_gateway_charge"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(20))
    behaviour: Mapped[str | None] = mapped_column(String(20))
    amount: Mapped[int | None]
    currency: Mapped[str | None] = mapped_column(String(3))
    payment_id: Mapped[str | None] = mapped_column(String(80))
    decline_reason: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            "state IN ('authorized', 'captured', 'declined', 'voided')"
            " AND (state = 'captured') = (payment_id IS NOT NULL)"
            " AND (state = 'declined') = (decline_reason IS NOT NULL)"
            " AND (state IN ('declined', 'voided') OR amount IS NOT NULL)",
            name="state",
        ),
    )


class MockGatewayPaymentModel(Base):
    """Money taken: one row for each time, so a key that was charged twice has two."""

    __tablename__ = "mock_gateway_payment"

    payment_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[int]
    taken_at: Mapped[datetime] = mapped_column(
        DateTime(timezone=True), server_default=func.clock_timestamp()
    )

    __table_args__ = (Index("ix_mock_gateway_payment_taken_at", "taken_at", "payment_id"),)


class MockGatewayRefundModel(Base):
    """Money given back: once, and the whole payment."""

    __tablename__ = "mock_gateway_refund"

    key: Mapped[UUID] = mapped_column(primary_key=True)
    payment_id: Mapped[str] = mapped_column(
        ForeignKey("mock_gateway_payment.payment_id"), unique=True
    )
    amount: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
