"""Webhooks of sellers, and what they were told or are owed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    String,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from onsale.platform.database.base import Base

_EVENTS = "'booking.completed', 'booking.cancelled', 'event.sold_out'"


class WebhookModel(Base):
    """Its secret is derived from ``salt`` and a key that the database does not have; that before it
    from ``previous_salt``, good until ``previous_until``. One that was removed goes once its log
    is gone.
    """

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    url: Mapped[str] = mapped_column(String(2_000))
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    is_active: Mapped[bool] = mapped_column(server_default=text("true"))
    disabled_reason: Mapped[str | None] = mapped_column(String(20))
    # When it was disabled because nothing arrived. It is ``gone`` then for older code, which fails
    # on a reason that it does not know.
    failed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    previous_salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    previous_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())

    __table_args__ = (
        CheckConstraint(
            f"event_types <@ ARRAY[{_EVENTS}]::text[] AND cardinality(event_types) > 0",
            name="event_types",
        ),
        CheckConstraint(
            "is_active = (disabled_reason IS NULL) AND disabled_reason IN ('seller', 'gone')"
            " AND (removed_at IS NULL OR NOT is_active)",
            name="disabled",
        ),
        CheckConstraint(
            "(previous_salt IS NULL) = (previous_until IS NULL)", name="previous_secret"
        ),
        Index("ix_webhook_seller_id_id", "seller_id", "id"),
        Index("ix_webhook_inactive", "id", postgresql_where=text("NOT is_active")),
        Index(
            "ix_webhook_previous",
            "previous_until",
            postgresql_where=text("previous_until IS NOT NULL"),
        ),
    )


class WebhookDeliveryModel(Base):
    """A row is owed from the moment on in which what it tells of is true. Ids grow in the order of
    a booking's changes. While ``claimed_until`` lies ahead a worker has it in hand.
    """

    __tablename__ = "webhook_delivery"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    # Unlike the id it is nobody else's either if the database is restored from a backup.
    message_id: Mapped[UUID] = mapped_column(server_default=text("gen_random_uuid()"))
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    type: Mapped[str] = mapped_column(String(40))
    booking_id: Mapped[UUID | None] = mapped_column(ForeignKey("booking.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"))
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20), server_default="owed")
    next_try_at: Mapped[datetime | None] = mapped_column(
        DateTime(timezone=True), server_default=func.now()
    )
    claimed_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    give_up_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempt_count: Mapped[int] = mapped_column(server_default=text("0"))
    last_attempt_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_status: Mapped[int | None]
    last_fault: Mapped[str | None] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    settled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint("status IN ('owed', 'delivered', 'dead')", name="status"),
        CheckConstraint(f"type IN ({_EVENTS}, 'ping')", name="type"),
        CheckConstraint(
            "(status = 'owed') = (next_try_at IS NOT NULL)"
            " AND (status = 'owed') = (settled_at IS NULL)"
            " AND (status = 'owed' OR claimed_until IS NULL)",
            name="owed_is_due",
        ),
        CheckConstraint("attempt_count >= 0", name="attempt_count"),
        Index("ix_webhook_delivery_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_delivery_webhook_id_status_id", "webhook_id", "status", "id"),
        Index(
            "ix_webhook_delivery_due",
            "webhook_id",
            "next_try_at",
            postgresql_where=text("status = 'owed'"),
        ),
        Index(
            "ix_webhook_delivery_of_booking",
            "booking_id",
            "webhook_id",
            "id",
            postgresql_where=text("status = 'owed' AND booking_id IS NOT NULL"),
        ),
        Index(
            "ix_webhook_delivery_of_event",
            "event_id",
            "webhook_id",
            postgresql_where=text("status = 'owed' AND booking_id IS NULL"),
        ),
        Index("ix_webhook_delivery_owed", "id", postgresql_where=text("status = 'owed'")),
        Index(
            "ix_webhook_delivery_settled",
            "settled_at",
            postgresql_where=text("status <> 'owed'"),
        ),
        {"postgresql_with": {"fillfactor": 80}},
    )
